// One list and watch for all watched services of a namespace. The list is the truth, the watch says what changed since; what
// breaks off is listed anew, since a store that was restored counts from before and would say nothing.
import { type Life, lifeWithin } from '../../src/model/life.ts'
import type { Platform } from '../../src/model/platform.ts'
import { backoff } from '../backoff.ts'
import { withDeadline } from '../deadline.ts'
import type { K8sClient, Refusal } from './client.ts'
import { Signs } from './signs.ts'
import { SERVICE_LABEL, type Slice } from './slice.ts'
import { createK8sState } from './state.ts'
import { createWaiting } from './waiting.ts'
import { readWatch, type WatchEnd, type WatchReader } from './watch.ts'

/** A watch ends by itself after its time; one that is silent so much longer is dead, milliseconds. */
const SLACK = 5000
/** A watch that ends sooner and said nothing is not asked for again at once, milliseconds. */
const EARLY = 1000
/** So many of them in a row, and watching is not possible. */
const CANNOT = 3
/** Services that come together are listed together, milliseconds. */
const TOGETHER = 50
/** Beyond so many the selector takes every service of the namespace, and the rest is dropped here: an address has its limits. */
const MAX_SELECTED = 50
/** Events that belong together come so close, milliseconds. */
const MOVE = 5
/** How long a question waits for trouble to be over before it reports it, milliseconds. */
const PATIENCE = 4000

/** What is known of one service, with the milliseconds since the server was heard; or why nothing can be said. */
export type FeedAnswer = { readonly kind: 'known'; readonly slices: readonly Slice[]; readonly version: string; readonly age: number } | Refusal

/** The feed of one namespace. It runs while somebody has entered. */
export interface K8sFeed {
  /** Watches a service until the signal is aborted. */
  enter(service: string, signal: AbortSignal): void
  /** What is known, out of a list that is at most `age` milliseconds old and that is being watched since. `other`: out of a list that is over, from another server where there are several. */
  know(service: string, age: number, other: boolean, signal: AbortSignal): Promise<FeedAnswer>
  /** The same once the version is another, the server gave a sign of life, or `wait` milliseconds are over where they are given. */
  next(service: string, version: string, wait: number | undefined, signal: AbortSignal): Promise<FeedAnswer>
}

/** Makes the feed. `wait` bounds one watch, milliseconds. `onIdle` is called when nobody is left; it is of no use after that. */
export function createK8sFeed(client: K8sClient, platform: Platform, namespace: string, wait: number, onIdle: () => void): K8sFeed {
  return new Feed(client, platform, namespace, wait, onIdle)
}

class Feed implements K8sFeed, WatchReader {
  readonly #client: K8sClient
  readonly #platform: Platform
  readonly #namespace: string
  readonly #wait: number
  readonly #onIdle: () => void
  readonly #life = new AbortController()
  /** How many watch each service. */
  readonly #entered = new Map<string, number>()
  readonly #state = createK8sState((service) => this.#entered.has(service))
  readonly #waiting
  readonly #signs
  /** `relisting`: it was being watched until just now, and somebody needs a later list. */
  #phase: 'listing' | 'relisting' | 'watching' | Refusal = 'listing'
  /** Services that the last list was asked for and that were watched since. */
  #covered = new Set<string>()
  #selector = ''
  /** When the last good list was asked for, and which one is needed; monotonic milliseconds. */
  #listedFrom = -Infinity
  #neededFrom = -Infinity
  #askOther = false
  /** The list under way. */
  #under: { readonly from: number; readonly other: boolean } | undefined
  /** Ends the watch under way, so that it is listed again. */
  #relist: Life | undefined
  /** Whether the server has taken the watch under way. */
  #opened = false
  /** Lists that failed in a row, and watches that came to nothing. */
  #failures = 0
  #early = 0

  constructor(client: K8sClient, platform: Platform, namespace: string, wait: number, onIdle: () => void) {
    this.#client = client
    this.#platform = platform
    this.#namespace = namespace
    this.#wait = wait
    this.#onIdle = onIdle
    this.#waiting = createWaiting(platform)
    this.#signs = new Signs(platform, (services) => this.#waiting.wake(services), this.#life.signal)
  }

