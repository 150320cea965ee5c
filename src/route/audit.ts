// Looks at a compiled table for what is surely not meant: routes that can never win, and routes between which only the order
// of declaration decides. It says only what the texts prove; two different regular expressions are never compared.
import type { MatchConfig } from '../model/match-config.ts'
import type { Entry, Table } from '../model/route.ts'
import { CoverIndex } from './cover.ts'
import { implies } from './implies.ts'
import { isTie } from './order.ts'
import { overlap } from './overlap.ts'

/** Something about the routes that a person should look at; the table works nevertheless. */
export interface Finding {
  /** `shadowed`: the route (or the alternative that the message names) can never win. `tie`: `by` wins only because it stands first. */
  readonly kind: 'shadowed' | 'tie'
  readonly route: string
  readonly by: string
  readonly message: string
}

/** Entries compared with one entry at most, so that thousands of alternatives on one path stay a matter of seconds. */
const MAX_COMPARED = 500

/** Audits a table; findings are in the order of the routes. */
export function auditTable(table: Table): readonly Finding[] {
  const index = new CoverIndex(table.entries)
  const shadows = new Map<Entry, Entry>()
  const ties = new Map<Entry, Entry>()
  for (const entry of table.entries) {
    const shadow = findShadow(entry, index)
    const tie = shadow === undefined ? findTie(entry, index) : undefined
    if (shadow !== undefined) shadows.set(entry, shadow)
    if (tie !== undefined) ties.set(entry, tie)
  }
  const byRoute = Map.groupBy(table.entries, ({ route }) => route.index)
  return table.routes.flatMap(({ index: at }) => {
    const entries = byRoute.get(at) ?? []
    return [...shadowFindings(entries, shadows), ...tieFindings(entries, ties)]
  })
}

/** An entry of another route that wins whenever this one matches. */
function findShadow(entry: Entry, index: CoverIndex): Entry | undefined {
  const match = matchOf(entry)
  let compared = 0
  for (const bucket of index.covering(entry)) {
    for (const better of bucket) {
      if (better.rank >= entry.rank || compared >= MAX_COMPARED) break
      compared++
      if (better.route !== entry.route && implies(match, matchOf(better))) return better
    }
  }
  return undefined
}

/** An entry of another route that is before this one only by declaration, and that some request satisfies as well. */
function findTie(entry: Entry, index: CoverIndex): Entry | undefined {
  const match = matchOf(entry)
  let compared = 0
  for (const other of index.same(entry)) {
    if (other.rank >= entry.rank || compared >= MAX_COMPARED) break
    compared++
    if (other.route !== entry.route && isTie(other, entry) && overlap(match, matchOf(other))) return other
  }
  return undefined
}

function shadowFindings(entries: readonly Entry[], shadows: ReadonlyMap<Entry, Entry>): readonly Finding[] {
  const [first] = entries
  if (first === undefined) return []
  const route = first.route.name
  const whole = shadowOfAll(entries, shadows)
  if (whole !== undefined) return [{ kind: 'shadowed', route, by: whole.route.name, message: `${route} can never win: whatever it matches, ${whole.route.name} matches too and ranks before it` }]
  return [...Map.groupBy(entries, ({ alternative }) => alternative)].flatMap(([alternative, members]): Finding[] => {
    const by = shadowOfAll(members, shadows)?.route.name
    return by === undefined ? [] : [{ kind: 'shadowed', route, by, message: `alternative ${alternative + 1} of ${route} can never win: whatever it matches, ${by} matches too and ranks before it` }]
  })
}

function shadowOfAll(entries: readonly Entry[], shadows: ReadonlyMap<Entry, Entry>): Entry | undefined {
  const [first] = entries
  return first !== undefined && entries.every((entry) => shadows.has(entry)) ? shadows.get(first) : undefined
}

function tieFindings(entries: readonly Entry[], ties: ReadonlyMap<Entry, Entry>): readonly Finding[] {
  const others = new Set(entries.flatMap((entry) => ties.get(entry)?.route.name ?? []))
  return [...others].map((by) => {
    const route = entries[0]?.route.name ?? ''
    return { kind: 'tie', route, by, message: `${by} and ${route} are equally specific and can match the same request; ${by} wins only because it stands first: give one of them a priority` }
  })
}

function matchOf(entry: Entry): MatchConfig {
  return entry.route.config.match[entry.alternative] ?? {}
}
