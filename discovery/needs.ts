// What registries need of a runtime besides what every one has: said in the reference, and refused in one place where it is missing.
import type { Need } from '../src/model/discoverer.ts'
import type { Capabilities } from './adapter.ts'
import type { Connect } from './byte-stream.ts'
import type { DnsTransport } from './dns/transport.ts'
import type { FileAccess } from './file/access.ts'

/** Each need in words. */
export const NEEDS: Readonly<Record<Need, string>> = { fetch: 'HTTP (`fetch`)', tcp: 'TCP connections', dns: 'DNS by UDP and TCP', files: 'files' }

/** What meets a need that `Platform` does not. */
interface Met {
  readonly tcp: Connect
  readonly dns: DnsTransport
  readonly files: FileAccess
}

/** What a registry cannot do without. Throws, for people, where the runtime has none. */
export function needed<N extends keyof Met>(need: N, registry: string, { connect, dns, files }: Capabilities): Met[N] {
  const has: { readonly [K in keyof Met]: Met[K] | undefined } = { tcp: connect, dns, files }
  const met = has[need]
  if (met === undefined) throw new Error(`registry ${registry} needs ${NEEDS[need]}, which this runtime has not`)
  return met
}
