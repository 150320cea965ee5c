// Which question comes next to a registry, for the endpoints of a service and for the catalogue alike: a blocking one, a full
// reading, or one that confirms a suspicion.
import type { Hold } from './guard.ts'
import type { Ask } from './reading.ts'

/** Between two full readings, which check that the feed of changes missed nothing; milliseconds, ± 20 %. */
const RESYNC = 300_000
/** A question that waits for a confirmation to be due waits at least so long, milliseconds. */
const LEAST_WAIT = 1000

/** The moment of a transition. */
export interface Moment {
  /** Monotonic milliseconds. */
  readonly now: number
  /** Wall clock, milliseconds. */
  readonly wall: number
  /** Uniform in [0, 1). */
  readonly random: number
}

/** A question of a watch, which knows what it is about; and whether it only checks that the feed of changes missed nothing. */
export interface Question {
  readonly ask: Omit<Ask, 'ref' | 'known'>
  readonly resync: boolean
}

/** What decides on the next question. */
export interface Asked {
  /** Version of the last answer. */
  readonly token: string | undefined
  /** A suspicion under confirmation. */
  readonly hold: Hold | undefined
  /** Failures in a row. */
  readonly failures: number
  /** When the next full reading is due, monotonic milliseconds. */
  readonly resyncAt: number
}

/** The next question. `wait` is how long a blocking query may take, 0 where the source is polled. */
export function nextQuestion(asked: Asked, wait: number, now: number): Question {
  const question = choose(asked, wait, now)
  return asked.token === undefined ? question : { ...question, ask: { ...question.ask, seen: asked.token } }
}

function choose({ hold, token, failures, resyncAt }: Asked, wait: number, now: number): Question {
  // Not after a failure: what confirms may be what fails (a leader that is lost), and what was added must be heard of all the same.
  if (hold !== undefined && failures === 0 && now >= hold.confirmAt) return { ask: { purpose: 'confirm', wait: 0 }, resync: false }
  const resync = now >= resyncAt
  // After a failure the version is not asked with: a registry that came back may count anew, and would not wake us.
  if (token === undefined || resync || failures > 0) return { ask: { purpose: 'full', wait: 0 }, resync }
  if (wait === 0) return { ask: { purpose: 'full', token, wait: 0 }, resync }
  return { ask: { purpose: 'follow', token, wait: hold === undefined ? wait : Math.max(LEAST_WAIT, Math.min(wait, hold.confirmAt - now)) }, resync }
}

/** When the full reading after this one is due. */
export function nextResync({ now, random }: Moment): number {
  return now + RESYNC * (0.8 + 0.4 * random)
}
