// The loop of one watch: ask, take the answer in, tell the reader, wait as long as is right, ask again.
import type { EndpointSet } from '../src/model/endpoint.ts'
import type { ServiceRef, WatchOptions } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import { printable } from './admit.ts'
import { backoff } from './backoff.ts'
import { inTime, withDeadline } from './deadline.ts'
import { createPace, type Pace } from './pace.ts'
import { advance, begin, nextQuestion, type Moment, type Progress, type Trust } from './progress.ts'
import type { Ask, Reading, Source } from './reading.ts'
import type { Slots } from './slots.ts'

/** Longest time of a question that does not block, milliseconds. A Consul without leader answers after 8 s. */
const QUESTION_DEADLINE = 10_000
/** Added to the wait of a blocking query and the sixteenth that registries add themselves. */
const SLACK = 5000
/** Where a source should block but cannot (no version, no connection left for it), milliseconds. */
const POLL_INSTEAD = 10_000
/** Least time between a question and one that a hint asks for: the first change after a calm is read at once, those that come with it together. */
const DEBOUNCE = 100
/** A watch that already has endpoints starts within this time, so that a fleet that restarts does not ask in step. */
const START_JITTER = 500

/** Everything the loop works with. */
export interface Following {
  readonly source: Source
  readonly platform: Platform
  readonly trust: Trust
  /** Questions at once. */
  readonly questions: Slots
  /** Blocking queries at once: each holds a connection. */
  readonly blocking: Slots
}

/** Runs until the signal is aborted. `publish` gets every set that differs from the one before. Never rejects. */
export async function follow(to: Following, ref: ServiceRef, signal: AbortSignal, options: WatchOptions, publish: (set: EndpointSet) => void): Promise<void> {
  const { platform, source } = to
  const pace = createPace()
  let progress = begin(options.last, momentOf(platform))
  if (options.last !== undefined) await platform.sleep(platform.random() * START_JITTER, signal)
  while (!signal.aborted) {
    const counted = source.changes.kind === 'block' && source.changes.shared !== true
    const blocks = source.changes.kind === 'block' && progress.token !== undefined && progress.failures === 0 && (!counted || to.blocking.tryTake())
    const question = nextQuestion(progress, ref, blocks && source.changes.kind === 'block' ? source.changes.wait : 0, platform.now())
    const reading = await read(to, question.ask, signal)
    if (blocks && counted) to.blocking.give()
    if (signal.aborted) return
    const next = advance(progress, question, reading, to.trust, momentOf(platform))
    const changed = next.progress.set !== progress.set
    progress = next.progress
    options.observe?.(next.attempt)
    if (changed && progress.set !== undefined) publish(progress.set)
    await pause(to, ref, progress, reading, pace, changed, signal)
  }
}

async function read(to: Following, ask: Ask, signal: AbortSignal): Promise<Reading> {
  const follows = ask.purpose === 'follow'
  if (!follows && !(await to.questions.take(signal))) return { kind: 'failed', message: 'stopped' }
  const deadline = follows ? ask.wait * (17 / 16) + SLACK : QUESTION_DEADLINE
  try {
    return await withDeadline(to.platform, deadline, signal, async (own) => inTime(await to.source.read(ask, own, signal), own), ({ message }): Reading => ({ kind: 'failed', message }))
  } catch (error) {
    return { kind: 'failed', message: printable(error instanceof Error ? error.message : String(error)) }
  } finally {
    if (!follows) to.questions.give()
  }
}

async function pause(to: Following, ref: ServiceRef, progress: Progress, reading: Reading, pace: Pace, changed: boolean, signal: AbortSignal): Promise<void> {
  const { platform, source } = to
  if (reading.kind === 'failed' || reading.kind === 'denied' || progress.failures > 0) {
    const asked = 'retryAfter' in reading ? reading.retryAfter : undefined
    return platform.sleep(backoff(Math.max(1, progress.failures), platform.random(), source.maxBackoff, asked), signal)
  }
  const now = platform.now()
  if (source.changes.kind === 'block' && progress.token !== undefined && (source.changes.shared === true || to.blocking.free() > 0)) {
    return platform.sleep(pace.next(now, changed, reading.kind === 'listed' ? (reading.bytes ?? 0) : 0), signal)
  }
  const holds = reading.kind === 'listed' ? reading.holds : undefined
  // What the registry says is never cut short; a rhythm of our own may be.
  const every = holds === undefined ? (source.changes.kind === 'poll' ? source.changes.every : POLL_INSTEAD) * (0.9 + 0.2 * platform.random()) : holds * (1 + 0.1 * platform.random())
  const until = Math.max(0, Math.min(every, (progress.hold?.confirmAt ?? Infinity) - now))
  await sleepOrHint(to, ref, until, signal)
}

async function sleepOrHint(to: Following, ref: ServiceRef, ms: number, signal: AbortSignal): Promise<void> {
  const hint = to.source.changes.kind === 'poll' ? to.source.changes.hint : undefined
  if (hint === undefined) return to.platform.sleep(ms, signal)
  // A feed of hints that fails is no hint; the poll goes on without it.
  const hinted = async (own: AbortSignal): Promise<boolean> => hint(ref, own).then(() => true, () => new Promise<boolean>(() => {}))
  const asked = to.platform.now()
  if (!(await withDeadline(to.platform, ms, signal, hinted, () => false))) return
  const early = asked + DEBOUNCE - to.platform.now()
  if (early > 0) await to.platform.sleep(early, signal)
}

function momentOf(platform: Platform): Moment {
  return { now: platform.now(), wall: platform.wallClock(), random: platform.random() }
}
