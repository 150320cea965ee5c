// Knot DNS, a name server, from Debian's packages.
import { findProgram, type Recipe } from './recipe.ts'
import { firstLine, installPackages } from './run.ts'

export const knot = {
  kind: 'knot',
  find: () => findProgram('knotd', ['/usr/sbin']),
  version: (path) => firstLine(path, '--version'),
  bring: () => installPackages('knot', ['knot']),
} as const satisfies Recipe
