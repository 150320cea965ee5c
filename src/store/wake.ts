// A bell between something that hints (a subscription, a file watcher) and a loop that reads. Any number of rings before the
// loop looks are one ring, so a flood of hints costs one read at a time and no memory.
import { lifeWithin } from '../model/life.ts'
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
        const nap = lifeWithin(signal)
        stopNap = () => nap.end()
        await platform.sleep(ms, nap.signal)
        nap.end()
      }
      const was = rung
      rung = false
      return was
    },
  }
}
