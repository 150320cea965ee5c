// Entries of one host filed by their path, so that a request meets only those that can match: a map of exact paths, a tree of
// segments for templates and prefixes, regular expressions, and entries without a path. What is already beaten is left out,
// and the conditions that the filing proves are not tested again.
import type { RequestHead } from '../model/request.ts'
import type { DecideContext } from '../model/route.ts'
import { type Best, type FiledEntry, canBeat, firstHolding, prepend } from './bucket.ts'
import { exactPath } from './path.ts'
import { SegmentNode } from './segment-node.ts'

/** Filled from the last entry to the best, then sealed. */
export class PathIndex {
  /** Rank of the best entry in here. */
  best = Number.POSITIVE_INFINITY
  #exact: Map<string, FiledEntry> | undefined
  #tree: SegmentNode | undefined
  /** Entries for the path `/**`: kept out of the tree, since so many hosts have nothing else. */
  #below: FiledEntry | undefined
  #any: FiledEntry | undefined
  #regexes: Map<string, FiledEntry> | undefined
  /** First entries of the buckets in `#regexes`, best first. */
  #ranked: readonly FiledEntry[] | undefined

  /** Files an entry; its rank is below that of all filed before. */
  add(entry: FiledEntry): void {
    const { path } = entry
    this.best = entry.rank
    if (path === undefined) this.#any = prepend(entry, this.#any)
    else if (path.kind === 'regex') this.#regexes = prependIn(this.#regexes, path.pattern, entry)
    else if (path.rest && path.segments.length === 0) this.#below = prepend(entry, this.#below)
    else {
      const exact = exactPath(path)
      if (exact !== undefined) this.#exact = prependIn(this.#exact, exact, entry)
      else (this.#tree ??= new SegmentNode()).add(path.segments, 0, path.rest, entry)
    }
  }

  /** To be called once, when everything is filed. */
  seal(): void {
    if (this.#regexes !== undefined) this.#ranked = [...this.#regexes.values()].sort((a, b) => a.rank - b.rank)
  }

  /** The entry of lowest rank that matches, if it is better than `best`. */
  find(head: RequestHead, context: DecideContext, best: Best): Best {
    const path = head.matchPath
    if (this.#exact !== undefined) best = firstHolding(this.#exact.get(path), head, context, best)
    if (path.charCodeAt(0) === SLASH) {
      if (this.#tree !== undefined) best = this.#tree.find(path, 0, head, context, best)
      best = firstHolding(this.#below, head, context, best)
    }
    if (this.#ranked !== undefined) best = findRegex(this.#ranked, head, context, best)
    return firstHolding(this.#any, head, context, best)
  }
}

const SLASH = 47

function findRegex(buckets: readonly FiledEntry[], head: RequestHead, context: DecideContext, best: Best): Best {
  for (const bucket of buckets) {
    if (!canBeat(bucket.rank, best)) break
    if (bucket.onPath?.test(head, context) === true) best = firstHolding(bucket, head, context, best)
  }
  return best
}

function prependIn(map: Map<string, FiledEntry> | undefined, key: string, entry: FiledEntry): Map<string, FiledEntry> {
  const buckets = map ?? new Map<string, FiledEntry>()
  return buckets.set(key, prepend(entry, buckets.get(key)))
}
