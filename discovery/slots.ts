// A bound on things done at once: questions to one registry, connections held by blocking queries.
import { ENDED } from '../src/model/life.ts'
import type { Platform } from '../src/model/platform.ts'

/** Slots that are taken and given back. */
export interface Slots {
  /** Takes a free slot, or says that there is none. */
  tryTake(): boolean
  /** Takes a slot when one is free, first come first served, those that are `urgent` (default false) before all others. False when the signal was aborted before. */
  take(signal: AbortSignal, urgent?: boolean): Promise<boolean>
  give(): void
  /** Slots free now. */
  free(): number
}

/** Gives a slot back with the answer, or after `ms` milliseconds when that takes longer; `late` is called then, before. */
export async function holding<T>(platform: Pick<Platform, 'sleep'>, slots: Slots, ms: number, work: Promise<T>, late = (): void => {}): Promise<T> {
  const answered = new AbortController()
  const given = platform.sleep(ms, answered.signal).then(() => {
    if (!answered.signal.aborted) late()
    slots.give()
  })
  try {
    return await work
  } finally {
    answered.abort(ENDED)
    await given
  }
}

/** Makes `count` free slots. */
export function createSlots(count: number): Slots {
  let free = count
  const urgently = new Set<(taken: boolean) => void>()
  const patiently = new Set<(taken: boolean) => void>()
  return {
    tryTake() {
      if (free === 0) return false
      free--
      return true
    },
    take(signal, urgent = false) {
      if (signal.aborted) return Promise.resolve(false)
      if (this.tryTake()) return Promise.resolve(true)
      const waiting = urgent ? urgently : patiently
      return new Promise((resolve) => {
        const leave = (): void => settle(false)
        const settle = (taken: boolean): void => {
          waiting.delete(settle)
          signal.removeEventListener('abort', leave)
          resolve(taken)
        }
        waiting.add(settle)
        signal.addEventListener('abort', leave)
      })
    },
    give() {
      const next = urgently.values().next().value ?? patiently.values().next().value
      if (next === undefined) free++
      else next(true)
    },
    free: () => free,
  }
}
