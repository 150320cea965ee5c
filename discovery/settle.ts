// What an answer means beside what it says, for the endpoints of a service and for the catalogue alike: what the next question
// depends on, and what of it is told.
import type { ReadOutcome } from '../src/model/discoverer.ts'
import { interrupt } from './guard.ts'
import { nextResync, type Asked, type Moment, type Question } from './question.ts'

/** A state that an answer may change. */
interface State extends Asked {
  /** The last answer that was believed; undefined before the first. */
  readonly accepted: unknown
}

/** An answer that was taken in. */
export interface Answered<S> {
  readonly before: S
  readonly after: S
  readonly question: Question
  readonly outcome: ReadOutcome
  /** Whether a feed of changes should have told what is new in it. */
  readonly unheard: boolean
}

/** Completes the state after an answer. */
export function settle<S extends State>({ before, after, question, outcome, unheard }: Answered<S>, moment: Moment): { readonly progress: S; readonly believed: boolean; readonly missedChange: boolean } {
  const { failures } = after
  const hold = failures > 0 ? interrupt(before.hold, question.ask, failures, moment) : after.hold
  const resyncAt = question.resync && failures === 0 ? nextResync(moment) : after.resyncAt
  return {
    progress: { ...after, hold, resyncAt },
    believed: failures === 0 && hold === undefined && outcome !== 'denied',
    missedChange: unheard && before.accepted !== undefined && before.failures === 0 && failures === 0 && after.accepted !== before.accepted,
  }
}
