// Which endpoints may get requests, and which of several sets a service goes by.
import { endpointsOf } from '../model/endpoint.ts'
import type { Endpoint, EndpointSet } from '../model/endpoint.ts'

/** Why an endpoint gets no requests; undefined when it may. For explain and the admin API. */
export function unusableBecause(endpoint: Endpoint): string | undefined {
  if (endpoint.draining) return 'draining'
  if (endpoint.health === 'critical' || endpoint.health === 'maintenance') return endpoint.health
  return endpoint.port > 0 && endpoint.port < 65_536 ? undefined : 'no port'
}

/**
 * Passing, warning and unknown endpoints are usable: several registries never say how an endpoint is. There is no panic
 * rule: a critical endpoint is not used even when it is the last one.
 */
export function isUsable(endpoint: Endpoint): boolean {
  return unusableBecause(endpoint) === undefined
}

/**
 * The first set with a usable endpoint. A stale set counts like a fresh one: a registry that cannot be asked says nothing
 * against its endpoints, and its outage must not move traffic to another registry. When none has a usable endpoint, the
 * first that knows any, then the first that is not pending, so that people see the most telling one.
 */
export function chooseSet(sets: readonly EndpointSet[]): EndpointSet {
  return (
    sets.find((set) => endpointsOf(set).some(isUsable)) ??
    sets.find((set) => endpointsOf(set).length > 0) ??
    sets.find((set) => set.kind !== 'pending') ??
    sets[0] ?? { kind: 'pending' }
  )
}
