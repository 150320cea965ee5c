// Entries that the index files in one place, in order of rank. They are chained through the entries themselves: with 100,000
// routes, each array left out is two places in memory that a request does not wait for.
import type { RequestHead } from '../model/request.ts'
import type { Condition, DecideContext, Entry } from '../model/route.ts'

/** An entry with what the index needs of it. */
export interface FiledEntry extends Entry {
  /** Conditions left when host and path are known to hold. */
  readonly remaining: readonly Condition[]
  /** Its conditions on host and path; undefined without one. */
  readonly onHost: Condition | undefined
  readonly onPath: Condition | undefined
  /** The next of its bucket, of higher rank. Set once, while the index is filled. */
  next: FiledEntry | undefined
}

/** The best entry so far; undefined is worse than every entry. */
export type Best = FiledEntry | undefined

/** Whether an entry of this rank would still win. */
export function canBeat(rank: number, best: Best): boolean {
  return best === undefined || rank < best.rank
}

/** Puts an entry before a bucket of entries of higher rank, and returns the bucket: its first entry. */
export function prepend(entry: FiledEntry, bucket: FiledEntry | undefined): FiledEntry {
  entry.next = bucket
  return entry
}

/** The first of a bucket whose remaining conditions hold, unless `best` is better. */
export function firstHolding(bucket: FiledEntry | undefined, head: RequestHead, context: DecideContext, best: Best): Best {
  for (let entry = bucket; entry !== undefined && canBeat(entry.rank, best); entry = entry.next) {
    if (allHold(entry.remaining, head, context)) return entry
  }
  return best
}

function allHold(conditions: readonly Condition[], head: RequestHead, context: DecideContext): boolean {
  for (let i = 0; i < conditions.length; i++) if (conditions[i]?.test(head, context) !== true) return false
  return true
}
