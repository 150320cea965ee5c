// Endpoints, sets and references as people ask for them: in explanations, in the admin API and on the command line.
import type { EndpointView, ListingView, OriginView, SetView } from '../model/admin.ts'
import { endpointsOf, modeOf } from '../model/endpoint.ts'
import type { EndpointSet, Origin } from '../model/endpoint.ts'
import type { ServiceEndpoints } from '../model/snapshot.ts'
import { candidatesOf, disputing, pickedFrom, tiersOf } from './candidates.ts'
import type { Candidate, Listing } from './candidates.ts'
import { isInSubset } from './pools.ts'
import { isUsable, unusableBecause } from './usable.ts'

/** A service or one of its subsets with its order of preference, for several views of it. */
export interface Arrangement {
  readonly service: ServiceEndpoints
  /** Best first; those that get no requests last. */
  readonly candidates: readonly Candidate[]
  /** Those that are used or in reserve. */
  readonly usable: ReadonlySet<Candidate>
  /** Those that get the requests. */
  readonly used: ReadonlySet<Candidate>
}

const LAST = 'draining, and used since nothing else is left'

/** Those of whole services: the page and scrapes ask again and again, and most services stay what they were. */
const arranged = new WeakMap<ServiceEndpoints, Arrangement>()

/** The candidates of a service or subset in the order in which they are used, by the very rule that its pools were built by. */
export function arrange(service: ServiceEndpoints, subset?: string): Arrangement {
  const known = subset === undefined ? arranged.get(service) : undefined
  if (known !== undefined) return known
  const arrangement = arrangeAnew(service, subset)
  if (subset === undefined) arranged.set(service, arrangement)
  return arrangement
}

function arrangeAnew(service: ServiceEndpoints, subset: string | undefined): Arrangement {
  const { config, origins } = service
  const merge = config.merge === true
  const wanted = subset === undefined ? undefined : config.subsets[subset]
  const all = candidatesOf(origins, merge).filter(({ endpoint }) => wanted === undefined || isInSubset(endpoint, wanted))
  const tiers = tiersOf(all, origins.length, merge)
  const picked = pickedFrom(tiers)
  const usable = picked.flatMap(({ candidates }) => candidates)
  const spared = tiers.flatMap((tier) => (picked.includes(tier) ? [] : tier.candidates))
  return { service, candidates: [...usable, ...spared, ...all.filter(({ state }) => state === 'unusable')], used: new Set(picked[0]?.candidates), usable: new Set(usable) }
}

/** How a candidate is used, in a word of `EndpointView`. */
export function useOf({ used, usable }: Arrangement, candidate: Candidate): EndpointView['use'] {
  if (!usable.has(candidate)) return 'none'
  if (!used.has(candidate)) return 'reserve'
  return candidate.state === 'leaving' ? 'last' : 'used'
}

/** Ages are as of `wallClock`, milliseconds. */
export function viewSet(set: EndpointSet, wallClock: number): SetView {
  // A set read back from disk by a gateway that never heard of its registry has no time.
  const age = set.kind === 'pending' || set.at === 0 ? null : Math.max(0, wallClock - set.at)
  const cause = set.kind === 'stale' || set.kind === 'pending' ? set.cause : undefined
  return { kind: set.kind, mode: modeOf(set), age, ...(cause === undefined ? {} : { cause }) }
}

/** Every reference of the service, in the order of preference. */
export function viewOrigins({ service, candidates, used: getting }: Arrangement, wallClock: number): OriginView[] {
  return service.origins.map(({ ref, set }, index): OriginView => {
    const endpoints = endpointsOf(set)
    const own = candidates.find((candidate) => getting.has(candidate) && candidate.from.origin === index)
    const why = own === undefined ? whyNotUsed(index, service, candidates, getting) : own.state === 'leaving' ? LAST : null
    return { ref, set: viewSet(set, wallClock), endpoints: endpoints.length, usable: endpoints.filter(isUsable).length, used: own !== undefined, why }
  })
}

