// Endpoints and sets as people ask for them: in explanations, in the admin API and on the command line.
import type { EndpointView, SetView } from '../model/admin.ts'
import type { ServiceConfig } from '../model/config.ts'
import type { Endpoint, EndpointSet } from '../model/endpoint.ts'
import { isInSubset } from './pools.ts'
import { unusableBecause } from './usable.ts'

/** Ages are as of `wallClock`, milliseconds. */
export function viewSet(set: EndpointSet, wallClock: number): SetView {
  // A set read back from disk by a gateway that never heard of its registry has no time.
  const age = set.kind === 'pending' || set.at === 0 ? null : Math.max(0, wallClock - set.at)
  const cause = set.kind === 'stale' || set.kind === 'pending' ? set.cause : undefined
  return { kind: set.kind, age, ...(cause === undefined ? {} : { cause }) }
}

export function viewEndpoint(endpoint: Endpoint, config: ServiceConfig, wallClock: number): EndpointView {
  const why = unusableBecause(endpoint) ?? null
  return {
    id: endpoint.id,
    address: addressText(endpoint.host, endpoint.port),
    weight: endpoint.weight,
    zone: endpoint.zone ?? null,
    tags: endpoint.tags,
    meta: endpoint.meta,
    health: endpoint.health,
    draining: endpoint.draining,
    usable: why === null,
    why,
    subsets: Object.entries(config.subsets).flatMap(([name, subset]) => (isInSubset(endpoint, subset) ? [name] : [])),
    origin: endpoint.origin,
    learnedAt: endpoint.learnedAt,
    age: Math.max(0, wallClock - endpoint.learnedAt),
  }
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
