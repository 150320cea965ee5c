// Programs that write into ZooKeeper with the libraries that services use: Curator's service discovery and Finagle's serversets, from Maven Central.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory, findProgram, type Recipe } from './recipe.ts'
import { buildMaven } from './run.ts'

/** Named by what their poms ask for: a changed pom is built anew. */
const BUILDS = [
  { source: 'curator', name: 'curator-writer-5.9.0-2' },
  { source: 'serverset', name: 'serverset-writer-24.2.0-2' },
]

const isBuilt = (name: string): boolean => existsSync(join(cacheDirectory(), name, 'lib'))

export const zooKeeperWriters = {
  kind: 'zookeeper-writers',
  find: () => (findProgram('java') !== undefined && BUILDS.every(({ name }) => isBuilt(name)) ? cacheDirectory() : undefined),
  version: () => BUILDS.map(({ name }) => name).join(', '),
  async bring() {
    for (const { source, name } of BUILDS) {
      const project = fileURLToPath(new URL(`../../test/fixtures/zookeeper-writers/${source}`, import.meta.url))
      if (!isBuilt(name)) await buildMaven({ project, built: 'target', name })
    }
  },
} as const satisfies Recipe