/** One address, with every reference that lists it. */
export function viewCandidate(arrangement: Arrangement, candidate: Candidate, wallClock: number): EndpointView {
  const { config, origins } = arrangement.service
  const { endpoint, from, listings } = candidate
  const { set } = origins[from.origin] as Origin
  const use = useOf(arrangement, candidate)
  return {
    id: endpoint.id,
    address: addressText(endpoint.host, endpoint.port),
    weight: endpoint.weight,
    zone: endpoint.zone ?? null,
    tags: endpoint.tags,
    meta: endpoint.meta,
    health: endpoint.health,
    draining: endpoint.draining,
    held: endpoint.held === true,
    use,
    usable: use !== 'none',
    why: useBecause(use, arrangement, candidate),
    subsets: Object.entries(config.subsets).flatMap(([name, subset]) => (isInSubset(endpoint, subset) ? [name] : [])),
    origin: endpoint.origin,
    ref: refOf(from, origins),
    mode: modeOf(set),
    confirmed: viewSet(set, wallClock).age,
    learnedAt: endpoint.learnedAt,
    age: Math.max(0, wallClock - endpoint.learnedAt),
    also: listings.flatMap((listing) => (listing === from ? [] : [viewListing(listing, origins, wallClock)])),
  }
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function viewListing(listing: Listing, origins: readonly Origin[], wallClock: number): ListingView {
  const { id, health, draining, held, learnedAt } = listing.endpoint
  const { set } = origins[listing.origin] as Origin
  return { ref: refOf(listing, origins), id, mode: modeOf(set), confirmed: viewSet(set, wallClock).age, health, draining, held: held === true, age: Math.max(0, wallClock - learnedAt) }
}

function refOf({ origin }: Listing, origins: readonly Origin[]): string {
  return origins[origin]?.ref ?? ''
}

/** Why an endpoint is not used, or is all the same; null when it simply is. */
function useBecause(use: EndpointView['use'], { service, used }: Arrangement, candidate: Candidate): string | null {
  if (use === 'used') return null
  if (use === 'last') return LAST
  if (candidate.state === 'leaving' && use === 'none') return 'draining; used when nothing else is left'
  const why = unusableBecause(candidate.endpoint)
  return use === 'reserve' ? [...(why === undefined ? [] : [why]), reserveBecause(candidate, service, used)].join('; ') : (why ?? null)
}

/** Why a usable endpoint waits. */
function reserveBecause({ state, listings }: Candidate, { origins }: ServiceEndpoints, used: ReadonlySet<Candidate>): string {
  if (state === 'held') return 'its registry stopped listing it; kept until that is confirmed'
  const against = state === 'disputed' ? disputing(listings, origins) : undefined
  if (against !== undefined) return `${refOf(against, origins)} says ${unusableBecause(against.endpoint) ?? ''}`
  const [first] = used
  return `after ${first === undefined ? '' : refOf(first.from, origins)}`
}

/** Why requests do not go by a reference. */
function whyNotUsed(index: number, { origins }: ServiceEndpoints, candidates: readonly Candidate[], used: ReadonlySet<Candidate>): string {
  const { set } = origins[index] as Origin
  if (set.kind === 'pending') return 'nothing is known yet'
  if (set.kind === 'absent') return 'the registry does not know it'
  const endpoints = endpointsOf(set)
  if (endpoints.length === 0) return 'it has no endpoints'
  const usable = endpoints.filter(isUsable)
  if (usable.length === 0) return `none of its endpoints is usable: ${countText(endpoints.map((endpoint) => unusableBecause(endpoint) ?? ''))}`
  if (usable.every(({ held }) => held === true)) return 'all that it had vanished; kept until that is confirmed'
  const own = candidates.filter(({ from }) => from.origin === index)
  if (own.length === 0) return candidates.some(({ listings }) => listings.some(({ origin }) => origin === index)) ? 'all its addresses are taken from references before it' : 'it has none for this subset'
  if (own.every(({ state }) => state === 'leaving' || state === 'unusable')) return `none of those taken from it is usable: ${countText(own.map(({ endpoint }) => unusableBecause(endpoint) ?? ''))}`
  if (own.every(({ state }) => state !== 'listed')) return 'another registry says that its endpoints leave'
  const [first] = used
  return `in reserve after ${first === undefined ? '' : refOf(first.from, origins)}`
}

/** `2 critical, 1 draining` */
function countText(words: readonly string[]): string {
  return [...Map.groupBy(words, (word) => word)].map(([word, all]) => `${all.length} ${word}`).join(', ')
}
