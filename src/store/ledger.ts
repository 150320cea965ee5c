// What a gateway remembers about the offers of a store: what it holds, what it refused and why, and what it still has to tell
// the publisher. No I/O; every event leaves through it, so each trouble is said once.
import type { TableConfig } from '../model/table-config.ts'
import type { Platform } from '../model/platform.ts'
import type { Problem, StoreEvent, StoreStatus } from '../model/store.ts'
import type { Held, Verdict } from './accept.ts'
import { problem } from './read-table.ts'
import { createReporter } from './report.ts'

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

export interface Ledger {
  held(): Held
  /** Ends the matter without reading the offer (with or without an event), or `read` when it must be read. */
  settleUnread(verdict: Verdict, offer: Offer, now: number): { readonly event: Event } | 'read'
  take(offer: Offer, held: Held, table: TableConfig, text: string): StoreEvent
  refuse(offer: Offer, problems: readonly Problem[]): Event
  /** Damaged on its way or in the store: refused for a while only. */
  spoil(offer: Offer, what: string, now: number): Event
  /** The store cannot be read; `topic` tells this trouble from other, default its message. */
  unavailable(origin: string, message: string, topic?: string): Event
  /** The store cannot be read, and asking again cannot help. */
  misconfigured(origin: string, message: string, topic: string): Event
  /** The store answers and holds no table. */
  lost(origin: string, message: string): Event
  /** What the store holds names no table. */
  nonsense(origin: string, what: Problem): Event
  /** The same version under a new epoch. */
  rename(held: Held): void
  /** The gateway's word about what it was given; false when it speaks of something else. */
  settle(origin: string, status: 'applied' | 'rejected', detail: string): boolean
  /** The last outcome that nobody has asked for yet. */
  takeOutcome(): Outcome | undefined
  /** How the store was at the last look. */
  status(): StoreStatus
}

/** `store` names it in its status; `resume` is what an earlier run held. */
export function createLedger(store: string, resume: Held, platform: Pick<Platform, 'wallClock'>): Ledger {
  const report = createReporter(store, platform)
  let held = resume
  let delivered: { readonly offer: Offer; readonly held: Held; readonly before: Held } | undefined
  let refused: { readonly key: string; readonly problems: readonly Problem[] } | undefined
  let spoiled: { readonly offer: Offer; readonly problems: readonly Problem[]; readonly until: number } | undefined
  let outcome: Outcome | undefined

  function refuse(offer: Offer, problems: readonly Problem[], mode: 'refused' | 'behind' = 'refused'): Event {
    refused = { key: offer.key, problems }
    return reject(offer.key, mode, offer, problems)
  }

  function saySpoiled(offer: Offer, problems: readonly Problem[]): Event {
    return reject(`spoiled ${offer.key}`, 'refused', offer, problems)
  }

  function reject(key: string, mode: 'refused' | 'behind', { origin, version, sha256 }: Offer, problems: readonly Problem[]): Event {
    const event = report.trouble(key, mode, { kind: 'rejected', origin, problems })
    if (event !== undefined) outcome = { version, sha256, status: 'rejected', error: summary(problems) }
    return event
  }

  function lost(origin: string, message: string): Event {
    return report.trouble(message, 'absent', { kind: 'unavailable', origin, message })
  }

  return {
    held: () => held,
    settleUnread(verdict, offer, now) {
      // After a restart the same version must be delivered once more: nobody has it yet.
      if (verdict.kind === 'same' && delivered !== undefined) return { event: report.fine(offer.origin) }
      if (verdict.kind === 'lost') return { event: lost(offer.origin, verdict.message) }
      if (verdict.kind === 'refuse') return { event: refuse(offer, [problem(verdict.message, verdict.hint)], verdict.isOlder ? 'behind' : 'refused') }
      if (refused?.key === offer.key) return { event: refuse(offer, refused.problems) }
      if (spoiled?.offer.key === offer.key && now < spoiled.until) return { event: saySpoiled(offer, spoiled.problems) }
      return 'read'
    },
    take(offer, taken, table, text) {
      delivered = { offer, held: taken, before: held }
      held = taken
      refused = undefined
      spoiled = undefined
      report.delivered()
      return { kind: 'table', table, origin: offer.origin, saved: { text, mark: JSON.stringify(taken) } }
    },
    refuse,
    spoil(offer, what, now) {
      const problems = [problem(`${offer.origin} is damaged: ${what}`, 'publish the table again')]
      spoiled = { offer, problems, until: now + SPOILED_RETRY }
      return saySpoiled(offer, problems)
    },
    unavailable: (origin, message, topic = message) => report.trouble(topic, 'unreachable', { kind: 'unavailable', origin, message }),
    misconfigured: (origin, message, topic) => report.trouble(topic, 'unreachable', { kind: 'rejected', origin, problems: [problem(message)] }),
    lost,
    nonsense: (origin, what) => report.trouble(what.message, 'refused', { kind: 'rejected', origin, problems: [what] }),
    rename(same) {
      if (delivered?.held === held) delivered = { ...delivered, held: same }
      held = same
    },
    settle(origin, status, detail) {
      if (delivered?.offer.origin !== origin) return false
      const { offer, before } = delivered
      if (status === 'rejected' && held === delivered.held) {
        // The gateway goes on with what it had, so that is what later offers are measured against.
        held = before
        refuse(offer, [problem(detail)])
      }
      outcome = { version: offer.version, sha256: offer.sha256, status, error: status === 'rejected' ? detail : '' }
      return true
    },
    takeOutcome() {
      const taken = outcome
      outcome = undefined
      return taken
    },
    status: report.status,
  }
}

function summary(problems: readonly Problem[]): string {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('\n')
}
