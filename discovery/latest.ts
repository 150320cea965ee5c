// A channel that holds only the newest value, read no faster than a given gap: a storm of changes costs its reader little.
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

function onceOrAborted(resolve: () => void, signal: AbortSignal): () => void {
  const done = (): void => {
    signal.removeEventListener('abort', done)
    resolve()
  }
  signal.addEventListener('abort', done)
  return done
}
