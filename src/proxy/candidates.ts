// One service over several registries: every address once, whoever lists it, and in which order they are used. Pure, so that
// the endpoint book, explain and the admin API say the same.
import { endpointsOf } from '../model/endpoint.ts'
import type { Endpoint, EndpointSet, Origin } from '../model/endpoint.ts'
import { isUsable, stillServes } from './usable.ts'

/**
 * How far an address may be used. `listed`: at once. `disputed`: one registry lists it, another says that it drains or is
 * critical. `leaving`: it drains and still serves, for where none of those is. `held`: no registry lists it any more, one still waits
 * for confirmation of that. `unusable`: never.
 */
export type CandidateState = 'listed' | 'disputed' | 'leaving' | 'held' | 'unusable'

/** What one origin says of an address. */
export interface Listing {
  /** Its place in the order of preference. */
  readonly origin: number
  readonly endpoint: Endpoint
}

/** One address of a service. */
export interface Candidate {
  /** Its address, see `addressKey`. */
  readonly key: string
  /** As it is used: in the words of the reference it is taken from, and merged with the others where the service says so. */
  readonly endpoint: Endpoint
  readonly state: CandidateState
  /** Of every reference that lists it, in their order; the one it is taken from is `from`. */
  readonly listings: readonly Listing[]
  readonly from: Listing
}

/** Candidates that are equally good. Those of the next tier get requests only when none of this one is free. */
export interface Tier {
  readonly state: CandidateState
  readonly candidates: readonly Candidate[]
}

const ORDER: readonly CandidateState[] = ['listed', 'disputed', 'leaving', 'held', 'unusable']

/** Every address that the origins know, once. The result does not depend on which of them answered first. */
export function candidatesOf(origins: readonly Origin[], merge: boolean): readonly Candidate[] {
  const byAddress = new Map<string, Listing[]>()
  for (const [origin, { set }] of origins.entries()) {
    for (const endpoint of endpointsOf(set)) {
      const key = addressKey(endpoint)
      const known = byAddress.get(key)
      if (known === undefined) byAddress.set(key, [{ origin, endpoint }])
      else known.push({ origin, endpoint })
    }
  }
  const candidates = Array.from(byAddress, ([key, listings]) => candidateOf(key, listings, origins, merge))
  // An address that goes from one registry to another keeps its place, so that a rotation keeps its own.
  return merge ? candidates.sort((a, b) => (a.key < b.key ? -1 : 1)) : candidates
}

/** What a service's endpoints are told apart by: two registries may list one server under two ids. */
export function addressKey(endpoint: { readonly host: string; readonly port: number }): string {
  return `${endpoint.host}:${endpoint.port}`
}

/**
 * The candidates that may be used, best first: by state, then by the order of references unless they are merged. The first
 * tier is the one in use. A stale set counts like a fresh one: a registry that cannot be asked says nothing against its
 * endpoints, and its outage must not move traffic.
 */
export function tiersOf(candidates: readonly Candidate[], origins: number, merge: boolean): readonly Tier[] {
  const tiers: Candidate[][] = []
  for (const candidate of candidates) {
    if (candidate.state === 'unusable') continue
    const place = ORDER.indexOf(candidate.state) * origins + (merge ? 0 : candidate.from.origin)
    const tier = tiers[place]
    if (tier === undefined) tiers[place] = [candidate]
    else tier.push(candidate)
  }
  return tiers.flatMap((tier) => (tier[0] === undefined ? [] : [{ state: tier[0].state, candidates: tier }]))
}

/**
 * Of the tiers of a service or subset, those that its requests pick from. Endpoints that leave are no reserve for others: they are in
 * only where nobody says that another one is there to stay, and that is settled here, when sets change, not for each request.
 */
export function pickedFrom<T extends { readonly state: CandidateState }>(tiers: readonly T[]): readonly T[] {
  const stays = tiers.some(({ state }) => state === 'listed' || state === 'disputed')
  return stays ? tiers.filter(({ state }) => state !== 'leaving') : tiers
}

