// What one Eureka server told: the whole list once, then its changes. Of every instance the status is kept, which is what
// the server's hash is made of; in full only those that somebody watches.
import { isMeant, selects, type Selector } from './selector.ts'
import type { Applications, Row } from './wire.ts'

/** What is kept of every instance. */
interface Entry {
  readonly status: string
  readonly dirty: number
  readonly updated: number
}

/** One server's registry as far as it is known. */
export interface View {
  /** Every instance, by `APP/id`. */
  readonly ledger: Map<string, Entry>
  /** Those that are watched, by application and id. */
  readonly kept: Map<string, Map<string, Row>>
  /** What was watched when it was read: this is in it, and anything else is not. */
  readonly covers: ReadonlySet<string>
  readonly unreadable: Applications['unreadable']
  /** Whether the hash of the list fitted the list. If not, changes cannot be checked, and are not asked for. */
  readonly verified: boolean
}

/** The whole list as a view that covers these selectors (by their keys). */
export function viewOf(answer: Applications, covers: ReadonlySet<string>): View {
  const view: View = { ledger: new Map(), kept: new Map(), covers, unreadable: answer.unreadable, verified: false }
  for (const row of answer.rows) {
    view.ledger.set(keyOf(row), entryOf(row))
    if (isMeant(covers, row)) keep(view, row)
  }
  return { ...view, verified: answer.hash === hashOf(view.ledger.values()) }
}

/** What a list of changes did to a view. */
export interface Changes {
  /** Applications of which something kept is different. */
  readonly apps: ReadonlySet<string>
  /** `APP/id` of what was said to be gone. */
  readonly deleted: readonly string[]
  readonly added: readonly string[]
}

/**
 * Applies a list of changes, or leaves the view as it is and gives undefined when the outcome would not have the hash that
 * the server says. Changes are told again and again for three minutes and from caches of different age, so what is not
 * newer than what is known changes nothing.
 */
export function applyDelta(view: View, delta: Applications): Changes | undefined {
  const news = newsIn(view, delta)
  const after = new Map<string, Entry | undefined>([...news].map(([key, row]) => [key, row.action === 'DELETED' ? undefined : entryOf(row)]))
  if (delta.hash === undefined || delta.unreadable.length > 0 || delta.hash !== hashOf(overlaid(view.ledger, after))) return undefined
  const apps = new Set<string>()
  for (const [key, row] of news) {
    const entry = after.get(key)
    if (entry === undefined) view.ledger.delete(key)
    else view.ledger.set(key, entry)
    // Also what nobody watches any more: whoever comes back to it finds it whole, as the view says.
    const wanted = entry !== undefined && isMeant(view.covers, row)
    if (wanted) keep(view, row)
    if (drop(view, row, wanted) || wanted) apps.add(row.app)
  }
  const keys = (gone: boolean): string[] => [...after].filter(([, entry]) => (entry === undefined) === gone).map(([key]) => key)
  return { apps, deleted: keys(true), added: keys(false) }
}

/** `APP/id` of what a list of changes that cannot be applied says to be gone, where that is news: the old word on one that came back is told on. */
export function deletedIn(view: View, delta: Applications): readonly string[] {
  return [...newsIn(view, delta)].flatMap(([key, row]) => (row.action === 'DELETED' ? [key] : []))
}

/** The kept instances that a selector means. */
export function select(view: View, selector: Selector): readonly Row[] {
  const apps = selector.by === 'app' ? [view.kept.get(selector.name)] : [...view.kept.values()]
  return apps.flatMap((rows) => [...(rows?.values() ?? [])].filter((row) => selects(selector, row)))
}

/** `APP/id`, Eureka's own identity of an instance. */
export function keyOf({ app, id }: Row): string {
  return `${app}/${id}`
}

// The last word on each instance, where it is news. actionType comes first: a deleted one still carries its last status, mostly UP.
function newsIn(view: View, delta: Applications): Map<string, Row> {
  const news = new Map<string, Row>()
  for (const row of delta.rows) {
    const key = keyOf(row)
    const told = news.get(key)
    const known = told ?? view.ledger.get(key)
    const gone = row.action === 'DELETED'
    if (known === undefined ? gone : isOlder(row, known)) continue
    if (told === undefined && known !== undefined && !gone && same(row, known)) continue
    news.set(key, row)
  }
  return news
}

function isOlder(row: Row, known: Entry): boolean {
  return row.dirty < known.dirty || (row.dirty === known.dirty && row.updated < known.updated)
}

// Without times nothing can be told apart, and everything is news.
function same(row: Row, known: Entry): boolean {
  return row.dirty + row.updated > 0 && row.status === known.status && row.dirty === known.dirty && row.updated === known.updated
}

function* overlaid(ledger: ReadonlyMap<string, Entry>, after: ReadonlyMap<string, Entry | undefined>): Iterable<Entry> {
  for (const [key, entry] of ledger) if (!after.has(key)) yield entry
  for (const entry of after.values()) if (entry !== undefined) yield entry
}

// Counts by status, statuses in the order of the alphabet: DOWN_1_UP_12_.
function hashOf(entries: Iterable<Entry>): string {
  const counts = new Map<string, number>()
  for (const { status } of entries) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts.keys()].sort().map((status) => `${status}_${counts.get(status)}_`).join('')
}

function entryOf({ status, dirty, updated }: Row): Entry {
  return { status, dirty, updated }
}

function keep(view: View, row: Row): void {
  const rows = view.kept.get(row.app) ?? new Map<string, Row>()
  rows.set(row.id, row)
  view.kept.set(row.app, rows)
}

// True when it was kept until now and is not any more.
function drop(view: View, row: Row, wanted: boolean): boolean {
  const rows = view.kept.get(row.app)
  if (wanted || rows === undefined || !rows.delete(row.id)) return false
  if (rows.size === 0) view.kept.delete(row.app)
  return true
}
