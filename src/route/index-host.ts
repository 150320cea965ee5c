// Entries filed by host, each host with its index of paths: a map of exact hosts, a map of suffixes, regular expressions and
// entries without a host. A table of 100,000 hosts costs a request one look into the first map.
import type { RequestHead } from '../model/request.ts'
import type { Condition, DecideContext, Entry } from '../model/route.ts'
import { countLabels } from './host.ts'
import { type Best, type FiledEntry, PathIndex } from './index-path.ts'

interface RegexHost {
  readonly pattern: string
  readonly condition: Condition
  readonly paths: PathIndex
}

/** The whole table, filed. */
export class HostIndex {
  readonly #exact = new Map<string, PathIndex>()
  readonly #suffixes = new Map<string, PathIndex>()
  readonly #regexes: RegexHost[] = []
  #any: PathIndex | undefined
  /** Rank of the best entry with a suffix. */
  #suffixBest = Number.POSITIVE_INFINITY
  /** Labels of the longest suffix: a host of thousands of labels is asked about no more than these. */
  #suffixLabels = 0

  /** `entries` in order of rank. */
  constructor(entries: readonly FiledEntry[]) {
    for (const entry of entries) this.#pathsFor(entry).add(entry)
  }

  /** The entry of lowest rank whose conditions all hold. */
  find(head: RequestHead, context: DecideContext): Entry | undefined {
    const { host } = head
    const exact = this.#exact.get(host)
    let best: Best = exact === undefined ? undefined : exact.find(head, context, undefined)
    if (canBeat(this.#suffixBest, best)) best = this.#findSuffix(host, head, context, best)
    for (const { condition, paths } of this.#regexes) {
      if (!canBeat(paths.best, best)) break
      if (condition.test(head, context)) best = paths.find(head, context, best)
    }
    return this.#any !== undefined && canBeat(this.#any.best, best) ? this.#any.find(head, context, best) : best
  }

  /** From the shortest suffix to the longest that any entry has; ranks, not this order, say which wins. */
  #findSuffix(host: string, head: RequestHead, context: DecideContext, best: Best): Best {
    let dot = host.length
    for (let labels = 0; labels < this.#suffixLabels; labels++) {
      dot = host.lastIndexOf('.', dot - 1)
      if (dot <= 0) break
      const paths = this.#suffixes.get(host.slice(dot + 1))
      if (paths !== undefined && canBeat(paths.best, best)) best = paths.find(head, context, best)
    }
    return best
  }

  #pathsFor(entry: FiledEntry): PathIndex {
    const { host, onHost } = entry
    if (host === undefined || onHost === undefined) return (this.#any ??= new PathIndex(entry))
    if (host.kind === 'exact') return pathsIn(this.#exact, host.host, entry)
    if (host.kind === 'regex') return this.#pathsForRegex(host.pattern, onHost, entry)
    this.#suffixBest = Math.min(this.#suffixBest, entry.rank)
    this.#suffixLabels = Math.max(this.#suffixLabels, countLabels(host.suffix))
    return pathsIn(this.#suffixes, host.suffix, entry)
  }

  #pathsForRegex(pattern: string, condition: Condition, entry: FiledEntry): PathIndex {
    const same = this.#regexes.find((regex) => regex.pattern === pattern)
    if (same !== undefined) return same.paths
    const paths = new PathIndex(entry)
    this.#regexes.push({ pattern, condition, paths })
    return paths
  }
}

function canBeat(rank: number, best: Best): boolean {
  return best === undefined || rank < best.rank
}

function pathsIn(map: Map<string, PathIndex>, key: string, first: FiledEntry): PathIndex {
  let paths = map.get(key)
  if (paths === undefined) map.set(key, (paths = new PathIndex(first)))
  return paths
}
