import { expect, it } from 'vitest'
import type { FieldCondition, MatchConfig, TimeWindow } from '../../../src/model/match-config.ts'
import { cookieMatcher } from '../../../src/route/cookie.ts'
import { headerMatcher } from '../../../src/route/header.ts'
import { hostMatcher } from '../../../src/route/host.ts'
import { MATCHERS } from '../../../src/route/list.ts'
import { listenerMatcher } from '../../../src/route/listener.ts'
import { methodMatcher } from '../../../src/route/method.ts'
import { pathMatcher } from '../../../src/route/path.ts'
import { queryMatcher } from '../../../src/route/query.ts'
import { sourceMatcher } from '../../../src/route/source.ts'
import { whenMatcher } from '../../../src/route/when.ts'
import { type MatcherCase, type MatcherSuite, testMatcher } from '../../suites/matcher.ts'
import { type RequestParts, field, host, path, request } from '../../support/build-table.ts'

/** One row: why, what the rule says, what is asked, whether it holds. */
type Row = readonly [why: string, rule: string, asked: string, holds: boolean]

const hostRows: readonly Row[] = [
  ['the same host', 'a.test', 'a.test', true],
  ['another host', 'a.test', 'b.test', false],
  ['no part of a host', 'a.test', 'xa.test', false],
  ['one label before a suffix', '*.a.test', 'x.a.test', true],
  ['many labels before a suffix', '*.a.test', 'x.y.z.a.test', true],
  ['no label before a suffix', '*.a.test', 'a.test', false],
  ['an empty label before a suffix', '*.a.test', '.a.test', false],
  ['a suffix by whole labels only', '*.a.test', 'xa.test', false],
  ['a bracketed address', '[::1]', '[::1]', true],
  ['a regex over the whole host', '/a[0-9]+\\.test/', 'a12.test', true],
  ['a regex that only a part matches', '/a[0-9]+\\.test/', 'xa12.test', false],
  ['a regex with the end missing', '/a[0-9]+/', 'a12.test', false],
  ['__proto__ as a name', '__proto__', '__proto__', true],
  ['__proto__ is not everywhere', '__proto__', 'a.test', false],
]

const pathRows: readonly Row[] = [
  ['the same path', '/a/b', '/a/b', true],
  ['a trailing slash is another path', '/a/b', '/a/b/', false],
  ['a written trailing slash', '/a/', '/a/', true],
  ['a written trailing slash is asked for', '/a/', '/a', false],
  ['the root', '/', '/', true],
  ['the root alone', '/', '/a', false],
  ['letter case counts', '/a', '/A', false],
  ['everything', '/**', '/', true],
  ['everything below', '/**', '/a/b/', true],
  ['the prefix itself', '/a/**', '/a', true],
  ['the prefix with a slash', '/a/**', '/a/', true],
  ['below the prefix', '/a/**', '/a/b/c', true],
  ['a prefix by whole segments only', '/a/**', '/ab', false],
  ['above the prefix', '/a/b/**', '/a', false],
  ['a segment', '/u/{id}', '/u/7', true],
  ['an empty segment', '/u/{id}', '/u/', false],
  ['no segment', '/u/{id}', '/u', false],
  ['two segments', '/u/{id}', '/u/7/8', false],
  ['an encoded slash is one segment', '/u/{id}', '/u/7%2F8', true],
  ['a segment inside', '/u/{id}/o', '/u/7/o', true],
  ['an empty segment inside', '/u/{id}/o', '/u//o', false],
  ['a segment and below', '/u/{id}/**', '/u/7', true],
  ['a literal that only begins alike', '/abc/x', '/abcd/x', false],
  ['a literal that is only begun', '/abcd/x', '/abc/x', false],
  ['empty segments inside', '/a//b', '/a//b', true],
  ['parameters are not seen', '/a/b', '/a;x=1/b;y', true],
  ['a regex over the whole path', '~/v[0-9]+/.*', '/v2/x', true],
  ['a regex that only a part matches', '~/v[0-9]+', '/x/v2', false],
  ['a regex with anchors', '~^/v[0-9]+$', '/v2', true],
  ['__proto__ as a segment', '/__proto__/**', '/__proto__/x', true],
]

