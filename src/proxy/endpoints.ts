// The book of endpoint states: what a worker knows of each endpoint outlives the sets and tables it appears in. From a
// service's configuration and the sets of its registries it builds what requests pick from.
import type { EndpointState } from '../model/balancer.ts'
import type { ServiceConfig } from '../model/service-config.ts'
import type { Endpoint, EndpointSet, Origin } from '../model/endpoint.ts'
import { normalEndpointHost } from '../model/host.ts'
import type { Platform } from '../model/platform.ts'
import type { ServiceEndpoints } from '../model/snapshot.ts'
import { forgive } from './avoid.ts'
import { addressKey, candidatesOf, setInUse, tiersOf } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import { buildPools } from './pools.ts'
import type { BuiltPools, StateTier } from './pools.ts'

/** How long the state of an endpoint that left is kept for its return, milliseconds: after that its average has decayed. */
const KEEP_GONE_MS = 60_000

/** Time of what needs no confirmation; its age is 0 at any moment. */
const ALWAYS = Number.MAX_SAFE_INTEGER

export interface EndpointBookOptions {
  /** Zone of this gateway. */
  readonly zone?: string
  /**
   * Called once when an endpoint stops being a first choice, or any: it vanished, drains while others are there, failed its checks,
   * or another registry took over. Its idle connections should be closed; requests under way finish.
   */
  readonly onGone?: (state: EndpointState) => void
}

export interface EndpointBook {
  /** What requests to this service pick from now. `setsByRef` gives the latest set of a reference (`refKey`). */
  build(config: ServiceConfig, setsByRef: (ref: string) => EndpointSet): ServiceEndpoints
  /** Forgets every service that is not named: its endpoints are gone. */
  retain(services: ReadonlySet<string>): void
}

/** States by address: one server keeps its own when another registry begins to list it, and when its registry gives it another id. */
interface Page {
  readonly states: Map<string, Kept>
  /** How connections are opened. */
  readonly reach: string
  pools?: BuiltPools
}

/** A class, since V8 gave up compiling the code around an object literal whose numbers are whole at first and are not later, and tried it again at each change. */
class State implements EndpointState {
  readonly endpoint: Endpoint
  active = 0
  ewma = 0
  ewmaAt = 0
  avoidUntil = 0
  failures = 0
  failedAt = 0
  watched = false
  gone = false

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint
  }
}

class Kept {
  readonly state: EndpointState
  /** Whether it is a first choice of some pool. */
  used = false
  /** Platform time since which no pool has it; undefined while one has. */
  goneAt: number | undefined

  constructor(state: EndpointState, goneAt: number | undefined) {
    this.state = state
    this.goneAt = goneAt
  }
}

export function createEndpointBook(platform: Platform, options: EndpointBookOptions = {}): EndpointBook {
  const pages = new Map<string, Page>()
  const onGone = options.onGone ?? (() => undefined)
  const balancing = options.zone === undefined ? {} : { zone: options.zone }
  return {
    build(config, setsByRef) {
      const page = pageFor(config, pages.get(config.name), onGone)
      pages.set(config.name, page)
      const merge = config.merge === true
      const origins = originsOf(config, setsByRef, page, platform.wallClock())
      const candidates = candidatesOf(origins, merge)
      const tiers = tiersOf(candidates, origins.length, merge)
      const states = tiers.map((tier): StateTier => ({ states: tier.candidates.map((candidate) => takeIn(page, candidate, platform.now())), state: tier.state }))
      page.pools = buildPools(config, states, balancing, page.pools)
      settle(page, platform.now(), onGone)
      return { config, origins, set: setInUse(origins, candidates, tiers, merge), all: page.pools.all, subsets: page.pools.subsets }
    },
    retain(services) {
      for (const [name, page] of pages) {
        if (services.has(name)) continue
        pages.delete(name)
        for (const kept of page.states.values()) if (kept.goneAt === undefined) leave(kept.state, onGone)
      }
    },
  }
}

/**
 * The page of a service. One that is reached in another way from now on, by TLS for instance, gets new states with what was measured: the
 * connections of the old ones, opened for what was configured then, must serve no request that starts now, and what failed then may not fail now.
 */
function pageFor({ tls, proxyProtocol }: ServiceConfig, known: Page | undefined, onGone: (state: EndpointState) => void): Page {
  const reach = JSON.stringify([tls, proxyProtocol])
  if (known?.reach === reach) return known
  const states = new Map<string, Kept>()
  for (const [key, kept] of known?.states ?? []) {
    const state = Object.assign(new State(kept.state.endpoint), kept.state, { active: 0, failures: 0, avoidUntil: 0, watched: false })
    states.set(key, Object.assign(new Kept(state, kept.goneAt), { used: kept.used }))
    if (kept.goneAt === undefined) leave(kept.state, onGone)
  }
  return { states, reach }
}

/** The references in their order, then the addresses written in the table. */
function originsOf(config: ServiceConfig, setsByRef: (ref: string) => EndpointSet, page: Page, wallClock: number): Origin[] {
  const origins = config.from.map((ref): Origin => ({ ref, set: setsByRef(ref) }))
  if (config.endpoints.length > 0) origins.push({ ref: 'static', set: staticSet(config, page, wallClock) })
  return origins
}

/** Addresses written in the table, as a set that is always fresh. */
function staticSet(config: ServiceConfig, page: Page, wallClock: number): EndpointSet {
  const endpoints = config.endpoints.map((written): Endpoint => {
    const address = { ...written, host: normalEndpointHost(written.host) }
    const id = `static/${address.host}:${address.port}`
    const known = page.states.get(addressKey(address))?.state.endpoint
    return { ...address, id, health: 'unknown', draining: false, origin: 'static', learnedAt: known?.id === id ? known.learnedAt : wallClock }
  })
  return { kind: 'ready', endpoints, at: ALWAYS }
}

/** The state of an endpoint, new where need be, with the endpoint as the registry describes it now. */
function takeIn(page: Page, { key, endpoint }: Candidate, now: number): EndpointState {
  const kept = page.states.get(key) ?? new Kept(new State(endpoint), now)
  page.states.set(key, kept)
  // The one place that writes it: pickers copy what they need, and requests under way need only the address, which is the key.
  ;(kept.state as { endpoint: Endpoint }).endpoint = endpoint
  return kept.state
}

/** Tells of endpoints that are no longer a first choice or left, and forgets those that left long ago and have no request under way. */
function settle(page: Page, now: number, onGone: (state: EndpointState) => void): void {
  const { all, subsets } = page.pools as BuiltPools
  const pools = [all, ...Object.values(subsets)]
  const present = new Set(pools.flatMap(({ tiers }) => tiers.flatMap(({ states }) => states)))
  const used = new Set(pools.flatMap(({ states }) => states))
  for (const [key, kept] of page.states) {
    const { state } = kept
    const leaves = kept.goneAt === undefined && !present.has(state)
    if (leaves) leave(state, onGone)
    else if (kept.used && !used.has(state)) onGone(state)
    state.gone = !present.has(state)
    kept.used = used.has(state)
    if (present.has(state)) {
      // Its registry had taken it out, and means it to get requests again.
      if (kept.goneAt !== undefined) forgive(state)
      kept.goneAt = undefined
    } else if (kept.goneAt === undefined) kept.goneAt = now
    else if (now - kept.goneAt > KEEP_GONE_MS && state.active === 0) page.states.delete(key)
  }
}

function leave(state: EndpointState, onGone: (state: EndpointState) => void): void {
  state.gone = true
  onGone(state)
}
