// Tests against real servers, each kind in a file of servers/. `npm run servers` brings what the machine lacks.
import { describe } from 'vitest'
import { findServer, isOptional, type ServerKind } from '../../scripts/servers/list.ts'

/**
 * Like `describe`, for tests that need real servers. Where one is missing they are skipped and that is printed, unless
 * `FAIRLEAD_REQUIRE_SERVERS=1`: then it fails, but for a server that is optional.
 */
export function describeWithServers(kinds: readonly ServerKind[], name: string, tests: () => void): void {
  const missing = kinds.filter((kind) => findServer(kind) === undefined)
  const optional = missing.filter(isOptional)
  const needs = `needs ${missing.join(' and ')}; \`npm run servers${optional.map((kind) => ` ${kind}`).join('')}\` brings what is missing`
  if (missing.length > optional.length && process.env['FAIRLEAD_REQUIRE_SERVERS'] === '1') throw new Error(`${name} ${needs}`)
  if (missing.length > 0) console.warn(`SKIPPED: ${name} ${needs}`)
  describe.skipIf(missing.length > 0)(name, tests)
}

/** Path of a server's program. Throws, saying how to get it, when the machine has none. */
export function programOf(kind: ServerKind): string {
  const path = findServer(kind)
  if (path === undefined) throw new Error(`no ${kind} on this machine; run \`npm run servers ${kind}\``)
  return path
}
