// The route table as one would write it on a first evening: every route is looked at, one after another, straight from the
// configuration. Slow and plain; the real table is held against it. It shares nothing with src/route.
import type { FieldCondition, HostPattern, MatchConfig, PathPattern } from '../../src/model/match-config.ts'
import type { RouteConfig } from '../../src/model/route-config.ts'
import type { RequestHead } from '../../src/model/request.ts'

/** One way to match: a route, one alternative, one host and one path. */
export interface NaiveEntry {
  readonly route: RouteConfig
  readonly match: MatchConfig
  readonly host: HostPattern | undefined
  readonly path: PathPattern | undefined
  readonly declared: number
}

export function naiveEntries(routes: readonly RouteConfig[]): NaiveEntry[] {
  const ways = routes.flatMap((route) =>
    route.match.flatMap((match) => (match.host ?? [undefined]).flatMap((host) => (match.path ?? [undefined]).map((path) => ({ route, match, host, path })))),
  )
  return ways.map((way, declared) => ({ ...way, declared }))
}

/** The entry that wins: of all that match, the one before which no other comes. */
export function naiveFind(entries: readonly NaiveEntry[], head: RequestHead): NaiveEntry | undefined {
  return entries.filter((entry) => naiveMatches(entry, head)).sort(naiveCompare)[0]
}

export function naiveMatches({ host, path, match }: NaiveEntry, head: RequestHead): boolean {
  return (
    (host === undefined || hostMatches(host, head.host)) &&
    (path === undefined || pathMatches(path, head.matchPath)) &&
    (match.method === undefined || match.method.includes(head.method)) &&
    (match.headers ?? []).every((field) => fieldMatches(field, head.headers.getAll(field.name))) &&
    (match.query ?? []).every((field) => fieldMatches(field, new URLSearchParams(head.query).getAll(field.name))) &&
    (match.source ?? ['any']).some((member) => member === 'any' || (typeof member === 'object' && member.kind === 'cidr' && inRange(head.source.address, member.cidr))) &&
    (match.listener === undefined || match.listener.includes(head.listener))
  )
}

function hostMatches(pattern: HostPattern, host: string): boolean {
  if (pattern.kind === 'exact') return host === pattern.host
  if (pattern.kind === 'regex') return new RegExp(`^(?:${pattern.pattern})$`).test(host)
  const [labels, suffix] = [host.split('.'), pattern.suffix.split('.')]
  const before = labels.slice(0, -suffix.length).join('.')
  return before !== '' && labels.slice(-suffix.length).join('.') === suffix.join('.')
}

function pathMatches(pattern: PathPattern, path: string): boolean {
  if (pattern.kind === 'regex') return new RegExp(`^(?:${pattern.pattern})$`).test(path)
  const asked = path.split('/').slice(1)
  const { segments, rest } = pattern
  if (rest ? asked.length < segments.length : asked.length !== segments.length) return false
  return segments.every((segment, i) => (segment.kind === 'literal' ? asked[i] === segment.text : asked[i] !== ''))
}

function fieldMatches({ test }: FieldCondition, values: readonly string[]): boolean {
  if (test.kind === 'present') return values.length > 0
  if (test.kind === 'absent') return values.length === 0
  return values.some((value) => test.of.some((text) => (text.kind === 'exact' ? value === text.value : new RegExp(text.pattern).test(value))))
}

/** IPv4 only, bit by bit. */
function inRange(address: string, cidr: string): boolean {
  const bits = (text: string) => text.split('.').map((part) => Number(part).toString(2).padStart(8, '0')).join('')
  const [network = '', length = '32'] = cidr.split('/')
  return bits(address).slice(0, Number(length)) === bits(network).slice(0, Number(length))
}

/** The order of docs/reference/precedence.md, criterion by criterion; negative when `a` wins. */
export function naiveCompare(a: NaiveEntry, b: NaiveEntry): number {
  return (
    b.route.priority - a.route.priority ||
    hostClass(a.host) - hostClass(b.host) ||
    suffixLabels(b.host) - suffixLabels(a.host) ||
    comparePaths(a.path, b.path) ||
    fieldCount(b.match) - fieldCount(a.match) ||
    (a.match.method?.length ?? 1e9) - (b.match.method?.length ?? 1e9) ||
    compareSources(a.match, b.match) ||
    Number(a.match.listener === undefined) - Number(b.match.listener === undefined) ||
    Number(a.match.when === undefined) - Number(b.match.when === undefined) ||
    a.declared - b.declared
  )
}

function hostClass(host: HostPattern | undefined): number {
  return host === undefined ? 3 : ['exact', 'suffix', 'regex'].indexOf(host.kind)
}

function suffixLabels(host: HostPattern | undefined): number {
  return host?.kind === 'suffix' ? host.suffix.split('.').length : 0
}

function comparePaths(a: PathPattern | undefined, b: PathPattern | undefined): number {
  const [classA, classB] = [pathClass(a), pathClass(b)]
  if (classA !== classB || classA !== 1 || a?.kind !== 'template' || b?.kind !== 'template') return classA - classB
  for (let i = 0; ; i++) {
    const difference = segmentClass(a, i) - segmentClass(b, i)
    if (difference !== 0) return difference
    if (segmentClass(a, i) > 1) return 0
  }
}

function pathClass(path: PathPattern | undefined): number {
  if (path === undefined) return 3
  if (path.kind === 'regex') return 2
  return path.rest || path.segments.some(({ kind }) => kind === 'param') ? 1 : 0
}

function segmentClass(path: Extract<PathPattern, { kind: 'template' }>, i: number): number {
  const segment = path.segments[i]
  if (segment === undefined) return path.rest ? 3 : 2
  return segment.kind === 'literal' ? 0 : 1
}

function fieldCount({ headers = [], query = [], cookies = [] }: MatchConfig): number {
  return headers.length + query.length + cookies.length
}

/** Callers before ranges before none; of a list the widest member counts. */
function compareSources({ source: a }: MatchConfig, { source: b }: MatchConfig): number {
  const width = (source: MatchConfig['source']) =>
    source === undefined ? 1_000 : Math.max(...source.map((member) => (member.kind === 'caller' ? -1 : (member.cidr.includes(':') ? 128 : 32) - Number(member.cidr.split('/')[1] ?? (member.cidr.includes(':') ? 128 : 32)))))
  return width(a) - width(b)
}
