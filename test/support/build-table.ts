// Builders for tables and requests in tests of the route table.
import type { FieldCondition, HostPattern, MatchConfig, PathPattern, TextMatch } from '../../src/model/match-config.ts'
import type { RouteConfig } from '../../src/model/route-config.ts'
import type { ServiceConfig } from '../../src/model/service-config.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import { HeaderList } from '../../src/model/headers.ts'
import type { RequestHead } from '../../src/model/request.ts'
import type { DecideContext } from '../../src/model/route.ts'

export const AT_NOON: DecideContext = { wallClock: Date.UTC(2026, 10, 23, 12), roll: 0 }

/** `a.example`, `*.example` or `/regex/`. */
export function host(text: string): HostPattern {
  if (text.startsWith('/')) return { kind: 'regex', pattern: text.slice(1, -1) }
  return text.startsWith('*.') ? { kind: 'suffix', suffix: text.slice(2) } : { kind: 'exact', host: text }
}

/** `/a/{id}/**`, or `~regex`. */
export function path(text: string): PathPattern {
  if (text.startsWith('~')) return { kind: 'regex', pattern: text.slice(1) }
  const rest = text.endsWith('/**')
  const body = rest ? text.slice(0, -3) : text
  const segments = body.split('/').slice(1)
  return {
    kind: 'template',
    rest,
    segments: segments.map((segment) => (segment.startsWith('{') ? { kind: 'param', name: segment.slice(1, -1) } : { kind: 'literal', text: segment })),
  }
}

export function service(name: string, subsets: readonly string[] = []): ServiceConfig {
  return {
    name,
    from: [],
    endpoints: [],
    subsets: Object.fromEntries(subsets.map((subset) => [subset, { tags: [], meta: {} }])),
    balance: { kind: 'peak-ewma' },
    connectTimeout: 1_000,
    maxConnections: 1_024,
  }
}

export function route(name: string, match: MatchConfig | readonly MatchConfig[], more: Partial<RouteConfig> = {}): RouteConfig {
  return {
    name,
    priority: 0,
    match: Array.isArray(match) ? (match as readonly MatchConfig[]) : [match as MatchConfig],
    action: { kind: 'forward', to: [{ service: 'words', weight: 1 }] },
    timeout: 15_000,
    upgrade: true,
    tests: [],
    ...more,
  }
}

export function table(routes: readonly RouteConfig[], more: Partial<TableConfig> = {}): TableConfig {
  return { callers: [], services: [service('words', ['v1', 'v2'])], routes, ...more }
}

/** What a test may say of a request; the rest is plain. `url` is `host/path?query`. */
export interface RequestParts {
  readonly method?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly from?: string
  readonly identities?: readonly string[]
  readonly listener?: string
  readonly matchPath?: string
  readonly scheme?: 'http' | 'https'
}

export function request(url: string, parts: RequestParts = {}): RequestHead {
  const slash = url.indexOf('/')
  const authority = slash < 0 ? url : url.slice(0, slash)
  const target = slash < 0 ? '/' : url.slice(slash)
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  return {
    method: parts.method ?? 'GET',
    scheme: parts.scheme ?? 'http',
    authority,
    host: authority.replace(/:\d+$/, ''),
    path,
    matchPath: parts.matchPath ?? path.replaceAll(/;[^/]*/g, ''),
    query: mark < 0 ? '' : target.slice(mark),
    headers: HeaderList.from(parts.headers ?? []),
    source: { address: parts.from ?? '127.0.0.1', port: 0, identities: parts.identities ?? [] },
    listener: parts.listener ?? 'web',
  }
}

/** A condition on the field `x-n`: `present`, `absent`, or texts as `exact:v` and `regex:^v`. */
export function field(...tests: readonly string[]): FieldCondition {
  const [first] = tests
  if (first === 'present' || first === 'absent') return { name: 'x-n', test: { kind: first } }
  const of = tests.map((text): TextMatch => (text.startsWith('regex:') ? { kind: 'regex', pattern: text.slice(6) } : { kind: 'exact', value: text.slice(6) }))
  return { name: 'x-n', test: { kind: 'any', of } }
}
