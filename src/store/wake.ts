// A bell between something that hints (a subscription, a file watcher) and a loop that reads. Any number of rings before the
// loop looks are one ring, so a flood of hints costs one read at a time and no memory.
import type { Platform } from '../model/platform.ts'

/** A bell with one place to wait at. */
export interface Wake {
  ring(): void
  /** Resolves at a ring, after `ms` milliseconds, or when the signal is aborted; true for a ring. A ring that came before counts. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>
}

export function createWake(platform: Pick<Platform, 'sleep'>): Wake {
  let rung = false
  let stopNap = (): void => {}
  return {
    ring() {
      rung = true
      stopNap()
    },
    async wait(ms, signal) {
      if (!rung && !signal.aborted) {
        const nap = new AbortController()
        stopNap = () => nap.abort()
        signal.addEventListener('abort', stopNap)
        await platform.sleep(ms, nap.signal)
        signal.removeEventListener('abort', stopNap)
      }
      const was = rung
      rung = false
      return was
    },
  }
}