  enter(service: string, signal: AbortSignal): void {
    const isFirst = this.#entered.size === 0
    this.#entered.set(service, (this.#entered.get(service) ?? 0) + 1)
    signal.addEventListener('abort', () => this.#leave(service), { once: true })
    if (isFirst) void this.#run(this.#life.signal).catch((error: unknown) => this.#platform.log('error', `namespace ${this.#namespace}: the feed ended by a defect`, { error: String(error) }))
  }

  #leave(service: string): void {
    const left = (this.#entered.get(service) ?? 1) - 1
    if (left > 0) return void this.#entered.set(service, left)
    this.#entered.delete(service)
    this.#covered.delete(service)
    if (this.#entered.size > 0) return
    this.#life.abort()
    this.#onIdle()
  }

  async know(service: string, age: number, other: boolean, signal: AbortSignal): Promise<FeedAnswer> {
    const needed = this.#platform.now() - age
    const isWatched = (): boolean => this.#phase === 'watching' || (this.#phase === 'relisting' && !other)
    const holds = (): boolean => isWatched() && this.#covered.has(service) && this.#listedFrom >= needed
    const { from = -Infinity, other: fromOther = false } = this.#under ?? {}
    if (!holds() && (from < needed || (other && !fromOther))) {
      this.#neededFrom = Math.max(this.#neededFrom, needed)
      this.#askOther ||= other
      this.#relist?.end()
    }
    // Trouble that is known already may be over soon; fresh trouble is told at once.
    const before = this.#phase
    const fails = (): boolean => typeof this.#phase === 'object'
    // A list may take longer than a question: what differs in it is told as news then, and what is known meanwhile has its age.
    const isKnown = (): boolean => isWatched() && !other && this.#covered.has(service)
    await this.#waiting.wait({ service, holds: () => holds() || (fails() && this.#phase !== before), ms: PATIENCE, orElse: () => fails() || isKnown() }, signal)
    return this.#answer(service, signal)
  }

  async next(service: string, version: string, wait: number | undefined, signal: AbortSignal): Promise<FeedAnswer> {
    const began = this.#platform.now()
    const holds = (): boolean => typeof this.#phase === 'object' || this.#state.versionOf(service) !== version || this.#signs.heard > began
    await this.#waiting.wait({ service, holds, ms: wait }, signal)
    // A pod that goes over to another slice is first taken out of the one, then put into the other.
    if (this.#state.versionOf(service) !== version) await this.#platform.sleep(MOVE, signal)
    return this.#answer(service, signal)
  }

  #answer(service: string, signal: AbortSignal): FeedAnswer {
    // Who waited in vain was told nothing: what is known from before must not count as confirmed.
    if (signal.aborted) return { kind: 'failed', message: signal.reason instanceof Error ? signal.reason.message : 'stopped' }
    if (typeof this.#phase === 'object') return this.#phase
    return { kind: 'known', slices: this.#state.slicesOf(service), version: this.#state.versionOf(service), age: this.#platform.now() - this.#signs.heard }
  }

  // --- the loop

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#platform.sleep(TOGETHER, signal)
      const version = await this.#list(signal)
      const refused = version === undefined ? undefined : await this.#watch(version, signal)
      const troubles = this.#failures + this.#early
      const asked = typeof this.#phase === 'object' ? this.#phase.retryAfter : refused?.retryAfter
      if (troubles > 0) await this.#platform.sleep(backoff(troubles, this.#platform.random(), undefined, asked), signal)
    }
  }

  /** Lists everything that is watched; gives the version to watch from, or undefined after trouble. */
  async #list(signal: AbortSignal): Promise<string | undefined> {
    const services = new Set(this.#entered.keys())
    const other = this.#askOther
    const from = this.#platform.now()
    this.#askOther = false
    this.#selector = selectorOf(services)
    this.#under = { from, other }
    if (this.#phase === 'watching') this.#phase = 'listing'
    const listed = await this.#client.list(this.#namespace, this.#selector, other, signal)
    this.#under = undefined
    if (signal.aborted) return undefined
    if (listed.kind !== 'listed') {
      this.#failures++
      this.#phase = listed
      this.#waiting.wakeAll()
      return undefined
    }
    this.#failures = 0
    this.#phase = 'watching'
    this.#listedFrom = from
    // Who left meanwhile was not heard of since.
    this.#covered = new Set([...services].filter((service) => this.#entered.has(service)))
    this.#waiting.wake(this.#state.replace(listed.items))
    this.#signs.pass(this.#entered.keys())
    return listed.version
  }

  /** Watches, and goes on where a watch ended in its time. Returns when it must be listed again; what the server said when it refused to be watched. */
  async #watch(from: string, signal: AbortSignal): Promise<Refusal | undefined> {
    for (let version = from; ; ) {
      if (this.#isListNeeded()) return this.#breakOff()
      const relist = lifeWithin(signal)
      this.#relist = relist
      this.#opened = false
      const began = this.#platform.now()
      const seconds = Math.max(1, Math.floor((this.#wait / 1000) * (0.75 + 0.25 * this.#platform.random())))
      const late = ({ message }: Error): WatchEnd => ({ version, lines: 0, refusal: { kind: 'failed', message } })
      const end = await withDeadline(this.#platform, seconds * 1000 + SLACK, relist.signal, (own) => readWatch(this.#client, { namespace: this.#namespace, selector: this.#selector, version, seconds }, this, own), late)
      this.#relist = undefined
      if (relist.signal.aborted) return this.#breakOff()
      relist.end()
      const lasted = this.#platform.now() - began
      if (end.refusal === undefined && lasted >= (seconds - 1) * 1000) {
        this.#early = 0
        this.#signs.pass(this.#entered.keys())
        version = end.version
        continue
      }
      const refused = this.#opened ? undefined : end.refusal
      if (refused === undefined && (lasted >= EARLY || end.lines > 0)) this.#early = 0
      else if (++this.#early === CANNOT && end.refusal?.kind !== 'expired') this.#platform.log('warn', `namespace ${this.#namespace} cannot be watched and is listed again and again: ${end.refusal?.message ?? 'each watch ends at once'}`)
      return refused
    }
  }

  // Nothing is wrong with what is known. A list may take longer than any question, and each of them would fail meanwhile.
  #breakOff(): undefined {
    if (this.#phase === 'watching') this.#phase = 'relisting'
  }

  // Services may have come while it was listed, and somebody may need a later list.
  #isListNeeded(): boolean {
    return this.#listedFrom < this.#neededFrom || this.#askOther || [...this.#entered.keys()].some((service) => !this.#covered.has(service))
  }

  onOpen(): void {
    this.#opened = true
    this.#signs.pass(this.#entered.keys())
  }

  onEvent(type: unknown, object: Record<string, unknown> | undefined): void {
    this.#signs.note(this.#entered)
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') this.#waiting.wake(this.#state.apply(type, object))
  }
}

function selectorOf(services: ReadonlySet<string>): string {
  return services.size > MAX_SELECTED ? SERVICE_LABEL : `${SERVICE_LABEL} in (${[...services].sort().join(',')})`
}
