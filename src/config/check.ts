// What is surely not meant in a table that is valid: routes that can never win, services that nothing uses, subsets without
// an endpoint; and the tests written in it. `fairlead check` and `routes push` show it.
import type { KnownListener } from '../model/listener-config.ts'
import { UNHEARD_METHODS } from '../model/request.ts'
import type { ServiceConfig } from '../model/service-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Table } from '../model/route.ts'
import type { Problem } from '../model/store.ts'
import { isInSubset } from '../proxy/pools.ts'
import { auditTable } from '../route/audit.ts'
import { compileTable } from '../route/compile.ts'
import { readDocument, type Path, type Source } from './document.ts'
import { regexMeant } from './path-pattern.ts'
import { locate, type Finding } from './problems.ts'
import { runTests } from './run-tests.ts'

export interface CheckOptions {
  /** Wall clock for time windows of tests that name no instant, milliseconds. */
  readonly wallClock: number
  /** Listeners of the gateway, at which requests of tests arrive; see `arrivalOf`. */
  readonly listeners?: readonly KnownListener[]
}

export interface Checked {
  /** Failed tests are errors, everything else is a warning. */
  readonly problems: readonly Problem[]
  /** Tests that were run. */
  readonly tests: number
}

/** Checks a table that was parsed from `text`. */
export function checkTable(config: TableConfig, text: string, options: CheckOptions): Checked {
  const table = compileTable(config)
  const source = readDocument(text).source
  const findings = [...auditFindings(table), ...literalFindings(config), ...unheardFindings(config), ...idleFindings(config), ...unusedFindings(config), ...emptySubsets(config), ...loopFindings(config, options.listeners ?? []), ...runTests(table, options)]
  const place: Source['place'] = source === undefined ? () => ({ line: 0, column: 0 }) : (path, key) => source.place(path, key)
  return { problems: locate(findings, { place }), tests: config.routes.reduce((sum, route) => sum + route.tests.length, 0) }
}

function auditFindings(table: Table): Finding[] {
  const indexOf = new Map(table.routes.map(({ name, index }) => [name, index]))
  return auditTable(table).map(({ kind, route, message }) => ({
    severity: 'warning',
    path: ['routes', indexOf.get(route) ?? 0],
    message,
    hint: kind === 'shadowed' ? 'remove it, make it more specific, or give it a higher priority' : undefined,
  }))
}

/** Paths that are taken letter for letter and were probably not meant so. */
function literalFindings({ routes }: TableConfig): Finding[] {
  return routes.flatMap(({ name, match }, i): Finding[] => {
    const hint = match.flatMap(({ path = [] }) => path.map(regexMeant)).find((text) => text !== undefined)
    return hint === undefined ? [] : [{ severity: 'warning', path: ['routes', i, 'match'], message: `a path of ${name} looks like a regular expression, and is matched letter for letter`, hint }]
  })
}

/** Matches of which every method is refused before any route is looked at. */
function unheardFindings({ routes }: TableConfig): Finding[] {
  return routes.flatMap(({ name, match }, i): Finding[] => {
    const methods = match.map(({ method = [] }) => method).find((list) => list.length > 0 && list.every((one) => UNHEARD_METHODS.includes(one)))
    return methods === undefined ? [] : [{ severity: 'warning', path: ['routes', i, 'match'], message: `a match of ${name} is for ${methods.join(' and ')} alone, which no listener takes` }]
  })
}

/** What changes a request that is sent on, in routes that answer themselves. */
function idleFindings({ routes }: TableConfig): Finding[] {
  return routes.flatMap((route, i): Finding[] =>
    route.action.kind === 'forward' ? [] : (['rewrite', 'retry', 'requestHeaders'] as const).filter((key) => route[key] !== undefined).map((key): Finding => ({ severity: 'warning', path: ['routes', i, key], message: `${key} does nothing here: the route answers itself`, onKey: true })),
  )
}

/** Services and subsets that were declared and that no route names. */
function unusedFindings({ routes, services }: TableConfig): Finding[] {
  const used = new Set<string>()
  for (const { action } of routes) {
    if (action.kind !== 'forward') continue
    for (const { service, subset } of action.to) used.add(service).add(`${service}/${subset ?? ''}`)
  }
  return services.flatMap(({ name, subsets }): Finding[] => {
    if (!used.has(name)) return [unused(['services', name], `no route goes to the service ${name}`)]
    const idle = Object.keys(subsets).filter((subset) => !used.has(`${name}/${subset}`))
    return idle.map((subset) => unused(['services', name, 'subsets', subset], `no route goes to ${name}/${subset}`))
  })
}

function unused(path: Path, message: string): Finding {
  return { severity: 'warning', path, message, onKey: true }
}

/** Only addresses in the table are known here; what registries hold is not. */
function emptySubsets({ services }: TableConfig): Finding[] {
  return services.flatMap((service) => {
    if (service.endpoints.length === 0) return []
    const empty = Object.entries(service.subsets).filter(([, subset]) => !endpointsOf(service).some((endpoint) => isInSubset(endpoint, subset)))
    return empty.map(([name]): Finding => ({ severity: 'warning', path: ['services', service.name, 'subsets', name], message: `no endpoint of ${service.name} is in the subset ${name}`, hint: 'give endpoints its tags and meta', onKey: true }))
  })
}

const LOOPBACK = /^(127(\.\d+){3}|\[?::1\]?|localhost)$/i

/**
 * Routes that send to a listener of the gateway itself, where they win again: with another path, host or listener it may be meant. At runtime only the limit
 * of connections ends a loop: a check of `Via` could, at the price of a field in every request, and is off by default in nginx and Envoy as well.
 */
function loopFindings({ routes, services }: TableConfig, listeners: readonly KnownListener[]): Finding[] {
  const listenerAt = new Map(listeners.flatMap(({ name, port = 0 }) => (port === 0 ? [] : [[port, name]])))
  const endpoints = new Map(services.map((service) => [service.name, service.endpoints]))
  return routes.flatMap(({ name, match, action, rewrite, requestHeaders }, i): Finding[] => {
    if (action.kind !== 'forward' || rewrite !== undefined || requestHeaders !== undefined) return []
    const winsAgain = (own: string | undefined): boolean => own !== undefined && match.some(({ listener, source }) => source === undefined && (listener === undefined || listener.includes(own)))
    const own = action.to.flatMap(({ service }) => endpoints.get(service) ?? []).find(({ host, port }) => LOOPBACK.test(host) && winsAgain(listenerAt.get(port)))
    if (own === undefined) return []
    const message = `${name} sends to ${own.host}:${own.port}, which is the listener ${listenerAt.get(own.port) ?? ''} of this gateway: its requests come back without end`
    return [{ severity: 'warning', path: ['routes', i, 'to'], message, hint: 'name the port of the service itself' }]
  })
}

function endpointsOf(service: ServiceConfig): Parameters<typeof isInSubset>[0][] {
  return service.endpoints.map((endpoint) => ({ ...endpoint, id: '', health: 'unknown', draining: false, origin: 'static', learnedAt: 0 }))
}
