// Asking a registry once, in bounded time, and waiting for the next time: what the loops of endpoints and of catalogues share.
import type { Platform } from '../src/model/platform.ts'
import { inTime, withDeadline } from './deadline.ts'
import type { Moment } from './question.ts'
import type { Ask, Trouble } from './reading.ts'
import { saidBy } from './text.ts'

/** Longest time of a question that does not block, milliseconds. A Consul without leader answers after 8 s. */
const QUESTION_DEADLINE = 10_000
/** Added to the wait of a blocking query and the sixteenth that registries add themselves. */
const SLACK = 5000
/** Where a source should block but cannot (no version, no connection left for it), milliseconds. */
const POLL_INSTEAD = 10_000
/** Least time between a question and one that a hint asks for: the first change after a calm is read at once, those that come with it together. */
const DEBOUNCE = 100

/** The answer, or `failed` when it throws or takes too long. Never rejects. */
export function answerOf<R extends { readonly kind: string }>(platform: Platform, ask: Pick<Ask, 'purpose' | 'wait'>, signal: AbortSignal, read: (signal: AbortSignal) => Promise<R>): Promise<R | Trouble> {
  const deadline = ask.purpose === 'follow' ? ask.wait * (17 / 16) + SLACK : QUESTION_DEADLINE
  return withDeadline<R | Trouble>(platform, deadline, signal, (own) => read(own).then((answer) => inTime(answer, own)), failed).catch(failed)
}

function failed(error: unknown): Trouble {
  return { kind: 'failed', message: saidBy(error) }
}

/** Milliseconds until a source is polled again: by its own rhythm, or by ours where it should block and cannot. */
export function pollAfter(every: number | undefined, platform: Platform): number {
  return (every ?? POLL_INSTEAD) * (0.9 + 0.2 * platform.random())
}

/** Waits, or less when a hint comes. */
export async function sleepOrHint(platform: Platform, ms: number, hint: ((signal: AbortSignal) => Promise<void>) | undefined, signal: AbortSignal): Promise<void> {
  if (hint === undefined) return platform.sleep(ms, signal)
  // A feed of hints that fails is no hint; the poll goes on without it.
  const hinted = async (own: AbortSignal): Promise<boolean> => hint(own).then(() => true, () => new Promise<boolean>(() => {}))
  const asked = platform.now()
  if (!(await withDeadline(platform, ms, signal, hinted, () => false))) return
  const early = asked + DEBOUNCE - platform.now()
  if (early > 0) await platform.sleep(early, signal)
}

/** What a transition may know of the time. */
export function momentOf(platform: Platform): Moment {
  return { now: platform.now(), wall: platform.wallClock(), random: platform.random() }
}
