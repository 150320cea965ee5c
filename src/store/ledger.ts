// What a gateway remembers about the offers of a store: what it holds, what it refused and why, and what it still has to tell
// the publisher. No I/O; every event leaves through it, so each trouble is said once.
import type { TableConfig } from '../model/table-config.ts'
import type { Problem, StoreEvent } from '../model/store.ts'
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
  /** Trouble that is not about the content of an offer; `topic` tells it from other trouble, default its message. */
  unavailable(origin: string, message: string, topic?: string): Event
  misconfigured(origin: string, problem: Problem, topic?: string): Event
  /** The same version under a new epoch. */
  rename(held: Held): void
  /** The gateway's word about what it was given; false when it speaks of something else. */
  settle(origin: string, status: 'applied' | 'rejected', detail: string): boolean
  /** The last outcome that nobody has asked for yet. */
  takeOutcome(): Outcome | undefined
}

export function createLedger(resume: Held): Ledger {
  const report = createReporter()
  let held = resume
  let delivered: { readonly offer: Offer; readonly held: Held; readonly before: Held } | undefined
  let refused: { readonly key: string; readonly problems: readonly Problem[] } | undefined
  let spoiled: { readonly key: string; readonly until: number } | undefined
  let outcome: Outcome | undefined

  function refuse(offer: Offer, problems: readonly Problem[]): Event {
    refused = { key: offer.key, problems }
    const event = report.trouble(offer.key, { kind: 'rejected', origin: offer.origin, problems })
    if (event !== undefined) outcome = { version: offer.version, sha256: offer.sha256, status: 'rejected', error: summary(problems) }
    return event
  }

  function unavailable(origin: string, message: string, topic: string = message): Event {
    return report.trouble(topic, { kind: 'unavailable', origin, message })
  }

  return {
    held: () => held,
    settleUnread(verdict, offer, now) {
      // After a restart the same version must be delivered once more: nobody has it yet.
      if (verdict.kind === 'same' && delivered !== undefined) return { event: report.fine(offer.origin) }
      if (verdict.kind === 'lost') return { event: unavailable(offer.origin, verdict.message) }
      if (verdict.kind === 'refuse') return { event: refuse(offer, [problem(verdict.message, verdict.hint)]) }
      if (refused?.key === offer.key) return { event: refuse(offer, refused.problems) }
      if (spoiled?.key === offer.key && now < spoiled.until) return { event: undefined }
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
      spoiled = { key: offer.key, until: now + SPOILED_RETRY }
      const problems = [problem(`${offer.origin} is damaged: ${what}`, 'publish the table again')]
      const event = report.trouble(`spoiled ${offer.key}`, { kind: 'rejected', origin: offer.origin, problems })
      if (event !== undefined) outcome = { version: offer.version, sha256: offer.sha256, status: 'rejected', error: summary(problems) }
      return event
    },
    unavailable,
    misconfigured(origin, what, topic = what.message) {
      return report.trouble(topic, { kind: 'rejected', origin, problems: [what] })
    },
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
  }
}

function summary(problems: readonly Problem[]): string {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('\n')
}
