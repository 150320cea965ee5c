// A bound on the time of one piece of work, on the platform's clock.
import { lifeWithin } from '../src/model/life.ts'
import type { Platform } from '../src/model/platform.ts'

/** After the deadline, for the work to say itself what was late, milliseconds. It may say nothing else then, see `inTime`. */
const GRACE = 100

/** Why the signal of a piece of work is aborted when its time is over. */
export class Late extends Error {
  constructor(ms: number) {
    super(`no answer within ${Math.round(ms / 1000)} s`)
    this.name = 'Late'
  }
}

/**
 * What `run` gives, or `late()` when it takes longer than `ms` milliseconds or the signal is aborted. The signal that `run`
 * gets is aborted then, with a `Late` for the deadline; a `run` that does not heed it is left behind.
 */
export function withDeadline<T>(platform: Platform, ms: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>, late: (reason: Late) => T): Promise<T> {
  // Thousands of questions wait at once in a large estate, and what each is made of is garbage when it ends: no async function, and no race.
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) return resolve(late(new Late(ms)))
    const life = lifeWithin(signal)
    let isDone = false
    const done = <V>(settle: (value: V) => void, value: V): void => {
      isDone = true
      life.end()
      settle(value)
    }
    const sayLate = (reason: Late): void => {
      if (isDone) return
      try {
        done(resolve, late(reason))
      } catch (error) {
        done(reject, error)
      }
    }
    const end = (): void => {
      // Nobody waits any more, and this would cost a timer and an error with its stack for each piece of work.
      if (isDone) return
      const reason = new Late(ms)
      life.end(reason)
      void platform.sleep(GRACE, signal).then(() => sayLate(reason))
    }
    void platform.sleep(ms, life.signal).then(end)
    try {
      run(life.signal).then(
        (answer) => done(resolve, answer),
        (error: unknown) => done(reject, error),
      )
    } catch (error) {
      done(reject, error)
    }
  })
}

/**
 * The answer of a question to a registry, unless its time was over. In the grace only what went wrong is heard: a source that waits on
 * what it keeps itself (a watch, a feed, a file that is still) is woken by the deadline too, and what it then says out of that is old, and would count as confirmed.
 */
export function inTime<T extends { readonly kind: string }>(answer: T, signal: AbortSignal): T | { readonly kind: 'failed'; readonly message: string } {
  const late: unknown = signal.reason
  return !(late instanceof Late) || answer.kind === 'failed' || answer.kind === 'denied' ? answer : { kind: 'failed', message: late.message }
}
