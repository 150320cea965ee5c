// From an adapter's Source to the Discoverer that the gateway watches: the one place where the machinery is put together.
import type { Discoverer } from '../src/model/discoverer.ts'
import type { EndpointSet } from '../src/model/endpoint.ts'
import type { Platform } from '../src/model/platform.ts'
import { follow, type Following } from './follow.ts'
import { HOLD } from './guard.ts'
import { APPLY_GAP, latestOf } from './latest.ts'
import type { Source, WatchedSource } from './reading.ts'
import { createSlots } from './slots.ts'
import { createTurns } from './turns.ts'

/** Blocking queries to one registry at once. Each holds a connection, and a Consul agent grants 200 to one client; beyond this services are polled. */
const BLOCKING = 100

/** The options that every registry has, see `commonOptions`. */
export interface TrustOptions {
  readonly allowEmpty: boolean
  readonly allowLinkLocal: boolean
}

/** Makes a discoverer of a source. */
export function createDiscoverer(source: Source | WatchedSource, platform: Platform, options: TrustOptions): Discoverer {
  const to: Omit<Following, 'source'> = {
    platform,
    trust: { registry: source.registry, allowEmpty: options.allowEmpty, allowLinkLocal: options.allowLinkLocal, strict: source.strict ?? false, hold: source.hold ?? HOLD },
    turns: createTurns(platform),
    blocking: createSlots(BLOCKING),
  }
  return {
    needs: source.needs,
    watch: (ref, signal, watchOptions = {}) =>
      latestOf<EndpointSet>(platform, APPLY_GAP, signal, (own, put) => follow({ ...to, source: 'open' in source ? { ...source, ...source.open(ref, own) } : source }, ref, own, watchOptions, put)),
  }
}
