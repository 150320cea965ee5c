// Entries filed by host, each host with its index of paths: a map of exact hosts, a map of suffixes, regular expressions and
// entries without a host. A table of 100,000 hosts costs a request one look into the first map.
import type { RequestHead } from '../model/request.ts'
import type { Condition, DecideContext, Entry } from '../model/route.ts'
import { type Best, type FiledEntry, canBeat } from './bucket.ts'
import { countLabels } from './host.ts'
import { PathIndex } from './index-path.ts'

interface RegexHost {
  readonly condition: Condition
  readonly paths: PathIndex
}

const DOT = 46

/** The whole table, filed. */
export class HostIndex {
  readonly #exact = new Map<string, PathIndex>()
  readonly #suffixes = new Map<string, PathIndex>()
  readonly #regexes: readonly RegexHost[]
  readonly #any: PathIndex | undefined
  /** Rank of the best entry with a suffix. */
  #suffixBest = Number.POSITIVE_INFINITY
  /** Whether some suffix has this many labels. A host of a thousand labels is asked about no more than these. */
  readonly #suffixLabels: boolean[] = []

  /** `entries` in order of rank. */
  constructor(entries: readonly FiledEntry[]) {
    const regexes = new Map<string, RegexHost>()
    const any = new PathIndex()
    // From the last to the best, so that each bucket grows at its front.
    for (const entry of entries.toReversed()) (entry.host === undefined ? any : this.#pathsFor(entry, entry.host, regexes)).add(entry)
    const all = [any, ...this.#exact.values(), ...this.#suffixes.values(), ...regexes.values().map(({ paths }) => paths)]
    for (const paths of all) paths.seal()
    this.#any = any.best === Number.POSITIVE_INFINITY ? undefined : any
    this.#regexes = [...regexes.values()].sort((a, b) => a.paths.best - b.paths.best)
  }

  /** The entry of lowest rank whose conditions all hold. */
  find(head: RequestHead, context: DecideContext): Entry | undefined {
    const exact = this.#exact.get(head.host)
    let best: Best = exact === undefined ? undefined : exact.find(head, context, undefined)
    if (canBeat(this.#suffixBest, best)) best = this.#findSuffix(head, context, best)
    for (const { condition, paths } of this.#regexes) {
      if (!canBeat(paths.best, best)) break
      if (condition.test(head, context)) best = paths.find(head, context, best)
    }
    return this.#any !== undefined && canBeat(this.#any.best, best) ? this.#any.find(head, context, best) : best
  }

  /** From the shortest suffix to the longest that any entry has; ranks, not this order, say which wins. */
  #findSuffix(head: RequestHead, context: DecideContext, best: Best): Best {
    const { host } = head
    let labels = 0
    for (let at = host.length - 1; at > 0 && labels < this.#suffixLabels.length; at--) {
      if (host.charCodeAt(at) !== DOT) continue
      labels++
      const paths = this.#suffixLabels[labels] === true ? this.#suffixes.get(host.slice(at + 1)) : undefined
      if (paths !== undefined && canBeat(paths.best, best)) best = paths.find(head, context, best)
    }
    return best
  }

  #pathsFor(entry: FiledEntry, host: NonNullable<FiledEntry['host']>, regexes: Map<string, RegexHost>): PathIndex {
    if (host.kind === 'exact') return pathsIn(this.#exact, host.host)
    if (host.kind === 'suffix') {
      this.#suffixBest = entry.rank
      const labels = countLabels(host.suffix)
      while (this.#suffixLabels.length <= labels) this.#suffixLabels.push(false)
      this.#suffixLabels[labels] = true
      return pathsIn(this.#suffixes, host.suffix)
    }
    const same = regexes.get(host.pattern)
    if (same !== undefined) return same.paths
    const paths = new PathIndex()
    if (entry.onHost !== undefined) regexes.set(host.pattern, { condition: entry.onHost, paths })
    return paths
  }
}

function pathsIn(map: Map<string, PathIndex>, key: string): PathIndex {
  let paths = map.get(key)
  if (paths === undefined) map.set(key, (paths = new PathIndex()))
  return paths
}