/** What is asked: a method, headers, a query, cookies, a source or a listener, as the suite at hand reads it. */
const FIELD_TESTS: readonly [why: string, test: FieldCondition['test'], values: readonly string[], holds: boolean][] = [
  ['an equal value', field('exact:v').test, ['v'], true],
  ['another value', field('exact:v').test, ['w'], false],
  ['a longer value', field('exact:v').test, ['vv'], false],
  ['the second of two', field('exact:v').test, ['w', 'v'], true],
  ['no value for a text', field('exact:v').test, [], false],
  ['a regex on a part', field('regex:b+').test, ['abbc'], true],
  ['a regex that fails', field('regex:^b+').test, ['abbc'], false],
  ['any of a list', field('exact:v', 'regex:^x').test, ['xyz'], true],
  ['none of a list', field('exact:v', 'regex:^x').test, ['yz'], false],
  ['present', field('present').test, ['v'], true],
  ['present though empty', field('present').test, [''], true],
  ['present is missing', field('present').test, [], false],
  ['absent', field('absent').test, [], true],
  ['absent is there', field('absent').test, ['v'], false],
  ['absent is there though empty', field('absent').test, [''], false],
  ['an empty text', field('exact:').test, [''], true],
  ['a text beyond ASCII', field('exact:Jürgen').test, ['Jürgen'], true],
  ['another beyond ASCII', field('exact:Jürgen').test, ['Jörgen'], false],
  ['a text whose last octet is that of a hard space', field('exact:voilà').test, ['voilà'], true],
  ['a regex beyond ASCII', field('regex:^J[üuö]rgen$').test, ['Jürgen'], true],
  ['a regex on one letter beyond ASCII', field('regex:^.$').test, ['č'], true],
]

/** As the engine reads the bytes that a client sends. */
const onTheWire = (text: string): string => Buffer.from(text).toString('latin1')

function fieldCases(key: 'headers' | 'query' | 'cookies', send: (values: readonly string[]) => RequestParts & { readonly query?: string }): MatcherCase[] {
  return FIELD_TESTS.map(([why, test, values, holds]) => {
    const { query = '', ...parts } = send(values)
    return { why, match: { [key]: [{ name: 'x-n', test }] }, head: request(`a.test/${query}`, parts), holds, saw: values.length === 0 ? null : values.join(', ') }
  })
}

const badFields = (key: 'headers' | 'query' | 'cookies'): MatcherSuite['bad'] => [
  { match: { [key]: [field('present'), field('exact:v', 'regex:(')] }, path: `${key}[1].test.of[1]`, message: /RE2 syntax: missing closing \)/ },
  { match: { [key]: [field()] }, path: `${key}[0]`, message: /no value is listed/ },
]

const withQuery = (why: string, name: string, value: string, query: string, holds: boolean): MatcherCase => ({
  why, match: { query: [{ name, test: field(`exact:${value}`).test }] }, head: request(`a.test/${query}`), holds,
})

const withCookie = (why: string, cookies: readonly string[], holds: boolean): MatcherCase => ({
  why, match: { cookies: [{ name: 'x-n', test: field('exact:v').test }] }, head: request('a.test/', { headers: cookies.map((cookie) => ['Cookie', cookie] as const) }), holds,
})

const CALLERS = [
  { name: 'simon', cidr: [], spiffe: ['spiffe://dc1/svc/simon'] },
  { name: 'vm', cidr: ['10.1.2.0/24', '2001:db8::/32'], spiffe: [] },
]
const ranges = (...texts: readonly string[]): MatchConfig => ({ source: texts.map((text) => (/[./:]/.test(text) ? { kind: 'cidr', cidr: text } : { kind: 'caller', name: text })) })
const from = (why: string, rule: readonly string[], address: string, holds: boolean, identities: readonly string[] = []): MatcherCase => ({
  why, match: ranges(...rule), head: request('a.test/', { from: address, identities }), holds,
})

/** 2026-11-23 is a Monday. */
const at = (why: string, when: TimeWindow, [day, hour, minute]: readonly [number, number, number], holds: boolean): MatcherCase => ({
  why, match: { when }, head: request('a.test/'), context: { wallClock: Date.UTC(2026, 10, day, hour, minute), roll: 0 }, holds,
})
const [TEN_PM, SIX_AM, NINE_AM, FIVE_PM] = [22 * 60, 6 * 60, 9 * 60, 17 * 60]