/**
 * The set that speaks for a service. Where references are merged, what they come to; else that of the one in use. When none is,
 * the first that knows any endpoint, then the first that is not pending, so that people see the most telling one.
 */
export function setInUse(origins: readonly Origin[], candidates: readonly Candidate[], tiers: readonly Tier[], merge: boolean): EndpointSet {
  const sets = origins.map(({ set }) => set)
  const used = tiers[0]?.candidates[0]?.from.origin
  if (used !== undefined && !merge) return sets[used] as EndpointSet
  const known = sets.filter((set) => endpointsOf(set).length > 0)
  if (known.length > 1 && merge) return mergedSet(origins, known, candidates)
  return known[0] ?? sets.find((set) => set.kind !== 'pending') ?? sets[0] ?? { kind: 'pending' }
}

function candidateOf(key: string, listings: readonly Listing[], origins: readonly Origin[], merge: boolean): Candidate {
  const from = listings.reduce((best, next) => (preference(next) < preference(best) ? next : best))
  return { key, endpoint: merge ? mergedEndpoint(from, listings) : from.endpoint, state: stateOf(from, listings, origins), listings, from }
}

/** Of what is said of an address the lowest counts, and of equals the first. */
function preference({ endpoint }: Listing): number {
  if (isUsable(endpoint)) return endpoint.held === true ? 2 : 0
  return stillServes(endpoint) ? 1 : 3
}

function stateOf({ endpoint }: Listing, listings: readonly Listing[], origins: readonly Origin[]): CandidateState {
  if (!isUsable(endpoint)) return stillServes(endpoint) ? 'leaving' : 'unusable'
  if (endpoint.held === true) return 'held'
  return disputing(listings, origins) === undefined ? 'listed' : 'disputed'
}

/** The first that says that the address leaves or fails. The word of a registry that cannot be asked does not count: it may be wrong by now. */
export function disputing(listings: readonly Listing[], origins: readonly Origin[]): Listing | undefined {
  const isHeard = (set: EndpointSet | undefined): boolean => set?.kind === 'ready' || (set?.kind === 'stale' && set.cause.outcome === 'guarded')
  return listings.find((listing) => !isUsable(listing.endpoint) && isHeard(origins[listing.origin]?.set))
}

/**
 * Identity, weight, zone and health are those of the first reference that has the address usable; tags are those of all, and
 * for metadata the first that has a key says its value. So subsets do not depend on health.
 */
function mergedEndpoint(from: Listing, listings: readonly Listing[]): Endpoint {
  if (listings.length === 1) return from.endpoint
  const all = listings.map(({ endpoint }) => endpoint)
  const zone = from.endpoint.zone ?? all.find((endpoint) => endpoint.zone !== undefined)?.zone
  const meta = Object.create(null) as Record<string, string>
  for (const endpoint of all.toReversed()) Object.assign(meta, endpoint.meta)
  return { ...from.endpoint, ...(zone === undefined ? {} : { zone }), tags: [...new Set(all.flatMap(({ tags }) => tags))], meta, learnedAt: Math.min(...all.map(({ learnedAt }) => learnedAt)) }
}

/** As old as its oldest part, and stale when one is. */
function mergedSet(origins: readonly Origin[], known: readonly EndpointSet[], candidates: readonly Candidate[]): EndpointSet {
  const endpoints = candidates.map(({ endpoint }) => endpoint)
  const at = (): number => Math.min(...known.map((set) => (set.kind === 'pending' ? 0 : set.at)))
  for (const { ref, set } of origins) {
    if (set.kind === 'stale' && known.includes(set)) return { kind: 'stale', endpoints, at: at(), cause: { outcome: set.cause.outcome, message: `${ref}: ${set.cause.message}` } }
  }
  return {
    kind: 'ready',
    endpoints,
    // In the main process this moves on while the registries confirm.
    get at() {
      return at()
    },
  }
}
