// Pools of one service: all its endpoints and each subset, with the configured balancer. A pool whose members stayed as they
// were is kept, so that a rotation keeps its place and no hash table is drawn anew for a change elsewhere.
import { balancerByName } from '../balance/list.ts'
import type { BalancerOptions, EndpointState } from '../model/balancer.ts'
import type { ServiceConfig, SubsetConfig } from '../model/config.ts'
import type { Endpoint } from '../model/endpoint.ts'
import type { Pool } from '../model/snapshot.ts'

/** A pool with what it was built from: states outlive sets, and their `endpoint` changes under them. */
interface BuiltPool extends Pool {
  readonly balancer: string
  readonly endpoints: readonly Endpoint[]
}

/** The pools of one service. */
export interface BuiltPools {
  readonly all: BuiltPool
  readonly subsets: Readonly<Record<string, BuiltPool>>
}

/** Builds the pools over the usable states of a service, taking over what did not change. */
export function buildPools(config: ServiceConfig, states: readonly EndpointState[], options: BalancerOptions, previous?: BuiltPools): BuiltPools {
  const balancer = config.balance.kind
  const subsets: Record<string, BuiltPool> = Object.create(null) as Record<string, BuiltPool>
  for (const [name, subset] of Object.entries(config.subsets)) {
    const members = states.filter((state) => isInSubset(state.endpoint, subset))
    subsets[name] = buildPool(balancer, members, options, previous?.subsets[name])
  }
  return { all: buildPool(balancer, states, options, previous?.all), subsets }
}

/** Whether an endpoint has all tags and all metadata of a subset. */
export function isInSubset(endpoint: Endpoint, subset: SubsetConfig): boolean {
  return (
    subset.tags.every((tag) => endpoint.tags.includes(tag)) &&
    Object.entries(subset.meta).every(([key, value]) => Object.hasOwn(endpoint.meta, key) && endpoint.meta[key] === value)
  )
}

function buildPool(name: string, members: readonly EndpointState[], options: BalancerOptions, previous?: BuiltPool): BuiltPool {
  // What the registry stopped listing so suddenly that it is kept until confirmed is better than a 503, and no better.
  const listed = members.filter((state) => state.endpoint.held !== true)
  const states = listed.length > 0 ? listed : members
  if (previous !== undefined && previous.balancer === name && hasSameMembers(previous, states)) return previous
  const balancer = balancerByName(name)
  if (balancer === undefined) throw new Error(`no balancer is called "${name}"`)
  return { balancer: name, states, endpoints: states.map((state) => state.endpoint), picker: balancer.build(states, options) }
}

/** Whether a balancer would see no difference. */
function hasSameMembers(pool: BuiltPool, states: readonly EndpointState[]): boolean {
  return (
    pool.states.length === states.length &&
    states.every((state, i) => {
      const before = pool.endpoints[i]
      return pool.states[i] === state && before?.weight === state.endpoint.weight && before.zone === state.endpoint.zone
    })
  )
}
