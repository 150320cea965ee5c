// Traefik's priorities among ours. There the length of a rule is its priority unless one is written, and a written one stands among
// those lengths: 1 is behind everything. Here nothing counts characters, and routes without a priority have 0.
import type { HostPattern } from '../model/match-config.ts'
import { MAX_PRIORITY } from './fairlead-options.ts'
import type { Entry } from './variants.ts'

const LOWEST = 1000
/** About the length of a rule that names a host and no more: for a router that meets no other without a priority. */
const TYPICAL = 24

/**
 * The entries with the priorities that routers of Traefik were written with: above 0 where it is greater than the lengths of most of the
 * rules that the router can meet, else below 0. On each side the written ones keep their order, however great they are.
 */
export function prioritized(entries: readonly Entry[]): readonly Entry[] {
  const written = entries.filter(({ draft }) => draft.rulePriority?.written !== undefined)
  if (written.length === 0) return entries
  const lengths = new RuleLengths(entries)
  const [above = [], below = []] = [true, false].map((wanted) => written.filter((entry) => lengths.isBeforeMost(entry) === wanted))
  const [high, low] = [fitted(above.map(priorityOf), MAX_PRIORITY), fitted(below.map((entry) => LOWEST - priorityOf(entry)), LOWEST)]
  const priorities = new Map([
    ...above.map((entry) => [entry, high.get(priorityOf(entry)) ?? 0] as const),
    ...below.map((entry) => [entry, -(low.get(LOWEST - priorityOf(entry)) ?? 0)] as const),
  ])
  return entries.map((entry) => {
    const priority = priorities.get(entry)
    return priority === undefined ? entry : { ...entry, checked: { ...entry.checked, routes: entry.checked.routes.map((route) => ({ ...route, priority })) } }
  })
}

function priorityOf({ draft }: Entry): number {
  return draft.rulePriority?.written ?? 0
}

/** Each value as it is, or smaller where `most` and the greater ones leave no room; at least 1. */
function fitted(values: readonly number[], most: number): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  let room = most
  for (const value of [...new Set(values)].sort((a, b) => b - a)) {
    found.set(value, Math.max(1, Math.min(value, room)))
    room = Math.min(value, room) - 1
  }
  return found
}

/** Lengths of the rules of routers without a written priority, by the hosts that they are for. */
class RuleLengths {
  readonly #all: number[] = []
  /** Of rules for more than named hosts. */
  readonly #anyHost: number[] = []
  readonly #byHost = new Map<string, number[]>()

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      const rule = entry.draft.rulePriority
      if (rule === undefined || rule.written !== undefined) continue
      this.#all.push(rule.length)
      const hosts = hostsOf(entry)
      if (hosts === undefined) this.#anyHost.push(rule.length)
      for (const host of hosts ?? []) {
        const known = this.#byHost.get(host)
        if (known === undefined) this.#byHost.set(host, [rule.length])
        else known.push(rule.length)
      }
    }
    for (const lengths of [this.#all, this.#anyHost, ...this.#byHost.values()]) lengths.sort((a, b) => a - b)
  }

  isBeforeMost(entry: Entry): boolean {
    const hosts = hostsOf(entry)
    const met = hosts === undefined ? [this.#all] : [this.#anyHost, ...[...hosts].map((host) => this.#byHost.get(host) ?? [])]
    const priority = priorityOf(entry)
    const total = met.reduce((sum, lengths) => sum + lengths.length, 0)
    if (total === 0) return priority >= TYPICAL
    return met.reduce((sum, lengths) => sum + shorterThan(lengths, priority), 0) * 2 > total
  }
}

/** The hosts of its alternatives; undefined when one of them is for others, too. */
function hostsOf({ checked }: Entry): ReadonlySet<string> | undefined {
  const patterns = checked.routes.flatMap(({ match }) => match.flatMap(({ host }): readonly (HostPattern | undefined)[] => host ?? [undefined]))
  const hosts = patterns.map((pattern) => (pattern?.kind === 'exact' ? pattern.host : undefined))
  return hosts.includes(undefined) ? undefined : new Set(hosts.filter((host) => host !== undefined))
}

/** How many of the sorted values are smaller. */
function shorterThan(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}
