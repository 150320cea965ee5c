// How much goes into one message to a worker: by length, since a route or an endpoint may be a hundred bytes or a hundred thousand.

/** Bytes in a piece: a few tenths of a millisecond's work, and what a socket takes at once. */
export const PIECE = 64_000
/** What the smallest item counts as: short ones are work as well. So a piece has 200 items at most. */
const ITEM = 320

/** Room in one piece. The last item may stand out, so that one that is longer than a piece goes as well. */
export class Room {
  private left = PIECE

  get isOpen(): boolean {
    return this.left > 0
  }

  /** Whether there was room left for an item, which is then taken. */
  readonly admits = (item: unknown): boolean => {
    if (!this.isOpen) return false
    this.left -= Math.max(ITEM, sizeOf(item))
    return true
  }
}

/** Bytes of plain data as JSON, roughly: what JSON escapes and what UTF-8 widens counts as one. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3
  if (typeof value !== 'object' || value === null) return 6
  let size = 2
  if (Array.isArray(value)) for (const item of value) size += sizeOf(item)
  else for (const key in value) size += key.length + 4 + sizeOf((value as Record<string, unknown>)[key])
  return size
}
