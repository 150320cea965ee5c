// The book of endpoint states: what a worker knows of each endpoint outlives the sets and tables it appears in. From a
// service's configuration and the sets of its registries it builds what requests pick from.
import type { EndpointState } from '../model/balancer.ts'
import type { ServiceConfig } from '../model/config.ts'
import { endpointsOf } from '../model/endpoint.ts'
import type { Endpoint, EndpointSet } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { ServiceEndpoints } from '../model/snapshot.ts'
import { buildPools } from './pools.ts'
import type { BuiltPools } from './pools.ts'
import { chooseSet, isUsable } from './usable.ts'

/** How long the state of an endpoint that left is kept for its return, milliseconds: after that its average has decayed. */
const KEEP_GONE_MS = 60_000

/** Time of what needs no confirmation; its age is 0 at any moment. */
const ALWAYS = Number.MAX_SAFE_INTEGER

export interface EndpointBookOptions {
  /** Zone of this gateway. */
  readonly zone?: string
  /**
   * Called once when an endpoint stops being usable: it vanished, drains, failed its checks, or another registry took over.
   * Its idle connections should be closed; requests under way finish.
   */
  readonly onGone?: (state: EndpointState) => void
}

export interface EndpointBook {
  /** What requests to this service pick from now. `setsByRef` gives the latest set of a reference (`refKey`). */
  build(config: ServiceConfig, setsByRef: (ref: string) => EndpointSet): ServiceEndpoints
  /** Forgets every service that is not named: its endpoints are gone. */
  retain(services: ReadonlySet<string>): void
}

interface Page {
  readonly states: Map<string, Kept>
  pools?: BuiltPools
}

interface Kept {
  readonly state: EndpointState
  /** Platform time since which the endpoint is not usable; undefined while it is. */
  goneAt?: number | undefined
}

export function createEndpointBook(platform: Platform, options: EndpointBookOptions = {}): EndpointBook {
  const pages = new Map<string, Page>()
  const onGone = options.onGone ?? (() => undefined)
  const balancing = options.zone === undefined ? {} : { zone: options.zone }
  return {
    build(config, setsByRef) {
      const page = pages.get(config.name) ?? { states: new Map<string, Kept>() }
      pages.set(config.name, page)
      const set = chooseSet(candidateSets(config, setsByRef, page, platform))
      const states = takeIn(page, endpointsOf(set).filter(isUsable))
      page.pools = buildPools(config, states, balancing, page.pools)
      dropOthers(page, new Set(states), platform.now(), onGone)
      return { config, set, all: page.pools.all, subsets: page.pools.subsets }
    },
    retain(services) {
      for (const [name, page] of pages) {
        if (services.has(name)) continue
        pages.delete(name)
        for (const kept of page.states.values()) if (kept.goneAt === undefined) onGone(kept.state)
      }
    },
  }
}

/** The sets of the references in their order, then the addresses written in the table. */
function candidateSets(config: ServiceConfig, setsByRef: (ref: string) => EndpointSet, page: Page, platform: Platform): EndpointSet[] {
  const sets = config.from.map(setsByRef)
  if (config.endpoints.length > 0) sets.push(staticSet(config, page, platform.wallClock()))
  return sets
}

/** Addresses written in the table, as a set that is always fresh. */
function staticSet(config: ServiceConfig, page: Page, wallClock: number): EndpointSet {
  const endpoints = config.endpoints.map((address): Endpoint => {
    const id = `static/${address.host}:${address.port}`
    const learnedAt = page.states.get(stateKey(id, address))?.state.endpoint.learnedAt ?? wallClock
    return { ...address, id, health: 'unknown', draining: false, origin: 'static', learnedAt }
  })
  return { kind: 'ready', endpoints, at: ALWAYS }
}

/** An id that moved to another address is another endpoint: nothing measured of the old one holds. */
function stateKey(id: string, address: { readonly host: string; readonly port: number }): string {
  return `${id}\n${address.host}:${address.port}`
}

/** The states of these endpoints in their order, new where need be, each with the endpoint as the registry describes it now. */
function takeIn(page: Page, endpoints: readonly Endpoint[]): EndpointState[] {
  const states = new Set<EndpointState>()
  for (const endpoint of endpoints) {
    const key = stateKey(endpoint.id, endpoint)
    const kept = page.states.get(key) ?? { state: { endpoint, active: 0, ewma: 0, ewmaAt: 0, avoidUntil: 0 } }
    page.states.set(key, kept)
    if (states.has(kept.state)) continue
    // The one place that writes it: pickers copy what they need, and requests under way need only the address, which is in the key.
    ;(kept.state as { endpoint: Endpoint }).endpoint = endpoint
    kept.goneAt = undefined
    states.add(kept.state)
  }
  return [...states]
}

/** Tells of endpoints that are no longer used, and forgets those that left long ago and have no request under way. */
function dropOthers(page: Page, used: ReadonlySet<EndpointState>, now: number, onGone: (state: EndpointState) => void): void {
  for (const [key, kept] of page.states) {
    if (used.has(kept.state)) continue
    if (kept.goneAt === undefined) {
      kept.goneAt = now
      onGone(kept.state)
    } else if (now - kept.goneAt > KEEP_GONE_MS && kept.state.active === 0) page.states.delete(key)
  }
}
