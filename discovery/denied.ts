// What is made of an answer that says nothing of a part, since that may not be read: what was known of it stays. `denied` never changes endpoints.
import type { Endpoint } from '../src/model/endpoint.ts'
import { addressOf } from './host.ts'
import type { DeniedPart } from './reading.ts'

/** What is listed, with what is used of the part. What of it is held is not taken in, so that it goes on being held. All in the order of ids. */
export function withKept(listed: readonly Endpoint[], used: readonly Endpoint[], part: DeniedPart, registry: string): readonly Endpoint[] {
  const there = new Set(listed.flatMap((endpoint) => [endpoint.id, addressOf(endpoint)]))
  const isKept = (endpoint: Endpoint): boolean => endpoint.held !== true && part.isOf(endpoint.id.slice(registry.length + 1)) && !there.has(endpoint.id) && !there.has(addressOf(endpoint))
  const kept = used.filter(isKept)
  return kept.length === 0 ? listed : [...listed, ...kept].sort((a, b) => (a.id < b.id ? -1 : 1))
}
