// Who takes part in a pick, and with what share: weights and zones become one number for each endpoint here, at build time,
// so that balancers know neither.
import type { EndpointState } from '../model/balancer.ts'

/** The endpoints of a pool as a balancer sees them. `shares[i]` belongs to `states[i]`, is above 0, and all sum to 1. */
export interface Members {
  readonly states: readonly EndpointState[]
  readonly shares: Float64Array
  /**
   * Endpoints that get nothing while the members suffice; used when every member was tried or is avoided: those of higher
   * priority numbers, and those in other zones while the own zone holds enough.
   */
  readonly spares: readonly EndpointState[]
}

/**
 * The members of a set: of those with the lowest priority number. Weight 0 takes no part while a sibling has more; when all are 0 they count the same.
 *
 * With a zone: requests are assumed to arrive evenly over the Z zones that have endpoints, so each zone's gateways bring
 * 1/Z of them. While the own zone holds at least 1/Z of the capacity it gets everything. Below that it gets just its fair
 * share (own capacity × Z of this gateway's requests), and the rest goes to the zones that hold more than 1/Z, by what
 * they have in excess. Summed over the gateways of all zones each endpoint gets exactly its weight's share, so a small
 * zone is not overloaded by its own gateways. Endpoints without a zone count as one zone more. (Envoy's zone-aware
 * routing, with an even spread in place of its count of gateways in each zone.)
 */
export function membersOf(all: readonly EndpointState[], zone?: string): Members {
  const lowest = all.reduce((least, state) => Math.min(least, state.endpoint.priority ?? 0), Infinity)
  const endpoints = all.filter((state) => (state.endpoint.priority ?? 0) === lowest)
  const later = endpoints.length === all.length ? [] : all.filter((state) => (state.endpoint.priority ?? 0) !== lowest)
  const weighted = endpoints.filter((state) => state.endpoint.weight > 0)
  const eligible = weighted.length > 0 ? weighted : endpoints
  const weights = eligible.map((state) => (weighted.length > 0 ? state.endpoint.weight : 1))
  const factors = zone === undefined ? undefined : zoneFactors(eligible, weights, zone)
  const effective = factors === undefined ? weights : eligible.map((state, i) => (weights[i] as number) * (factors.get(state.endpoint.zone ?? '') ?? 0))
  const taking = effective.flatMap((share, i) => (share > 0 ? [i] : []))
  const total = effective.reduce((sum, share) => sum + share, 0)
  return {
    states: taking.map((i) => eligible[i] as EndpointState),
    shares: Float64Array.from(taking, (i) => (effective[i] as number) / total),
    spares: [...eligible.filter((_, i) => effective[i] === 0), ...later],
  }
}

/** By zone, what to multiply the weights of its endpoints with; undefined when the zone has no endpoints and rules nothing. */
function zoneFactors(states: readonly EndpointState[], weights: readonly number[], zone: string): ReadonlyMap<string, number> | undefined {
  const capacity = new Map<string, number>()
  states.forEach((state, i) => {
    const name = state.endpoint.zone ?? ''
    capacity.set(name, (capacity.get(name) ?? 0) + (weights[i] as number))
  })
  const own = capacity.get(zone)
  if (own === undefined) return undefined
  const even = weights.reduce((sum, weight) => sum + weight, 0) / capacity.size
  if (own >= even) return new Map([[zone, 1]])
  const factors = new Map<string, number>([[zone, 1 / even]])
  const excess = [...capacity.values()].reduce((sum, held) => sum + Math.max(0, held - even), 0)
  for (const [name, held] of capacity) {
    if (held > even) factors.set(name, ((1 - own / even) * (held - even)) / excess / held)
  }
  return factors
}
