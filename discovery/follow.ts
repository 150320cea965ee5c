// The loop of one watch: ask, take the answer in, tell the reader, wait as long as is right, ask again.
import type { EndpointSet } from '../src/model/endpoint.ts'
import type { ServiceRef, WatchOptions } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import { answerOf, momentOf, pollAfter, sleepOrHint } from './asking.ts'
import { backoff } from './backoff.ts'
import { createPace, type Pace } from './pace.ts'
import { advance, begin, inUse, type Progress, type Trust } from './progress.ts'
import { nextQuestion } from './question.ts'
import type { Ask, Reading, Source } from './reading.ts'
import type { Slots } from './slots.ts'
import { SILENT, type Turns } from './turns.ts'

/** A watch that already has endpoints starts within this time, so that a fleet that restarts does not ask in step. */
const START_JITTER = 500

/** Everything the loop works with. */
export interface Following {
  readonly source: Source
  readonly platform: Platform
  readonly trust: Trust
  readonly turns: Turns
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
    const question = nextQuestion(progress, blocks && source.changes.kind === 'block' ? source.changes.wait : 0, platform.now())
    const reading = await read(to, { ref, known: inUse(progress), ...question.ask }, signal)
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
  const turn = follows ? 'taken' : await to.turns.take(signal)
  if (turn !== 'taken') return { kind: 'failed', message: turn === 'silent' ? SILENT : 'stopped' }
  const reading = await answerOf<Reading>(to.platform, ask, signal, (own) => to.source.read(ask, own, signal))
  if (!follows) to.turns.give()
  if (reading.kind !== 'failed') to.turns.answered()
  return reading
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
  const every = holds === undefined ? pollAfter(source.changes.kind === 'poll' ? source.changes.every : undefined, platform) : holds * (1 + 0.1 * platform.random())
  const until = Math.max(0, Math.min(every, (progress.hold?.confirmAt ?? Infinity) - now))
  const hint = source.changes.kind === 'poll' ? source.changes.hint : undefined
  await sleepOrHint(platform, until, hint && ((own) => hint(ref, own)), signal)
}
