// How fast a blocking watch may turn. A quiet resource answers at once when it changes; a hot one is read a few times a
// second; an index that moves without any change, or a registry that does not block, costs one question a second.

/** Between two answers that changed something, milliseconds. */
const GAP = 250
/** For each MiB of an answer, so that parsing stays under a tenth of the time. */
const GAP_PER_MIB = 100
/** Useless answers that are free before the bucket is empty, and how fast it fills (milliseconds a token). */
const BURST = 3
const REFILL = 1000

/** A token bucket for useless answers and a gap after useful ones. Times are monotonic milliseconds. */
export interface Pace {
  /** Milliseconds to wait before the next question, after an answer that came at `now`. */
  next(now: number, changed: boolean, bytes: number): number
}

/** Makes the pace of one watch. */
export function createPace(): Pace {
  let tokens = BURST
  let filled = 0
  let lastChange = -Infinity
  return {
    next(now, changed, bytes) {
      const size = (bytes / 2 ** 20) * GAP_PER_MIB
      tokens = Math.min(BURST, tokens + (now - filled) / REFILL)
      filled = now
      if (changed) {
        // The first change after a calm is followed at once: the one that belongs to it often comes right behind.
        const calm = now - lastChange > GAP * 4
        lastChange = now
        return Math.max(calm ? 0 : GAP, size)
      }
      tokens -= 1
      return Math.max(tokens < 0 ? -tokens * REFILL : 0, size)
    },
  }
}
