// Entries of one host filed by their path, so that a request meets only those that can match: a map of exact paths, a tree of
// segments for templates and prefixes, regular expressions, and entries without a path. Never asks more than a request needs:
// a part whose best rank is already beaten is left out, and the conditions that the filing proves are not tested again.
import type { RequestHead } from '../model/request.ts'
import type { Condition, DecideContext, Entry } from '../model/route.ts'
import { exactPath, segmentEnd } from './path.ts'

/** An entry with the conditions that remain when host and path are known to hold. */
export interface FiledEntry extends Entry {
  readonly remaining: readonly Condition[]
  /** Its conditions on host and path; undefined without one. */
  readonly onHost: Condition | undefined
  readonly onPath: Condition | undefined
}

/** The best so far; a plain `undefined` is worse than every entry. */
export type Best = FiledEntry | undefined

/** Filled in order of rank: the first entry of each bucket is its best. */
export class PathIndex {
  /** Rank of the best entry in here. */
  readonly best: number
  #exact: Map<string, FiledEntry[]> | undefined
  #tree: TreeNode | undefined
  #regexes: FiledEntry[][] | undefined
  #any: FiledEntry[] | undefined

  constructor(first: FiledEntry) {
    this.best = first.rank
  }

  /** Files an entry; its rank is above that of all filed before. */
  add(entry: FiledEntry): void {
    const { path } = entry
    if (path === undefined) (this.#any ??= []).push(entry)
    else if (path.kind === 'regex') this.#addRegex(entry, path.pattern)
    else {
      const exact = exactPath(path)
      if (exact !== undefined) push((this.#exact ??= new Map()), exact, entry)
      else (this.#tree ??= new TreeNode(entry.rank)).add(path.segments, 0, path.rest, entry)
    }
  }

  /** The entry of lowest rank that matches, if it is better than `best`. */
  find(head: RequestHead, context: DecideContext, best: Best): Best {
    const path = head.matchPath
    if (this.#exact !== undefined) {
      const bucket = this.#exact.get(path)
      if (bucket !== undefined) best = firstHolding(bucket, head, context, best)
    }
    if (this.#tree !== undefined && path.startsWith('/')) best = this.#tree.find(path, 0, head, context, best)
    if (this.#regexes !== undefined) best = this.#findRegex(this.#regexes, head, context, best)
    return this.#any === undefined ? best : firstHolding(this.#any, head, context, best)
  }

  #addRegex(entry: FiledEntry, pattern: string): void {
    const regexes = (this.#regexes ??= [])
    const same = regexes.find(([first]) => first?.path?.kind === 'regex' && first.path.pattern === pattern)
    if (same === undefined) regexes.push([entry])
    else same.push(entry)
  }

  #findRegex(regexes: readonly FiledEntry[][], head: RequestHead, context: DecideContext, best: Best): Best {
    for (const bucket of regexes) {
      const first = bucket[0]
      if (first === undefined || isBeaten(first.rank, best)) break
      if (first.onPath?.test(head, context) === true) best = firstHolding(bucket, head, context, best)
    }
    return best
  }
}

/** One segment of the tree. A request visits each node at most once, whatever it sends. */
class TreeNode {
  readonly best: number
  #literals: Map<string, TreeNode> | undefined
  #param: TreeNode | undefined
  /** Entries whose pattern ends here. */
  #end: FiledEntry[] | undefined
  /** Entries whose pattern is this prefix and all below it. */
  #rest: FiledEntry[] | undefined

  constructor(best: number) {
    this.best = best
  }

  add(segments: readonly { readonly kind: 'literal' | 'param'; readonly text?: string }[], depth: number, rest: boolean, entry: FiledEntry): void {
    const segment = segments[depth]
    if (segment === undefined) {
      if (rest) (this.#rest ??= []).push(entry)
      else (this.#end ??= []).push(entry)
      return
    }
    this.#childFor(segment, entry.rank).add(segments, depth + 1, rest, entry)
  }

  /** `at` is the slash before the next segment, or the end of the path. The most specific branch is walked first, since it mostly wins and closes the others. */
  find(path: string, at: number, head: RequestHead, context: DecideContext, best: Best): Best {
    if (isBeaten(this.best, best)) return best
    if (at < path.length) {
      const end = segmentEnd(path, at + 1)
      if (this.#literals !== undefined) {
        const child = this.#literals.get(path.slice(at + 1, end))
        if (child !== undefined) best = child.find(path, end, head, context, best)
      }
      if (this.#param !== undefined && end > at + 1) best = this.#param.find(path, end, head, context, best)
    } else if (this.#end !== undefined) best = firstHolding(this.#end, head, context, best)
    return this.#rest === undefined ? best : firstHolding(this.#rest, head, context, best)
  }

  #childFor(segment: { readonly kind: 'literal' | 'param'; readonly text?: string }, rank: number): TreeNode {
    if (segment.kind === 'param') return (this.#param ??= new TreeNode(rank))
    const literals = (this.#literals ??= new Map())
    const text = segment.text ?? ''
    let child = literals.get(text)
    if (child === undefined) literals.set(text, (child = new TreeNode(rank)))
    return child
  }
}

function isBeaten(rank: number, best: Best): boolean {
  return best !== undefined && best.rank < rank
}

/** The first of a bucket, in order of rank, whose remaining conditions hold. */
function firstHolding(bucket: readonly FiledEntry[], head: RequestHead, context: DecideContext, best: Best): Best {
  for (const entry of bucket) {
    if (isBeaten(entry.rank, best)) return best
    if (holds(entry.remaining, head, context)) return entry
  }
  return best
}

function holds(conditions: readonly Condition[], head: RequestHead, context: DecideContext): boolean {
  for (const condition of conditions) if (!condition.test(head, context)) return false
  return true
}

function push(map: Map<string, FiledEntry[]>, key: string, entry: FiledEntry): void {
  const bucket = map.get(key)
  if (bucket === undefined) map.set(key, [entry])
  else bucket.push(entry)
}
