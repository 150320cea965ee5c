// Eureka, as Spring Cloud ships it: one class and its dependencies from Maven Central in one jar.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory, findProgram, type Recipe } from './recipe.ts'
import { buildMaven } from './run.ts'

const PROJECT = fileURLToPath(new URL('../../test/fixtures/eureka-server', import.meta.url))
/** Named by what its pom asks for: a changed pom is built anew. */
const JAR = 'eureka-server-4.1.3.jar'

export const eureka = {
  kind: 'eureka',
  find: () => (findProgram('java') !== undefined && existsSync(join(cacheDirectory(), JAR)) ? join(cacheDirectory(), JAR) : undefined),
  version: () => 'Spring Cloud Netflix Eureka 4.1.3',
  bring: () => buildMaven({ project: PROJECT, built: 'target/eureka-server.jar', name: JAR }),
} as const satisfies Recipe
