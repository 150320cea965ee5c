// Redis, from Debian's packages.
import { findProgram, type Recipe } from './recipe.ts'
import { firstLine, installPackages } from './run.ts'

export const redis = {
  kind: 'redis',
  find: () => findProgram('redis-server'),
  version: (path) => firstLine(path, '--version'),
  bring: () => installPackages('redis', ['redis-server']),
} as const satisfies Recipe
