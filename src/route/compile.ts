// Compiles the route table: routes are spread into entries (one for each alternative, host and path), the entries ranked by
// the total order once and for all, and filed so that a request finds the winner without looking at the others.
import type { MatchConfig } from '../model/match-config.ts'
import type { RouteConfig } from '../model/route-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition, DecideContext, Entry, Params, Route, Standing, Table } from '../model/route.ts'
import { compileRoute } from './action.ts'
import type { FiledEntry } from './bucket.ts'
import { type HostCondition, hostMatcher } from './host.ts'
import { HostIndex } from './index-host.ts'
import { FURTHER_MATCHERS } from './list.ts'
import type { Captured } from './location.ts'
import type { Scope } from './matcher.ts'
import { compareStanding, standingOf } from './order.ts'
import { NO_PARAMS, type PathCondition, pathMatcher } from './path.ts'
import { type TableScope, createScope } from './scope.ts'
import { TableError } from './table-error.ts'

/** One alternative before the entries are ranked. */
interface UnrankedEntry {
  readonly alternative: number
  readonly standing: Standing
  readonly onHost: HostCondition | undefined
  readonly onPath: PathCondition | undefined
  readonly remaining: readonly Condition[]
}

/** Compiles a table. Throws one `TableError` that lists everything wrong with it. */
export function compileTable(config: TableConfig): Table {
  const scope = createScope(config)
  const entries: { readonly route: Route; readonly entry: UnrankedEntry }[] = []
  let declared = 0
  const routes = config.routes.map((routeConfig, index) => {
    const unranked = entriesOf(routeConfig, index, declared, scope)
    declared += unranked.length
    const route = compileRoute(routeConfig, index, capturedByAll(unranked), scope)
    for (const entry of unranked) entries.push({ route, entry })
    return route
  })
  if (scope.problems.length > 0) throw new TableError(scope.problems)
  entries.sort((a, b) => compareStanding(a.entry.standing, b.entry.standing))
  return new RankedTable(config, routes, entries.map(({ route, entry }, rank) => new RankedEntry(route, entry, rank)))
}

function entriesOf(route: RouteConfig, index: number, declared: number, scope: TableScope): readonly UnrankedEntry[] {
  const entries: UnrankedEntry[] = []
  if (route.match.length === 0) scope.problem(`routes[${index}].match`, 'no alternative is listed, so the route can never match')
  for (const [alternative, match] of route.match.entries()) {
    const at = `routes[${index}].match[${alternative}]`
    checkLists(match, at, scope)
    const hosts = orNone(hostMatcher.compile(match, at, scope))
    const paths = orNone(pathConditions(match, at, scope))
    const remaining = furtherConditions(match, at, scope)
    for (const onHost of hosts) {
      for (const onPath of paths) {
        const standing = standingOf({ route, match, host: onHost?.pattern, path: onPath?.pattern, declared: declared + entries.length })
        entries.push({ alternative, standing, onHost, onPath, remaining })
      }
    }
  }
  return entries
}

function pathConditions(match: MatchConfig, at: string, scope: TableScope): readonly PathCondition[] {
  return match.path === undefined ? [] : scope.paths.get(match.path, () => pathMatcher.compile(match, at, scope))
}

function furtherConditions(match: MatchConfig, at: string, scope: TableScope): readonly Condition[] {
  const { host: _host, path: _path, ...further } = match
  return scope.further.get(further, () => FURTHER_MATCHERS.flatMap((matcher) => matcher.compile(match, at, scope)))
}

function orNone<T>(conditions: readonly T[]): readonly (T | undefined)[] {
  return conditions.length === 0 ? [undefined] : conditions
}

/** Any member of a list is enough, so an empty one would never match: surely not what was meant. */
function checkLists(match: MatchConfig, at: string, scope: Scope): void {
  for (const key of ['host', 'path', 'method', 'source', 'listener'] as const) {
    if (match[key]?.length === 0) scope.problem(`${at}.${key}`, 'the list is empty, so it can never match: leave it out to match any')
  }
}

/** Names that every entry captures. */
function capturedByAll(entries: readonly UnrankedEntry[]): Captured {
  const [first, ...others] = entries
  const names = (first?.onPath?.captures ?? []).filter((name) => others.every(({ onPath }) => onPath?.captures.includes(name) === true))
  const areTemplates = entries.every(({ onPath }) => onPath?.pattern.kind === 'template')
  return { names: new Set(names), segments: new Set(areTemplates ? names.filter((name) => name !== '**') : []) }
}

class RankedEntry implements FiledEntry {
  readonly route: Route
  readonly alternative: number
  readonly host: FiledEntry['host']
  readonly path: FiledEntry['path']
  readonly standing: Standing
  readonly rank: number
  readonly remaining: readonly Condition[]
  readonly onHost: HostCondition | undefined
  readonly onPath: PathCondition | undefined
  next: FiledEntry | undefined

  constructor(route: Route, entry: UnrankedEntry, rank: number) {
    this.route = route
    this.alternative = entry.alternative
    this.host = entry.onHost?.pattern
    this.path = entry.onPath?.pattern
    this.standing = entry.standing
    this.rank = rank
    this.remaining = entry.remaining
    this.onHost = entry.onHost
    this.onPath = entry.onPath
    this.next = undefined
  }

  /** Made when asked for: explain and checks need the list, requests do not. */
  get conditions(): readonly Condition[] {
    const all: (Condition | undefined)[] = [this.onHost, this.onPath, ...this.remaining]
    return all.filter((condition) => condition !== undefined)
  }

  capture(head: RequestHead): Params {
    return this.onPath === undefined ? NO_PARAMS : this.onPath.capture(head)
  }
}

class RankedTable implements Table {
  readonly config: TableConfig
  readonly routes: readonly Route[]
  readonly entries: readonly RankedEntry[]
  readonly services: Table['services']
  readonly callers: Table['callers']
  readonly #index: HostIndex

  constructor(config: TableConfig, routes: readonly Route[], entries: readonly RankedEntry[]) {
    this.config = config
    this.routes = routes
    this.entries = entries
    this.services = config.services
    this.callers = config.callers
    this.#index = new HostIndex(entries)
  }

  find(head: RequestHead, context: DecideContext): Entry | undefined {
    return this.#index.find(head, context)
  }
}
