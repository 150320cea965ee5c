// Buckets of the latency histogram.

/** Upper bounds in milliseconds, ascending; one further bucket holds what is above. Fine below 25 ms, where a gateway spends its day. */
export const BOUNDS_MS: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]

export const BUCKETS = BOUNDS_MS.length + 1

/** Index of the bucket of a duration in milliseconds. */
export function bucketOf(durationMs: number): number {
  let index = 0
  // From the front: most requests end in the first few.
  while (index < BOUNDS_MS.length && durationMs > (BOUNDS_MS[index] as number)) index++
  return index
}
