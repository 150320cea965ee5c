// The tree of path segments for templates and prefixes: one node for each segment that some pattern has at that place.
import type { PathSegment } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { DecideContext } from '../model/route.ts'
import { type Best, type FiledEntry, canBeat, firstHolding, prepend } from './bucket.ts'
import { segmentEnd } from './path.ts'

/** A request visits each node at most once, whatever it sends, and goes no deeper than the longest pattern. */
export class SegmentNode {
  /** Rank of the best entry here and below. */
  #best = Number.POSITIVE_INFINITY
  /** The literal that leads to `#next`; a map is made for a second one, since most nodes have one child. */
  #text = ''
  #next: SegmentNode | undefined
  #others: Map<string, SegmentNode> | undefined
  #param: SegmentNode | undefined
  /** Entries whose pattern ends here. */
  #end: FiledEntry | undefined
  /** Entries whose pattern is this prefix and everything below it. */
  #rest: FiledEntry | undefined

  /** Files an entry by its segments from `depth` on; its rank is below that of all filed before. */
  add(segments: readonly PathSegment[], depth: number, rest: boolean, entry: FiledEntry): void {
    this.#best = entry.rank
    const segment = segments[depth]
    if (segment !== undefined) this.#childFor(segment).add(segments, depth + 1, rest, entry)
    else if (rest) this.#rest = prepend(entry, this.#rest)
    else this.#end = prepend(entry, this.#end)
  }

  /**
   * `at` is the slash before the next segment, or the end of the path. The most specific branch is walked first: it mostly
   * wins, and closes the others.
   */
  find(path: string, at: number, head: RequestHead, context: DecideContext, best: Best): Best {
    if (!canBeat(this.#best, best)) return best
    if (at < path.length) {
      const end = segmentEnd(path, at + 1)
      const child = this.#literalChild(path, at + 1, end)
      if (child !== undefined) best = child.find(path, end, head, context, best)
      if (this.#param !== undefined && end > at + 1) best = this.#param.find(path, end, head, context, best)
    } else best = firstHolding(this.#end, head, context, best)
    return firstHolding(this.#rest, head, context, best)
  }

  #literalChild(path: string, start: number, end: number): SegmentNode | undefined {
    if (this.#next === undefined) return undefined
    const text = path.slice(start, end)
    if (this.#others !== undefined) return this.#others.get(text)
    return text === this.#text ? this.#next : undefined
  }

  #childFor(segment: PathSegment): SegmentNode {
    if (segment.kind === 'param') return (this.#param ??= new SegmentNode())
    if (this.#next === undefined) {
      this.#text = segment.text
      return (this.#next = new SegmentNode())
    }
    if (this.#others === undefined && segment.text === this.#text) return this.#next
    this.#others ??= new Map([[this.#text, this.#next]])
    let child = this.#others.get(segment.text)
    if (child === undefined) this.#others.set(segment.text, (child = new SegmentNode()))
    return child
  }
}
