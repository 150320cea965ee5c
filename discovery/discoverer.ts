// From an adapter's Source to the Discoverer that the gateway watches: the one place where the machinery is put together.
import type { Discoverer } from '../src/model/discoverer.ts'
import type { EndpointSet } from '../src/model/endpoint.ts'
import type { Platform } from '../src/model/platform.ts'
import { follow, type Following } from './follow.ts'
import { HOLD } from './guard.ts'
import { createLatest } from './latest.ts'
import type { Source, WatchedSource } from './reading.ts'
import { createSlots } from './slots.ts'

/** Least time between two sets of one service, milliseconds: a storm of changes is applied four times a second. */
const APPLY_GAP = 250
/** Questions to one registry at once, blocking queries not counted. */
const QUESTIONS = 8
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
    questions: createSlots(QUESTIONS),
    blocking: createSlots(BLOCKING),
  }
  return {
    needs: source.needs,
    async *watch(ref, signal, watchOptions = {}) {
      const own = new AbortController()
      const abort = (): void => own.abort(signal.reason)
      if (signal.aborted) return
      signal.addEventListener('abort', abort)
      const latest = createLatest<EndpointSet>(platform, APPLY_GAP)
      const work = follow({ ...to, source: 'open' in source ? { ...source, ...source.open(ref, own.signal) } : source }, ref, own.signal, watchOptions, (set) => latest.put(set)).finally(() => latest.end())
      try {
        yield* latest.values(own.signal)
      } finally {
        // Also when the reader leaves early.
        signal.removeEventListener('abort', abort)
        own.abort()
        await work
      }
    },
  }
}
