// Which endpoints may get requests, as far as one registry's word goes.
import type { Endpoint } from '../model/endpoint.ts'

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
