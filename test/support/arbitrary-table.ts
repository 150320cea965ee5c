// Random tables and requests, for properties of the route table.
import * as fc from 'fast-check'
import type { MatchConfig } from '../../src/model/match-config.ts'
import type { RouteConfig } from '../../src/model/route-config.ts'
import type { RequestHead } from '../../src/model/request.ts'
import { host, path, request, route } from './build-table.ts'

/** Seeded, so that a failure stays; set the number higher and the seed free after a change here. */
export const RUNS = { numRuns: 500, seed: 20_261_123 }

// Small alphabets, so that patterns meet: a table of unrelated names would prove little.
const label = fc.constantFrom('a', 'b', '__proto__')
const dotted = (most: number) => fc.array(label, { minLength: 1, maxLength: most }).map((labels) => labels.join('.'))
const hostPattern = fc.oneof(
  { weight: 4, arbitrary: dotted(3) },
  { weight: 3, arbitrary: dotted(2).map((suffix) => `*.${suffix}`) },
  { weight: 1, arbitrary: fc.constantFrom('/a.*/', '/(a|b)\\.a/', '/.*/') },
).map(host)

const literal = fc.constantFrom('a', 'b', 'ab', '', '__proto__')
const segment = fc.oneof({ weight: 3, arbitrary: literal }, { weight: 1, arbitrary: fc.constant('{}') })
const pathPattern = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.array(segment, { maxLength: 3 }), fc.boolean()).map(([segments, rest]) => templateText(segments, rest)) },
  { weight: 1, arbitrary: fc.constantFrom('~/a.*', '~/(a|b)/?', '~.*b') },
).map(path)

/** Numbers the parameters, and writes no path at all as the root. */
function templateText(segments: readonly string[], rest: boolean): string {
  const text = segments.map((part, i) => `/${part === '{}' ? `{p${i}}` : part}`).join('')
  return rest ? `${text}/**` : text || '/'
}

const fieldTest = fc.constantFrom<NonNullable<MatchConfig['headers']>[number]['test']>(
  { kind: 'present' },
  { kind: 'absent' },
  { kind: 'any', of: [{ kind: 'exact', value: '1' }] },
  { kind: 'any', of: [{ kind: 'exact', value: '2' }, { kind: 'regex', pattern: '^1' }] },
)
const fields = fc.uniqueArray(fc.record({ name: fc.constantFrom('x', 'y'), test: fieldTest }), { maxLength: 2, selector: ({ name }) => name })
const cidr = fc.constantFrom('10.0.0.0/8', '10.0.0.0/16', '10.0.0.1/32', '0.0.0.0/0').map((text) => ({ kind: 'cidr' as const, cidr: text }))
const some = <T>(values: fc.Arbitrary<T>) => fc.uniqueArray(values, { minLength: 1, maxLength: 2, selector: (value) => JSON.stringify(value) })

const match: fc.Arbitrary<MatchConfig> = fc.record(
  {
    host: some(hostPattern),
    path: some(pathPattern),
    method: some(fc.constantFrom('GET', 'PUT')),
    headers: fields,
    query: fields,
    source: some(cidr),
    listener: some(fc.constantFrom('web', 'secure')),
  },
  { requiredKeys: [] },
)

/** Tables of up to eight routes. */
export const anyRoutes: fc.Arbitrary<readonly RouteConfig[]> = fc
  .array(fc.tuple(fc.array(match, { minLength: 1, maxLength: 2 }), fc.constantFrom(0, 0, 0, 5, -5)), { minLength: 1, maxLength: 8 })
  .map((list) => list.map(([matches, priority], i) => route(`r${i}`, matches, { priority })))

/** Requests in the same alphabets. */
export const anyHead: fc.Arbitrary<RequestHead> = fc
  .record({
    host: fc.oneof(dotted(4), fc.constantFrom('c', '.a', '')),
    path: fc.array(fc.constantFrom('a', 'b', 'ab', 'c', '', '__proto__', 'a;v=1'), { minLength: 1, maxLength: 4 }),
    query: fc.constantFrom('', '?x=1', '?x=2&y=1', '?y=12&x'),
    method: fc.constantFrom('GET', 'PUT', 'HEAD'),
    headers: fc.array(fc.tuple(fc.constantFrom('X', 'y'), fc.constantFrom('1', '2', '12', '')), { maxLength: 3 }),
    from: fc.constantFrom('10.0.0.1', '10.0.1.1', '10.1.0.1', '192.0.2.1'),
    listener: fc.constantFrom('web', 'secure'),
  })
  .map(({ host: asked, path: segments, query, ...parts }) => request(`${asked}/${segments.join('/')}${query}`, parts))
