// One place that watches every service that routes name, and nothing else; it keeps the last set of each, over changes of the
// configuration in memory and over restarts on disk.
import { parseRef, type Discoverer, type ServiceRef } from '../src/model/discoverer.ts'
import { endpointsOf, type Endpoint, type EndpointSet } from '../src/model/endpoint.ts'
import type { Platform } from '../src/model/platform.ts'
import type { RefStatus } from '../src/model/ref-status.ts'
import type { RememberedSet, SetMemory } from './memory.ts'
import { afterAttempt, afterSet, newStatus } from './ref-status.ts'

/** Sets kept of references that nothing names any more, should they come back. */
const MAX_KEPT = 1000

export interface HubOptions {
  /** By configured name. */
  readonly discoverers: ReadonlyMap<string, Discoverer>
  readonly platform: Platform
  readonly memory?: SetMemory
  /** Called with each set that differs from the one before, `pending` at the start not included. */
  readonly onChange: (key: string, set: EndpointSet) => void
}

/** The watches of one gateway. It begins without any. */
export class Hub {
  readonly #sets = new Map<string, EndpointSet>()
  readonly #status = new Map<string, RefStatus>()
  readonly #discoverers: ReadonlyMap<string, Discoverer>
  readonly #platform: Platform
  readonly #memory: SetMemory | undefined
  readonly #onChange: HubOptions['onChange']
  readonly #remembered = new Map<string, RememberedSet>()
  readonly #loaded: Promise<void>
  readonly #watchers = new Map<string, AbortController>()
  readonly #running = new Set<Promise<void>>()
  #unlisted: ReadonlySet<string> = new Set()

  constructor(options: HubOptions) {
    this.#discoverers = options.discoverers
    this.#platform = options.platform
    this.#memory = options.memory
    this.#onChange = options.onChange
    this.#loaded = this.#load()
  }

