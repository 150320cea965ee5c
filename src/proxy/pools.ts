// Pools of one service: all its endpoints and each subset, with the configured balancer. A pool whose members stayed as they
// were is kept, so that a rotation keeps its place and no hash table is drawn anew for a change elsewhere.
import { balancerByName } from '../balance/list.ts'
import type { BalancerOptions, EndpointState, Picker } from '../model/balancer.ts'
import type { ServiceConfig, SubsetConfig } from '../model/service-config.ts'
import { hasLabel, type Endpoint } from '../model/endpoint.ts'
import type { Pool } from '../model/snapshot.ts'
import { pickedFrom, type CandidateState } from './candidates.ts'
import { tiered } from './tiered.ts'

/** The states of one tier of candidates. */
export interface StateTier {
  readonly states: readonly EndpointState[]
  readonly state: CandidateState
}

/** A tier with what it was built from: states outlive sets, and their `endpoint` changes under them. */
interface BuiltTier {
  readonly states: readonly EndpointState[]
  /** False for what is disputed, leaving or held: better than a 503, and no better. */
  readonly isEqual: boolean
  readonly endpoints: readonly Endpoint[]
  readonly picker: Picker
}

interface BuiltPool extends Pool {
  readonly balancer: string
  readonly tiers: readonly BuiltTier[]
}

/** The pools of one service. */
export interface BuiltPools {
  readonly all: BuiltPool
  readonly subsets: Readonly<Record<string, BuiltPool>>
}

/**
 * Builds the pools over the states of a service that may be used, taking over what did not change. Each pool has a first tier of its
 * own, and for itself takes endpoints that leave only where it has no others.
 */
export function buildPools(config: ServiceConfig, tiers: readonly StateTier[], options: BalancerOptions, previous?: BuiltPools): BuiltPools {
  const balancer = config.balance.kind
  const subsets: Record<string, BuiltPool> = Object.create(null) as Record<string, BuiltPool>
  for (const [name, subset] of Object.entries(config.subsets)) {
    const members = tiers.map(({ states, state }) => ({ states: states.filter((one) => isInSubset(one.endpoint, subset)), state }))
    subsets[name] = buildPool(balancer, members, options, previous?.subsets[name])
  }
  return { all: buildPool(balancer, tiers, options, previous?.all), subsets }
}

/** Whether an endpoint has all tags, all metadata and some of the label sets of a subset. */
export function isInSubset(endpoint: Endpoint, subset: SubsetConfig): boolean {
  return (
    subset.tags.every((tag) => endpoint.tags.includes(tag)) &&
    Object.entries(subset.meta).every(([key, value]) => Object.hasOwn(endpoint.meta, key) && endpoint.meta[key] === value) &&
    (subset.labels === undefined || subset.labels.some(({ all, none }) => all.every((label) => hasLabel(endpoint, label)) && !none.some((label) => hasLabel(endpoint, label))))
  )
}

function buildPool(name: string, tiers: readonly StateTier[], options: BalancerOptions, previous?: BuiltPool): BuiltPool {
  const kept = previous?.balancer === name ? previous : undefined
  const picked = pickedFrom(tiers.filter(({ states }) => states.length > 0))
  const built = picked.map((tier) => buildTier(name, tier, options, kept?.tiers ?? []))
  if (kept !== undefined && kept.tiers.length === built.length && built.every((tier, i) => tier === kept.tiers[i])) return kept
  return { balancer: name, tiers: built, states: built[0]?.states ?? [], picker: tiered(built) }
}

/** The tier as it was before, wherever it stood, or a new one. */
function buildTier(name: string, { states, state }: StateTier, options: BalancerOptions, before: readonly BuiltTier[]): BuiltTier {
  const isEqual = state === 'listed'
  const kept = before.find((tier) => tier.isEqual === isEqual && hasSameMembers(tier, states))
  if (kept !== undefined) return kept
  const balancer = balancerByName(name)
  if (balancer === undefined) throw new Error(`no balancer is called "${name}"`)
  return { states, isEqual, endpoints: states.map((state) => state.endpoint), picker: balancer.build(states, options) }
}

/** Whether a balancer would see no difference. */
function hasSameMembers(tier: BuiltTier, states: readonly EndpointState[]): boolean {
  return (
    tier.states.length === states.length &&
    states.every((state, i) => {
      const before = tier.endpoints[i]
      return tier.states[i] === state && before?.weight === state.endpoint.weight && before.zone === state.endpoint.zone && before.priority === state.endpoint.priority
    })
  )
}
