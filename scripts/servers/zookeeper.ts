// ZooKeeper, from Debian's packages: one jar whose manifest names the others, run by java.
import { existsSync } from 'node:fs'
import { findProgram, type Recipe } from './recipe.ts'
import { firstLine, installPackages } from './run.ts'

const JAR = '/usr/share/java/zookeeper.jar'

export const zooKeeper = {
  kind: 'zookeeper',
  find: () => (findProgram('java') !== undefined && existsSync(JAR) ? JAR : undefined),
  version: () => firstLine('dpkg-query', '-W', 'zookeeper').replace('\t', ' '),
  bring: () => installPackages('zookeeper', ['zookeeper', 'openjdk-17-jre-headless']),
} as const satisfies Recipe
