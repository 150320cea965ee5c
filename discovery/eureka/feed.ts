// One feed of a registry for all services that are watched in it: who is asked what and when, and which view is believed.
// Nothing runs by itself: whoever waits for news asks when it is time, and all others share the answer.
import { type Life, lifeWithin } from '../../src/model/life.ts'
import type { UpstreamTlsConfig } from '../../src/model/service-config.ts'
import type { Platform } from '../../src/model/platform.ts'
import { backoff } from '../backoff.ts'
import { askOthersFirst } from './confirm.ts'
import { SETTLING } from './doubt.ts'
import { Known, type News } from './known.ts'
import type { EurekaOptions } from './options.ts'
import { askServer, combined, type Answer, type Question } from './question.ts'
import type { Trouble } from '../reading.ts'
import { createInterest, type Interest, type Selector } from './selector.ts'
import { createServers, type Server, type Servers } from './servers.ts'
import { applyDelta, deletedIn, viewOf, type View } from './view.ts'

/** A server tells the changes of the last 180 s, from caches up to 30 s old; who did not ask for longer than this (milliseconds) reads everything. */
const MEMORY = 120_000
/** Between two full lists, milliseconds ± 20 %: what swapped places leaves the hash as it was. As long until changes that were refused are asked for again. */
const FULL = 300_000
/** Patience with a server while others are left to ask, and with the last one, milliseconds. */
const PATIENCE = 4000
const LAST_PATIENCE = 9000
/** One full list confirms everything that is suspicious within this time, milliseconds. */
const CONFIRMS = 5000
const MAX_BACKOFF = 15_000

interface ListOutcome {
  readonly kind: 'list'
  readonly view: View
  readonly told: readonly string[]
}

/** What happens when a registry is asked. */
type Outcome = { readonly kind: 'delta' } | ListOutcome | Trouble

/** The feed of one registry. */
export class Feed {
  readonly interest: Interest
  readonly #platform: Platform
  readonly #name: string
  readonly #every: number
  readonly #tls: UpstreamTlsConfig | undefined
  readonly #servers: Servers
  readonly #known = new Known()
  #life = new AbortController()
  #flight: Promise<void> | undefined
  #trouble: Trouble | undefined
  #failures = 0
  // Attempts and changes of the view.
  #finished = 0
  // Monotonic milliseconds.
  #askedAt = -Infinity
  #dueAt = -Infinity
  #fullAt = -Infinity
  #deltaAt = -Infinity
  #confirmed: { readonly at: number; readonly outcome: Promise<View | Trouble> } | undefined
  readonly #sleepers = new Set<Life>()

  constructor(name: string, options: EurekaOptions, platform: Platform) {
    this.#name = name
    this.#platform = platform
    this.#every = options.every
    this.#tls = options.tls
    this.#servers = createServers(options, platform)
    this.interest = createInterest(() => {
      this.#life.abort()
      this.#life = new AbortController()
    })
  }

  /** The service as it is now. */
  async list(selector: Selector, signal: AbortSignal): Promise<News | Trouble> {
    const { now } = this.#platform
    // A flight that was stopped with the last watch before this one brings nothing: hence twice, but not for who was stopped with it.
    for (let tries = 0; tries < 2 && !signal.aborted; tries++) {
      if (this.#trouble !== undefined && now() < this.#dueAt) return this.#trouble
      if (this.#trouble === undefined && now() < this.#dueAt && this.#known.versionOf(selector) !== undefined) break
      await this.#poll()
    }
    return this.#trouble ?? this.#known.news(selector, now()) ?? { kind: 'failed', message: 'stopped' }
  }

  /** The service once something was asked anew, or after `wait` milliseconds; undefined when it is still the version. */
  async next(selector: Selector, version: string, wait: number, signal: AbortSignal): Promise<News | Trouble | undefined> {
    if (this.#trouble !== undefined || this.#known.versionOf(selector) !== version) return this.list(selector, signal)
    const finished = this.#finished
    const due = this.#dueAt - this.#platform.now()
    await this.#sleep(Math.max(0, Math.min(due, wait)), signal)
    // Who wakes by a bell was told already. By the count and not by the clock: timers may be early, and nothing may look confirmed that was not.
    if (this.#finished === finished && due <= wait && !signal.aborted) await this.#poll()
    return this.#newer(selector, version)
  }

  /** The service as the server in use and another one together have it; as the same one has it now when no other answers. */
  async confirm(selector: Selector): Promise<News | Trouble> {
    const now = this.#platform.now()
    if (this.#confirmed === undefined || now - this.#confirmed.at >= CONFIRMS) this.#confirmed = { at: now, outcome: this.#second() }
    const view = await this.#confirmed.outcome
    if ('kind' in view) return view
    return this.#known.confirmed(selector, this.#platform.now(), view) ?? { kind: 'failed', message: 'stopped' }
  }

  #newer(selector: Selector, version: string): News | Trouble | undefined {
    if (this.#trouble !== undefined) return this.#trouble
    return this.#known.versionOf(selector) === version ? undefined : this.#known.news(selector, this.#platform.now())
  }

  #poll(): Promise<void> {
    this.#flight ??= this.#attempt(this.#life.signal).finally(() => {
      this.#flight = undefined
      this.#ring()
    })
    return this.#flight
  }

  // Every server at most once, the one in use first.
  async #attempt(signal: AbortSignal): Promise<void> {
    const { now, random } = this.#platform
    const troubles: Trouble[] = []
    const order = this.#servers.turn()
    for (const [index, server] of order.entries()) {
      const outcome = await this.#ask(server, index === order.length - 1 ? LAST_PATIENCE : PATIENCE, signal)
      if (signal.aborted) return
      if (outcome.kind === 'delta' || outcome.kind === 'list') return this.#succeed(server, outcome, troubles)
      troubles.push(outcome)
      this.#servers.failed(server)
    }
    this.#trouble = combined(troubles)
    this.#failures++
    this.#dueAt = now() + backoff(this.#failures, random(), MAX_BACKOFF, this.#trouble.retryAfter)
  }

  #succeed(server: Server, outcome: Exclude<Outcome, Trouble>, troubles: readonly Trouble[]): void {
    const { now, random } = this.#platform
    const before = this.#known.doubt.server
    if (outcome.kind === 'list') this.#take(outcome.view, server, now() >= this.#fullAt && before === server && this.#trouble === undefined, outcome.told)
    if (before !== undefined && before !== server) this.#platform.log('warn', `${this.#name}: going on with ${server.base}`, { registry: this.#name, ...(troubles.length === 0 ? {} : { cause: combined(troubles).message }) })
    this.#trouble = undefined
    this.#failures = 0
    this.#askedAt = now()
    this.#dueAt = now() + this.#every * (0.9 + 0.2 * random())
  }

