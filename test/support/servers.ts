// Tests against real servers, each kind in a file of servers/. `npm run servers` brings what the machine lacks.
import { describe } from 'vitest'
import { findServer, type ServerKind } from '../../scripts/servers/list.ts'

/**
 * Like `describe`, for tests that need real servers. Where one is missing they are skipped and that is printed, unless
 * `FAIRLEAD_REQUIRE_SERVERS=1`: then it fails.
 */
export function describeWithServers(kinds: readonly ServerKind[], name: string, tests: () => void): void {
  const missing = kinds.filter((kind) => findServer(kind) === undefined)
  describe.skipIf(isLacking(missing.length > 0, `${name} needs ${missing.join(' and ')}; \`npm run servers ${missing.join(' ')}\` brings what is missing`))(name, tests)
}

/** Gives whether something that tests need is lacking, and prints what; throws it where nothing may be skipped. */
export function isLacking(lacks: boolean, what: string): boolean {
  if (lacks && process.env['FAIRLEAD_REQUIRE_SERVERS'] === '1') throw new Error(what)
  if (lacks) console.warn(`SKIPPED: ${what}`)
  return lacks
}

/** Path of a server's program. Throws, saying how to get it, when the machine has none. */
export function programOf(kind: ServerKind): string {
  const path = findServer(kind)
  if (path === undefined) throw new Error(`no ${kind} on this machine; run \`npm run servers ${kind}\``)
  return path
}
