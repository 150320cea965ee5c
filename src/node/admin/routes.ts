// GET /api/routes: the table in force in the order of precedence, and what was refused since.
import type { RouteView, RoutesAnswer } from '../../model/admin.ts'
import type { ActionConfig } from '../../model/route-config.ts'
import type { Entry, Route, Table } from '../../model/route.ts'
import { hostText } from '../../route/host.ts'
import { pathText } from '../../route/path.ts'
import { countsByRoute } from './counts.ts'
import type { CountsByName } from './counts.ts'
import type { AdminSource } from './source.ts'

/** At most `limit` routes. */
export async function routesAnswer(source: AdminSource, limit = Infinity): Promise<RoutesAnswer> {
  const snapshot = source.snapshot()
  const counts = countsByRoute(await source.instruments())
  const routes = snapshot === undefined ? [] : routesByRank(snapshot.table)
  return {
    revision: snapshot?.revision ?? null,
    routes: routes.slice(0, limit).map(([route, entries]) => viewRoute(route, entries, counts)),
    omitted: Math.max(0, routes.length - limit),
    store: source.store() ?? null,
    rejected: source.refused().map(({ origin, at, problems }) => ({ origin, at, problems })),
    catalogs: source.catalogs(),
    refusedTags: source.refusedTags(),
  }
}

type Ranked = readonly (readonly [Route, readonly Entry[]])[]

/** The page asks every two seconds, and a table may have 100,000 routes. */
const ranked = new WeakMap<Table, Ranked>()

/** Entries come in order of rank, so the first of a route decides its place. */
function routesByRank(table: Table): Ranked {
  const known = ranked.get(table) ?? [...Map.groupBy(table.entries, (entry) => entry.route)]
  ranked.set(table, known)
  return known
}

function viewRoute(route: Route, entries: readonly Entry[], counts: CountsByName): RouteView {
  return {
    index: route.index,
    name: route.name,
    priority: route.config.priority,
    match: entries.map(matchText),
    ranks: entries.map((entry) => entry.rank),
    action: actionText(route.action),
    counts: counts.of(route.name),
  }
}

/** `GET or HEAD words.example.com/** header x-user /^tester-/`. */
function matchText(entry: Entry): string {
  const place = `${entry.host === undefined ? '' : hostText(entry.host)}${entry.path === undefined ? '' : pathText(entry.path)}`
  const method = entry.conditions.find(({ on }) => on === 'method')
  const others = entry.conditions.filter(({ on }) => on !== 'host' && on !== 'path' && on !== 'method')
  const parts = [method?.want ?? '', place, ...others.map(({ on, want }) => `${on} ${want}`)].filter((part) => part !== '')
  return parts.length === 0 ? 'everything' : parts.join(' ')
}

function actionText(action: ActionConfig): string {
  if (action.kind === 'redirect') return `redirect ${action.status} ${action.location}`
  if (action.kind === 'respond') return `respond ${action.status}`
  const labels = action.to.map(({ service, subset, weight }) => ({ label: subset === undefined ? service : `${service}/${subset}`, weight }))
  const [only] = labels
  return only !== undefined && labels.length === 1 ? only.label : labels.map(({ label, weight }) => `${label} ${weight}`).join(', ')
}
