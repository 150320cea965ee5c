// A bound on the time of one piece of work, on the platform's clock.
import type { Platform } from '../src/model/platform.ts'

/**
 * What `run` gives, or `late()` when it takes longer than `ms` milliseconds or the signal is aborted. The signal that `run`
 * gets is aborted then; a `run` that does not heed it is left behind.
 */
export async function withDeadline<T>(platform: Platform, ms: number, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>, late: () => T): Promise<T> {
  if (signal.aborted) return late()
  const own = new AbortController()
  const abort = (): void => own.abort(signal.reason)
  signal.addEventListener('abort', abort)
  const tooLate = platform.sleep(ms, own.signal).then(() => {
    own.abort(new Error(`took longer than ${ms} ms`))
    return late()
  })
  try {
    return await Promise.race([run(own.signal), tooLate])
  } finally {
    signal.removeEventListener('abort', abort)
    own.abort()
  }
}
