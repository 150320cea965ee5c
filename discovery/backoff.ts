// How long to wait after failures: exponential with full jitter, so that the gateways of a fleet do not come back in step.

const FIRST = 250
const CAP = 30_000
/** The longest wait that a registry may ask for by Retry-After. */
const MAX_ASKED = 120_000
// Full jitter may draw zero; a registry that refuses at once must not be asked in a tight loop.
const FLOOR = 50

/**
 * Milliseconds before the next try.
 * @param failures failures in a row, from 1
 * @param random uniform in [0, 1)
 * @param cap upper bound in milliseconds, default 30 s
 * @param asked what the registry asked for, in milliseconds; respected up to 2 min
 */
export function backoff(failures: number, random: number, cap: number = CAP, asked: number = 0): number {
  const bound = Math.min(cap, FIRST * 2 ** Math.min(failures - 1, 16))
  return Math.max(FLOOR, random * bound, Math.min(asked, MAX_ASKED))
}
