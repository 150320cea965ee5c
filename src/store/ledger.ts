// What a gateway remembers about the offers of a store: what it holds, what it refused and why, and what it still has to tell
// the publisher. No I/O; every event leaves through it, so each trouble is said once.
import type { TableConfig } from '../model/table-config.ts'
import type { Platform } from '../model/platform.ts'
import type { Problem, StoreEvent, StoreStatus } from '../model/store.ts'
import type { Held, Verdict } from './accept.ts'
import { problem } from './read-table.ts'
import { createReporter, type Reporter } from './report.ts'

/** A blob that does not fit its pointer is fetched again after this long: somebody may have repaired it. Milliseconds. */
const SPOILED_RETRY = 30_000

/** One table that the store offers. */
export interface Offer {
  /** Names it for ever; see `offerKey`. */
  readonly key: string
  readonly origin: string
  /** 0 for the plain key. */
  readonly version: number
  readonly sha256: string
}

/** What was last made of an offer, for the acknowledgement. */
interface Outcome {
  readonly version: number
  readonly sha256: string
  readonly status: 'applied' | 'rejected'
  readonly error: string
}

type Event = StoreEvent | undefined

/** The offers of one store. */
export class Ledger {
  readonly #report: Reporter
  #held: Held
  #delivered: { readonly offer: Offer; readonly held: Held; readonly before: Held } | undefined
  #refused: { readonly key: string; readonly problems: readonly Problem[] } | undefined
  #spoiled: { readonly offer: Offer; readonly problems: readonly Problem[]; readonly until: number } | undefined
  #outcome: Outcome | undefined

  /** `store` names it in its status; `resume` is what an earlier run held. */
  constructor(store: string, resume: Held, platform: Pick<Platform, 'wallClock'>) {
    this.#report = createReporter(store, platform)
    this.#held = resume
  }

  get held(): Held {
    return this.#held
  }

  /** Ends the matter without reading the offer (with or without an event), or `read` when it must be read. */
  settleUnread(verdict: Verdict, offer: Offer, now: number): { readonly event: Event } | 'read' {
    // After a restart the same version must be delivered once more: nobody has it yet.
    if (verdict.kind === 'same' && this.#delivered !== undefined) return { event: this.#report.fine(offer.origin) }
    if (verdict.kind === 'lost') return { event: this.lost(offer.origin, verdict.message) }
    if (verdict.kind === 'refuse') return { event: this.#refuse(offer, [problem(verdict.message, verdict.hint)], verdict.isOlder ? 'behind' : 'refused') }
    if (this.#refused?.key === offer.key) return { event: this.refuse(offer, this.#refused.problems) }
    if (this.#spoiled?.offer.key === offer.key && now < this.#spoiled.until) return { event: this.#saySpoiled(offer, this.#spoiled.problems) }
    return 'read'
  }

  take(offer: Offer, taken: Held, table: TableConfig, text: string): StoreEvent {
    this.#delivered = { offer, held: taken, before: this.#held }
    this.#held = taken
    this.#refused = undefined
    this.#spoiled = undefined
    this.#report.delivered()
    return { kind: 'table', table, origin: offer.origin, saved: { text, mark: JSON.stringify(taken) } }
  }

  refuse(offer: Offer, problems: readonly Problem[]): Event {
    return this.#refuse(offer, problems, 'refused')
  }

  /** Damaged on its way or in the store: refused for a while only. */
  spoil(offer: Offer, what: string, now: number): Event {
    const problems = [problem(`${offer.origin} is damaged: ${what}`, 'publish the table again')]
    this.#spoiled = { offer, problems, until: now + SPOILED_RETRY }
    return this.#saySpoiled(offer, problems)
  }

  /** The store cannot be read; `topic` tells this trouble from other, default its message. */
  unavailable(origin: string, message: string, topic: string = message): Event {
    return this.#report.trouble(topic, 'unreachable', { kind: 'unavailable', origin, message })
  }

  /** The store cannot be read, and asking again cannot help. */
  misconfigured(origin: string, message: string, topic: string): Event {
    return this.#report.trouble(topic, 'unreachable', { kind: 'rejected', origin, problems: [problem(message)] })
  }

  /** The store answers and holds no table. */
  lost(origin: string, message: string): Event {
    return this.#report.trouble(message, 'absent', { kind: 'unavailable', origin, message })
  }

  /** What the store holds names no table. */
  nonsense(origin: string, what: Problem): Event {
    return this.#report.trouble(what.message, 'refused', { kind: 'rejected', origin, problems: [what] })
  }

  /** The same version under a new epoch. */
  rename(same: Held): void {
    if (this.#delivered?.held === this.#held) this.#delivered = { ...this.#delivered, held: same }
    this.#held = same
  }

  /** The gateway's word about what it was given; false when it speaks of something else. */
  settle(origin: string, status: 'applied' | 'rejected', detail: string): boolean {
    if (this.#delivered?.offer.origin !== origin) return false
    const { offer, held, before } = this.#delivered
    if (status === 'rejected' && this.#held === held) {
      // The gateway goes on with what it had, so that is what later offers are measured against.
      this.#held = before
      this.refuse(offer, [problem(detail)])
    }
    this.#outcome = { version: offer.version, sha256: offer.sha256, status, error: status === 'rejected' ? detail : '' }
    return true
  }

  /** The last outcome that nobody has asked for yet. */
  takeOutcome(): Outcome | undefined {
    const taken = this.#outcome
    this.#outcome = undefined
    return taken
  }

  /** How the store was at the last look. */
  status(): StoreStatus {
    return this.#report.status()
  }

  #refuse(offer: Offer, problems: readonly Problem[], mode: 'refused' | 'behind'): Event {
    this.#refused = { key: offer.key, problems }
    return this.#reject(offer.key, mode, offer, problems)
  }

  #saySpoiled(offer: Offer, problems: readonly Problem[]): Event {
    return this.#reject(`spoiled ${offer.key}`, 'refused', offer, problems)
  }

  #reject(key: string, mode: 'refused' | 'behind', { origin, version, sha256 }: Offer, problems: readonly Problem[]): Event {
    const event = this.#report.trouble(key, mode, { kind: 'rejected', origin, problems })
    if (event !== undefined) this.#outcome = { version, sha256, status: 'rejected', error: summary(problems) }
    return event
  }
}

function summary(problems: readonly Problem[]): string {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('\n')
}
