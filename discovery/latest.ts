// A channel that holds only the newest value, read no faster than a given gap: a storm of changes costs its reader little.
import { lifeWithin } from '../src/model/life.ts'
import type { Platform } from '../src/model/platform.ts'

/** A channel from one writer to one reader. */
export interface Latest<T> {
  /** Replaces what the reader has not taken yet. */
  put(value: T): void
  /** No more values: the reader gets the last one and ends. */
  end(): void
  /** What was put, newest only, at most one each `gap` milliseconds. Ends at once when the signal is aborted. */
  values(signal: AbortSignal): AsyncGenerator<T, void>
}

/** Least time between two values for whoever follows a registry, milliseconds: a storm of changes is applied four times a second. */
export const APPLY_GAP = 250

/** Makes an empty channel. The first value after a calm is given at once. */
export function createLatest<T>(platform: Platform, gap: number): Latest<T> {
  let waiting: { readonly value: T } | undefined
  let ended = false
  let wake = (): void => {}
  return {
    put(value) {
      waiting = { value }
      wake()
    },
    end() {
      ended = true
      wake()
    },
    async *values(signal) {
      let freeAt = -Infinity
      while (!signal.aborted) {
        if (waiting === undefined && ended) return
        if (waiting === undefined) {
          await new Promise<void>((resolve) => (wake = onceOrAborted(resolve, signal)))
          continue
        }
        // One look at the clock: at a second one the time might be over, and the sleep negative.
        const early = freeAt - platform.now()
        if (early > 0) await platform.sleep(early, signal)
        else {
          const { value } = waiting
          waiting = undefined
          freeAt = platform.now() + gap
          yield value
        }
      }
    },
  }
}

/**
 * What a piece of work puts, as by a channel of its own. The work's signal is aborted when the given one is or the reader leaves, and
 * it has ended when the values have. Nothing is started when the signal is aborted already.
 */
export async function* latestOf<T>(platform: Platform, gap: number, signal: AbortSignal, run: (signal: AbortSignal, put: (value: T) => void) => Promise<void>): AsyncGenerator<T, void> {
  if (signal.aborted) return
  const life = lifeWithin(signal)
  const latest = createLatest<T>(platform, gap)
  const work = run(life.signal, (value) => latest.put(value)).finally(() => latest.end())
  try {
    yield* latest.values(life.signal)
  } finally {
    // Also when the reader leaves early.
    life.end()
    await work
  }
}

function onceOrAborted(resolve: () => void, signal: AbortSignal): () => void {
  const done = (): void => {
    signal.removeEventListener('abort', done)
    resolve()
  }
  signal.addEventListener('abort', done)
  return done
}
