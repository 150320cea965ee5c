// Draws an index with given odds in constant time (Vose's alias method): each of n columns holds at most two indices.

export interface Draw {
  /** Index into the shares; `roll` is uniform in [0, 1). */
  index(roll: number): number
}

/** Odds are the shares, which must be positive and sum to 1. */
export function createDraw(shares: Float64Array): Draw {
  const count = shares.length
  const odds = shares.map((share) => share * count)
  const other = Uint32Array.from(shares, (_, i) => i)
  fillColumns(odds, other)
  return {
    index(roll) {
      const at = roll * count
      const column = Math.min(count - 1, Math.floor(at))
      return at - column < (odds[column] as number) ? column : (other[column] as number)
    },
  }
}

function fillColumns(odds: Float64Array, other: Uint32Array): void {
  const small: number[] = []
  const large: number[] = []
  odds.forEach((share, i) => (share < 1 ? small : large).push(i))
  for (let low = small.pop(), high = large.at(-1); low !== undefined && high !== undefined; low = small.pop(), high = large.at(-1)) {
    other[low] = high
    odds[high] = (odds[high] as number) - (1 - (odds[low] as number))
    if ((odds[high] as number) < 1) {
      large.pop()
      small.push(high)
    }
  }
}