const SUITES: readonly MatcherSuite[] = [
  {
    matcher: hostMatcher,
    cases: hostRows.map(([why, rule, asked, holds]) => ({ why, match: { host: [host(rule)] }, head: { ...request('/'), host: asked }, holds, saw: asked })),
    bad: [{ match: { host: [host('a.test'), host('/a(?=b)/')] }, path: 'host[1]', message: /Lookahead/ }],
  },
  {
    matcher: pathMatcher,
    cases: pathRows.map(([why, rule, asked, holds]) => ({ why, match: { path: [path(rule)] }, head: request(`a.test${asked}`), holds })),
    bad: [
      { match: { path: [path('/a'), path('~(a)\\1')] }, path: 'path[1]', message: /Backreferences/ },
      { match: { path: [path('/{id}/{id}')] }, path: 'path[0]', message: /\{id\} is captured twice/ },
      { match: { path: [path('/a'.repeat(257))] }, path: 'path[0]', message: /257 segments/ },
    ],
  },
  {
    matcher: methodMatcher,
    cases: [
      { why: 'the method', match: { method: ['GET'] }, head: request('a.test/'), holds: true, saw: 'GET' },
      { why: 'any of a list', match: { method: ['PUT', 'GET'] }, head: request('a.test/'), holds: true },
      { why: 'GET does not imply HEAD', match: { method: ['GET'] }, head: request('a.test/', { method: 'HEAD' }), holds: false },
      { why: 'letter case counts', match: { method: ['GET'] }, head: request('a.test/', { method: 'get' }), holds: false },
    ],
  },
  {
    matcher: headerMatcher,
    cases: [
      ...fieldCases('headers', (values) => ({ headers: values.map((value) => ['X-N', onTheWire(value)] as const) })),
      { why: 'all of several', match: { headers: [{ ...field('present'), name: 'a' }, { ...field('present'), name: 'b' }] }, head: request('a.test/', { headers: [['a', '1']] }), holds: false },
      { why: '__proto__ is not everywhere', match: { headers: [{ ...field('present'), name: '__proto__' }] }, head: request('a.test/'), holds: false },
    ],
    bad: badFields('headers') ?? [],
  },
  {
    matcher: queryMatcher,
    cases: [
      ...fieldCases('query', (values) => ({ query: `?other=1&${values.map((value) => `x-n=${encodeURIComponent(value)}`).join('&')}` })),
      withQuery('an encoded value', 'n', 'admin', '?n=%61dmin', true),
      withQuery('an encoded name', 'n', 'v', '?%6e=v', true),
      withQuery('a plus is a space', 'n', 'a b', '?n=a+b', true),
      withQuery('a malformed percent stays as sent', 'n', '%zz', '?n=%zz', true),
      withQuery('no equals sign', 'n', '', '?n', true),
      withQuery('an equals sign in the value', 'n', 'a=b', '?n=a=b', true),
      withQuery('a semicolon separates nothing', 'n', 'v', '?m=1;n=v', false),
      withQuery('a name is not looked for in values', 'n', 'v', '?m=n=v', false),
      withQuery('names keep their letter case', 'n', 'v', '?N=v', false),
      withQuery('__proto__', '__proto__', 'v', '?__proto__=v', true),
    ],
    bad: badFields('query') ?? [],
  },
  {
    matcher: cookieMatcher,
    cases: [
      ...fieldCases('cookies', (values) => ({ headers: values.map((value) => ['Cookie', onTheWire(`a=1; x-n=${value}`)] as const) })),
      withCookie('the first of several', ['x-n=v; b=2'], true),
      withCookie('without space', ['a=1;x-n=v;b=2'], true),
      withCookie('a quoted value', ['x-n="v"'], true),
      withCookie('in a second field', ['a=1', 'x-n=v'], true),
      withCookie('a longer name', ['xx-n=v'], false),
      withCookie('names keep their letter case', ['X-N=v'], false),
      withCookie('no equals sign', ['x-n'], false),
    ],
    bad: badFields('cookies') ?? [],
  },
  {
    matcher: sourceMatcher,
    callers: CALLERS,
    cases: [
      from('an address in a range', ['10.0.0.0/8'], '10.255.0.1', true),
      from('an address outside', ['10.0.0.0/8'], '11.0.0.1', false),
      from('a single address', ['10.0.0.1'], '10.0.0.1', true),
      from('the one beside it', ['10.0.0.1'], '10.0.0.0', false),
      from('a range not on a byte', ['172.16.0.0/12'], '172.31.255.255', true),
      from('just behind it', ['172.16.0.0/12'], '172.32.0.0', false),
      from('everything', ['0.0.0.0/0'], '255.255.255.255', true),
      from('all of IPv4 is not all of IPv6', ['0.0.0.0/0'], '2001:db8::1', false),
      from('IPv4 inside IPv6', ['10.0.0.0/8'], '::ffff:10.0.0.1', true),
      from('IPv6', ['2001:db8::/32'], '2001:db8:ffff::1', true),
      from('another IPv6', ['2001:db8::/32'], '2001:db9::1', false),
      from('a zone is not seen', ['fe80::/10'], 'fe80::1%eth0', true),
      from('all of IPv6', ['::/0'], '10.0.0.1', true),
      from('any of a list', ['192.0.2.0/24', '10.0.0.0/8'], '10.0.0.1', true),
      from('no address', ['0.0.0.0/0'], 'unknown', false),
      from('a short form of IPv4 is no address', ['10.0.0.0/8'], '10.1', false),
      from('a caller by certificate', ['simon'], '192.0.2.1', true, ['spiffe://dc1/svc/other', 'spiffe://dc1/svc/simon']),
      from('a caller without it', ['simon'], '192.0.2.1', false),
      from('a caller by address', ['vm'], '10.1.2.3', true),
      from('a caller from elsewhere', ['vm'], '10.1.3.3', false),
      from('a caller in a list', ['simon', '10.0.0.0/8'], '10.0.0.1', true),
    ],
    bad: [
      { match: ranges('10.0.0.0/8', '10.0.0.0/33'), path: 'source[1]', message: /"10\.0\.0\.0\/33" is not an address range/ },
      { match: ranges('10.0.0.0/'), path: 'source[0]', message: /is not an address range/ },
      { match: ranges('2001:db8::/129'), path: 'source[0]', message: /is not an address range/ },
      { match: ranges('vm', 'nobody'), path: 'source[1]', message: /there is no caller "nobody": callers are simon, vm/ },
    ],
  },
  {
    matcher: listenerMatcher,
    cases: [
      { why: 'the listener', match: { listener: ['web'] }, head: request('a.test/'), holds: true, saw: 'web' },
      { why: 'any of a list', match: { listener: ['secure', 'web'] }, head: request('a.test/'), holds: true },
      { why: 'another listener', match: { listener: ['secure'] }, head: request('a.test/'), holds: false },
    ],
  },
  {
    matcher: whenMatcher,
    cases: [
      at('after', { after: Date.UTC(2026, 10, 23) }, [23, 0, 0], true),
      at('not yet', { after: Date.UTC(2026, 10, 23) }, [22, 23, 59], false),
      at('before', { before: Date.UTC(2026, 10, 23) }, [22, 23, 59], true),
      at('the end does not count', { before: Date.UTC(2026, 10, 23) }, [23, 0, 0], false),
      at('in the hours', { from: NINE_AM, to: FIVE_PM }, [23, 9, 0], true),
      at('the end of the hours does not count', { from: NINE_AM, to: FIVE_PM }, [23, 17, 0], false),
      at('before the hours', { from: NINE_AM, to: FIVE_PM }, [23, 8, 59], false),
      at('from on', { from: NINE_AM }, [23, 23, 59], true),
      at('until', { to: NINE_AM }, [23, 0, 0], true),
      at('no longer', { to: NINE_AM }, [23, 9, 0], false),
      at('over midnight, late', { from: TEN_PM, to: SIX_AM }, [23, 22, 0], true),
      at('over midnight, early', { from: TEN_PM, to: SIX_AM }, [23, 5, 59], true),
      at('over midnight, by day', { from: TEN_PM, to: SIX_AM }, [23, 6, 0], false),
      at('on the day', { days: [1] }, [23, 12, 0], true),
      at('on another day', { days: [0, 2, 3, 4, 5, 6] }, [23, 12, 0], false),
      at('early belongs to the day before', { from: TEN_PM, to: SIX_AM, days: [0] }, [23, 1, 0], true),
      at('early does not belong to its own day', { from: TEN_PM, to: SIX_AM, days: [1] }, [23, 1, 0], false),
      at('late belongs to its own day', { from: TEN_PM, to: SIX_AM, days: [1] }, [23, 23, 0], true),
      { ...at('tells the time', { days: [1] }, [23, 9, 7], true), saw: 'Mon 2026-11-23 09:07 UTC' },
      { ...at('tells the time of a leap day', { days: [4] }, [23, 0, 0], true), context: { wallClock: Date.UTC(2024, 1, 29, 23, 59), roll: 0 }, saw: 'Thu 2024-02-29 23:59 UTC' },
    ],
    bad: [
      { match: { when: { after: 2, before: 1 } }, path: 'when', message: /before is not later than after/ },
      { match: { when: { from: 60, to: 60 } }, path: 'when', message: /same minute/ },
      { match: { when: { days: [] } }, path: 'when', message: /days is empty/ },
    ],
  },
]

for (const suite of SUITES) testMatcher(suite)

it('every matcher has its cases, and its own key', () => {
  expect(SUITES.map(({ matcher }) => matcher.key).sort()).toEqual(MATCHERS.map(({ key }) => key).sort())
  expect(new Set(MATCHERS.map(({ key }) => key)).size).toBe(MATCHERS.length)
})