  /**
   * Makes these the watched references (canonical keys, see `refKey`); starts and stops what that takes. `unlisted` are those of them that
   * a catalogue has no more: they are used while they have endpoints, and a restart does not remember them.
   */
  setRefs(refs: readonly string[], unlisted: ReadonlySet<string> = new Set()): void {
    const wanted = new Set(refs)
    for (const key of this.#watchers.keys()) if (!wanted.has(key)) this.#forget(key)
    const before = this.#unlisted
    this.#unlisted = unlisted
    for (const key of unlisted) if (!before.has(key)) this.#memory?.save(key, undefined)
    // Back again: what is written to disk with the next change would be missing until then.
    for (const key of before) if (wanted.has(key) && !unlisted.has(key)) this.#save(key)
    for (const key of wanted) if (!this.#watchers.has(key)) this.#start(key)
  }

  /** What is known of a watched reference; `pending` for any other. */
  get(key: string): EndpointSet {
    return this.#sets.get(key) ?? { kind: 'pending' }
  }

  /** In the order of the references. */
  status(): readonly RefStatus[] {
    return [...this.#status.values()].sort((a, b) => (a.ref < b.ref ? -1 : 1))
  }

  /** Ends every watch and writes the memory. */
  async close(): Promise<void> {
    for (const [key, stop] of this.#watchers) {
      stop.abort()
      this.#keep(key)
      const kept = this.#remembered.get(key)
      if (kept !== undefined && !this.#unlisted.has(key)) this.#memory?.save(key, kept)
    }
    this.#watchers.clear()
    await Promise.all(this.#running)
    await this.#memory?.flush()
  }

  async #load(): Promise<void> {
    for (const [key, set] of (await this.#memory?.load()) ?? []) this.#remembered.set(key, set)
  }

  #start(key: string): void {
    const stop = new AbortController()
    this.#status.set(key, newStatus(key))
    const ref = parseRef(key)
    const discoverer = ref === undefined ? undefined : this.#discoverers.get(ref.registry)
    this.#watchers.set(key, stop)
    const run = this.#run(key, ref, discoverer, stop.signal)
      .catch((error: unknown) => this.#platform.log('error', `${key}: the watch ended by a defect`, { ref: key, error: String(error) }))
      .finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  async #run(key: string, ref: ServiceRef | undefined, discoverer: Discoverer | undefined, signal: AbortSignal): Promise<void> {
    await this.#loaded
    if (signal.aborted) return
    const last = this.#remembered.get(key)
    if (last !== undefined && last.endpoints.length > 0) this.#take(key, stale(last, 'disk', 'the registry has not answered yet since the last run or change of the routes'))
    if (ref === undefined || discoverer === undefined) {
      const message = ref === undefined ? `${key} is no reference; write registry/name` : `no registry is called ${ref.registry}; there is ${[...this.#discoverers.keys()].join(', ') || 'none'}`
      return this.#take(key, last === undefined ? { kind: 'pending', cause: { outcome: 'failed', message } } : stale(last, 'failed', message))
    }
    const observe = (attempt: Parameters<typeof afterAttempt>[1]): void => void this.#status.set(key, afterAttempt(this.#status.get(key) ?? newStatus(key), attempt))
    for await (const set of discoverer.watch(ref, signal, last === undefined ? { observe } : { observe, last })) {
      if (!signal.aborted) this.#take(key, this.#aging(key, set))
    }
  }

  // `at` moves on with each confirmation, which is what people ask the age of; a new set for each would have everything
  // built anew for nothing.
  #aging(key: string, set: EndpointSet): EndpointSet {
    if (set.kind !== 'ready' && set.kind !== 'absent') return set
    const confirmed = (): number => Math.max(set.at, this.#status.get(key)?.lastSuccess ?? 0)
    return {
      ...set,
      get at() {
        return confirmed()
      },
    }
  }

  #take(key: string, set: EndpointSet): void {
    this.#report(key, this.#sets.get(key), set)
    this.#sets.set(key, set)
    this.#status.set(key, afterSet(this.#status.get(key) ?? newStatus(key), set))
    this.#save(key)
    if (set.kind === 'absent') this.#drop(key)
    this.#onChange(key, set)
  }

  #save(key: string): void {
    const set = this.#sets.get(key)
    if (set !== undefined && saysMore(set) && !this.#unlisted.has(key)) this.#memory?.save(key, remembered(set))
  }

  // Else it would come back with the reference, from before the service was gone.
  #drop(key: string): void {
    this.#memory?.save(key, undefined)
    this.#remembered.delete(key)
  }

  // One line for each change of mood, none for each change of endpoints.
  #report(key: string, before: EndpointSet | undefined, set: EndpointSet): void {
    const [was, is] = [moodOf(before), moodOf(set)]
    if (was === is) return
    const endpoints = endpointsOf(set).length
    if (set.kind === 'stale') return this.#platform.log('warn', `${key}: going on with ${endpoints} endpoints known from before: ${set.cause.message}`, { ref: key, outcome: set.cause.outcome, endpoints })
    if (set.kind === 'pending') return this.#platform.log('warn', `${key}: no endpoints yet: ${set.cause?.message ?? 'not asked'}`, { ref: key, outcome: set.cause?.outcome })
    if (set.kind === 'absent') return this.#platform.log('warn', `${key}: the registry does not know this service`, { ref: key })
    this.#platform.log('info', `${key}: ${endpoints} endpoints`, { ref: key, endpoints })
  }

  #forget(key: string): void {
    this.#watchers.get(key)?.abort()
    this.#keep(key)
    // Its age stands still from now on.
    const kept = this.#remembered.get(key)
    if (this.#unlisted.has(key) || kept?.endpoints.length === 0) this.#drop(key)
    else if (kept !== undefined && this.#sets.get(key)?.kind === 'ready') this.#memory?.save(key, kept)
    this.#watchers.delete(key)
    this.#sets.delete(key)
    this.#status.delete(key)
    this.#evict()
  }

  // What a watch knew, as the start of the next one.
  #keep(key: string): void {
    const set = this.#sets.get(key)
    if (set?.kind !== 'ready' && set?.kind !== 'stale') return
    const at = set.kind === 'ready' ? (this.#status.get(key)?.lastSuccess ?? set.at) : set.at
    this.#remembered.delete(key)
    this.#remembered.set(key, { endpoints: set.endpoints.map(released), at })
  }

  // The oldest first, and never what a watch that starts has yet to read.
  #evict(): void {
    let over = this.#remembered.size - this.#watchers.size - MAX_KEPT
    for (const key of this.#remembered.keys()) {
      if (over <= 0) return
      if (this.#watchers.has(key)) continue
      this.#remembered.delete(key)
      over--
    }
  }
}

type Known = Extract<EndpointSet, { kind: 'ready' | 'stale' }>

// Something was followed, if not all of it: rights may be missing for a part for weeks, and instances come and go in the rest. Where nothing can be
// asked nothing is new.
function saysMore(set: EndpointSet): set is Known {
  return set.kind === 'ready' || (set.kind === 'stale' && (set.cause.outcome === 'denied' || set.cause.outcome === 'guarded'))
}

// With the time of the last confirmation of the whole when it is written, not when it is handed on: a set may stay the same for days. It stands still
// while a part may not be read, so that `stateMaxAge` holds for every address.
function remembered(set: Known): RememberedSet {
  return {
    endpoints: set.kind === 'ready' ? set.endpoints : set.endpoints.map(released),
    get at() {
      return set.at
    },
  }
}

function stale(last: RememberedSet, outcome: 'disk' | 'failed', message: string): EndpointSet {
  return { kind: 'stale', endpoints: last.endpoints, at: last.at, cause: { outcome, message } }
}

function released(endpoint: Endpoint): Endpoint {
  if (endpoint.held === undefined) return endpoint
  const { held: _, ...rest } = endpoint
  return rest
}

function moodOf(set: EndpointSet | undefined): string {
  if (set === undefined) return ''
  return set.kind === 'stale' || set.kind === 'pending' ? `${set.kind} ${set.cause?.outcome ?? ''}` : set.kind
}