  #take(view: View, server: Server, periodic: boolean, told: readonly string[]): void {
    this.#servers.use(server)
    this.#known.takeView(view, { server, now: this.#platform.now(), periodic, away: this.#trouble !== undefined, told })
    this.#fullAt = this.#later()
  }

  // What hangs on it has a time of its own: where every turn reads a whole list, the next periodic one never comes.
  #later(): number {
    return this.#platform.now() + FULL * (0.8 + 0.4 * this.#platform.random())
  }

  async #ask(server: Server, patience: number, signal: AbortSignal): Promise<Outcome> {
    const { view } = this.#known
    if (view === undefined || !this.#mayFollow(server, view)) return this.#askList(server, patience, [], signal)
    const delta = await this.#question({ server, what: 'apps/delta', patience, tls: this.#tls }, signal)
    if (delta.kind === 'refused') {
      this.#deltaAt = this.#later()
      return this.#askList(server, patience, [], signal)
    }
    if (delta.kind !== 'answered') return delta
    const changes = applyDelta(view, delta.applications)
    if (changes === undefined) return this.#askList(server, patience, deletedIn(view, delta.applications), signal)
    this.#known.takeChanges(changes, this.#platform.now())
    return { kind: 'delta' }
  }

  async #askList(server: Server, patience: number, told: readonly string[], signal: AbortSignal): Promise<ListOutcome | Trouble> {
    const answer = await this.#question({ server, what: 'apps', patience, tls: this.#tls }, signal)
    if (answer.kind === 'answered') return { kind: 'list', view: viewOf(answer.applications, this.interest.keys()), told }
    return answer.kind === 'refused' ? { kind: 'failed', message: `${server.base}: gives no list` } : answer
  }

  #question(question: Question, signal: AbortSignal): Promise<Answer> {
    return askServer(this.#platform, question, signal)
  }

  // Whether the changes that the server tells fit what is known.
  #mayFollow(server: Server, view: View): boolean {
    const now = this.#platform.now()
    const covered = [...this.interest.keys()].every((key) => view.covers.has(key))
    return server === this.#known.doubt.server && view.verified && covered && now >= this.#deltaAt && now < this.#fullAt && now - this.#askedAt < MEMORY
  }

  async #second(): Promise<View | Trouble> {
    const { signal } = this.#life
    const answer = await askOthersFirst(this.#servers, this.#platform, signal, async (server, patience) => {
      const outcome = await this.#askList(server, patience, [], signal)
      return outcome.kind === 'list' ? { kind: 'seen' as const, view: outcome.view, server } : outcome
    })
    if (answer.kind !== 'seen') return answer
    this.#prefer(answer.view, answer.server)
    return answer.view
  }

  // One that knows more than the one in use, which has lost something, is the better one. Not again and again, since two
  // servers that were parted are both right.
  #prefer(view: View, server: Server): void {
    const now = this.#platform.now()
    const { view: known } = this.#known
    const { server: current, switchedAt } = this.#known.doubt
    if (server === current) return this.#take(view, server, false, [])
    if (known === undefined || view.ledger.size <= known.ledger.size || now - switchedAt < SETTLING) return
    this.#platform.log('warn', `${this.#name}: going on with ${server.base}, which knows ${view.ledger.size} instances; ${current?.base ?? ''} knows ${known.ledger.size}`, { registry: this.#name })
    this.#take(view, server, false, [])
    this.#ring()
  }

  #ring(): void {
    this.#finished++
    for (const sleeper of this.#sleepers) sleeper.end()
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const sleeper = lifeWithin(signal)
    this.#sleepers.add(sleeper)
    return this.#platform.sleep(ms, sleeper.signal).finally(() => {
      this.#sleepers.delete(sleeper)
      sleeper.end()
    })
  }
}
