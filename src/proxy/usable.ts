// Which endpoints may get requests, as far as one registry's word goes.
import type { Endpoint } from '../model/endpoint.ts'

/** Why an endpoint gets no requests; undefined when it may. For explain and the admin API. */
export function unusableBecause(endpoint: Endpoint): string | undefined {
  if (endpoint.draining) return 'draining'
  if (endpoint.health === 'critical' || endpoint.health === 'maintenance') return endpoint.health
  return hasPort(endpoint) ? undefined : 'no port'
}

/**
 * Passing, warning and unknown endpoints are usable: several registries never say how an endpoint is. There is no panic
 * rule: a critical endpoint is not used even when it is the last one.
 */
export function isUsable(endpoint: Endpoint): boolean {
  return unusableBecause(endpoint) === undefined
}

/**
 * Whether an endpoint that drains may get requests where no usable one is left. Its registry must say that it serves all the same:
 * to be taken out by an operator (`maintenance`) is another thing, and so is silence (`unknown`).
 */
export function stillServes(endpoint: Endpoint): boolean {
  return endpoint.draining && (endpoint.health === 'passing' || endpoint.health === 'warning') && hasPort(endpoint)
}

function hasPort({ port }: Endpoint): boolean {
  return port > 0 && port < 65_536
}
