// The readers of single texts: what each accepts, its normal form, and what it says of the rest.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCidr, readHostPort } from '../../../src/config/address.ts'
import { beside } from '../../../src/config/beside.ts'
import { Complaint } from '../../../src/config/complaint.ts'
import { readDestination } from '../../../src/config/destination.ts'
import { expandEnv } from '../../../src/config/expand.ts'
import { readHost } from '../../../src/config/host.ts'
import { readMatch } from '../../../src/config/match-text.ts'
import { editDistance, nearest } from '../../../src/config/nearest.ts'
import { readPath } from '../../../src/config/path-pattern.ts'
import { readDuration, readInstant, readShare, readSize, readTimeOfDay } from '../../../src/config/quantities.ts'
import { isPlain, normalizePath } from '../../../src/proxy/normalize.ts'
import { pathText } from '../../../src/route/path.ts'

/** What a reader says of a text: its value, or the complaint with its hint. */
function complaintOf(read: () => unknown): string {
  try {
    return `read as ${JSON.stringify(read())}`
  } catch (error) {
    if (error instanceof Complaint) return `${error.message} (${error.hint ?? ''})`
    throw error
  }
}

describe('paths', () => {
  test.each([
    ['/', '/'],
    ['/**', '/**'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['/a/**', '/a/**'],
    ['/users/{id}/orders', '/users/{id}/orders'],
    ['/%61%2Db', '/a-b'],
    ['/caf\u00e9', '/caf%C3%A9'],
    ['/%c3%a9', '/%C3%A9'],
    ['/a%25b', '/a%25b'],
    ["/a:b@c!$&'()+,=~_.-", "/a:b@c!$&'()+,=~_.-"],
    ['/a%5Bb%7C%5E', '/a%5Bb%7C%5E'],
    ['/^/v[0-9]+/.*$/', '/^/v[0-9]+/.*$/'],
  ])('%s is %s', (text, normal) => {
    expect(pathText(readPath(text))).toBe(normal)
  })

  test.each([
    ['a/b', 'write /a/b'],
    ['/a//b', 'one slash'],
    ['//', 'one slash'],
    ['/a/../b', 'without . and ..'],
    ['/a/%2e/b', 'without . and ..'],
    ['/a%2fb', 'no route can match'],
    ['/a%5Cb', 'no route can match'],
    ['/a%00', 'no route can match'],
    ['/a%7f', 'no route can match'],
    ['/a\\b', 'backslash'],
    ['/a;v=1', 'cut off before routing'],
    ['/a%3bv', 'only up to a ;'],
    ['/a%23', 'only up to a ;'],
    ['/a?b=1', 'query: {name: value}'],
    ['/a#b', 'fragment'],
    ['/a b', 'write %20'],
    ['/a%20', 'ends in a space'],
    ['/a%', 'write %25'],
    ['/a%zz', 'write %25'],
    ['/%c3', 'not UTF-8'],
    ['/\ud800', 'whole character'],
    ['/*', 'write {name} for one segment'],
    ['/**/a', 'last segment /**'],
    ['/a*', 'regular expression for a path is written /^'],
    ['/v{n}', 'a parameter is a whole segment'],
    ['/{id}/{id}', 'its own name'],
    ['/{1}', 'a parameter is a whole segment'],
    ['/^a', 'without its last slash'],
    ['/v[0-9]+/', 'write %5B; a regular expression for a path is written /^…/'],
    ['/v]', 'write %5D; a regular'],
    ['/(foo|bar)/', 'write %7C; a regular expression for a path is written /^…/'],
    ['/a^b', 'write %5E; a regular'],
    ['/^(a/', 'not a regular expression'],
    ['/^(?=a)/', 'Lookahead'],
  ])('%s is refused: %s', (text, hint) => {
    expect(complaintOf(() => readPath(text))).toContain(hint)
  })

  test('a literal path is one that requests have, so that it can match', () => {
    // The whole of Unicode and the characters that matter, so that escapes and slashes meet.
    const piece = fc.oneof(fc.constantFrom('/', '%', '2e', '2F', '.', '..', ';', '\u00e9', ' ', '{a}', '*', 'a'), fc.string({ unit: 'binary', maxLength: 3 }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = `/${pieces.join('')}`
        if (complaintOf(() => readPath(text)).startsWith('read as') === false) return
        const pattern = readPath(text)
        if (pattern.kind === 'regex' || pattern.rest || pattern.segments.some(({ kind }) => kind === 'param')) return
        const path = pathText(pattern)
        expect(normalizePath(path)).toEqual({ path, matchPath: path })
      }),
      { numRuns: 2000, seed: 7 },
    )
  })

  test('a plain path of a request is its own pattern', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_~!$&'()+,=:@-]{1,5}$/)
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = `/${segments.join('/')}`
        expect(isPlain(path)).toBe(true)
        expect(pathText(readPath(path))).toBe(path)
      }),
    )
  })
})

describe('hosts', () => {
  test.each([
    ['Words.Example.COM.', { kind: 'exact', host: 'words.example.com' }],
    ['*.Example.com', { kind: 'suffix', suffix: 'example.com' }],
    ['b\u00fccher.example', { kind: 'exact', host: 'xn--bcher-kva.example' }],
    ['[2001:DB8:0::1]', { kind: 'exact', host: '[2001:db8::1]' }],
    ['10.0.0.1', { kind: 'exact', host: '10.0.0.1' }],
    ['my_service', { kind: 'exact', host: 'my_service' }],
    ['/^api-[0-9]+\\.example$/', { kind: 'regex', pattern: '^api-[0-9]+\\.example$' }],
  ])('%s', (text, pattern) => {
    expect(readHost(text)).toEqual(pattern)
  })

  test.each([
    ['*', 'leave the host out'],
    ['a.*.b', 'whole labels at the start'],
    ['a*.b', 'whole labels at the start'],
    ['words:80', 'matches on every port'],
    ['http://words', 'write the host alone'],
    ['a..b', 'not a host name'],
    ['-a.b', 'not a host name'],
    // An URL would be read from it, and what is not its host lost.
    ['bücher.example/x', 'not a host name'],
    ['user@bücher.example', 'not a host name'],
    ['bücher.example?x', 'not a host name'],
    ['bücher.example#x', 'not a host name'],
    ['bücher\\x', 'not a host name'],
    ['%41bücher', 'not a host name'],
    ['bü\tcher', 'not a host name'],
    ['[::1]@[::2]', 'not an IPv6 address'],
    ['[::1]/x]', 'not an IPv6 address'],
    ['[1.2.3.4]', 'not an IPv6 address'],
    ['a b', 'not a host name'],
    ['', 'not a host name'],
    ['[::1', 'IPv6 address in brackets'],
    ['[::g]', 'IPv6 address in brackets'],
    ['/(/', 'not a regular expression'],
  ])('%s is refused: %s', (text, hint) => {
    expect(complaintOf(() => readHost(text))).toContain(hint)
  })
})

describe('the short form of a match', () => {
  test.each([
    ['words.example.com/**', { host: [{ kind: 'exact', host: 'words.example.com' }], path: [{ kind: 'template', segments: [], rest: true }] }],
    ['/health', { path: [{ kind: 'template', segments: [{ kind: 'literal', text: 'health' }], rest: false }] }],
    ['GET,POST *.example.com', { method: ['GET', 'POST'], host: [{ kind: 'suffix', suffix: 'example.com' }] }],
    ['  PURGE   /  ', { method: ['PURGE'], path: [{ kind: 'template', segments: [{ kind: 'literal', text: '' }], rest: false }] }],
    ['a/^/x$/', { host: [{ kind: 'exact', host: 'a' }], path: [{ kind: 'regex', pattern: '^/x$' }] }],
  ])('%s', (text, match) => {
    expect(readMatch(text)).toEqual(match)
  })

  test.each([
    ['', '/** matches everything'],
    ['get /x', 'write GET'],
    ['GET a b', 'more than methods and host/path'],
    ['https://a/b', 'write a/b'],
    ['a/b?c', 'query: {name: value}'],
    ['G(T /x', 'not a method'],
  ])('%s is refused: %s', (text, hint) => {
    expect(complaintOf(() => readMatch(text))).toContain(hint)
  })
})

describe('destinations', () => {
  const known = { services: new Set(['words']), registries: new Set(['consul']) }
  test.each([
    ['words', { kind: 'service', service: 'words' }],
    ['words/v2', { kind: 'service', service: 'words', subset: 'v2' }],
    ['consul/shop/cart?tag=v2&dc=dc1', { kind: 'registry', ref: { registry: 'consul', name: 'shop/cart', options: { dc: 'dc1', tag: 'v2' } } }],
    ['HTTP://127.0.0.1:7001/', { kind: 'url', url: 'http://127.0.0.1:7001', host: '127.0.0.1', port: 7001, tls: false }],
    ['https://words.internal', { kind: 'url', url: 'https://words.internal', host: 'words.internal', port: 443, tls: true }],
    ['http://[::1]:80', { kind: 'url', url: 'http://[::1]', host: '::1', port: 80, tls: false }],
  ])('%s', (text, ref) => {
    expect(JSON.parse(JSON.stringify(readDestination(text, known)))).toEqual(ref)
  })

  test.each([
    ['wrods', 'did you mean words?'],
    ['consl/words', 'did you mean consul?'],
    ['consul', 'did you mean consul/…?'],
    ['xyzzy', 'known: words, consul/…'],
    ['consul/', 'write consul/words'],
    ['words/', 'write words or words/SUBSET'],
    ['words/a/b', 'write words or words/SUBSET'],
    ['http://u:p@host', 'Authorization'],
    ['http://host/path', 'change the path with rewrite'],
    ['http://', 'not an URL'],
  ])('%s is refused: %s', (text, hint) => {
    expect(complaintOf(() => readDestination(text, known))).toContain(hint)
  })
})

describe('addresses', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.7', '10.0.0.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
  ])('%s is %s', (text, normal) => {
    expect(readCidr(text)).toBe(normal)
  })

  test.each([
    ['10.1.2.3/8', 'write 10.0.0.0/8, or 10.1.2.3/32'],
    ['10.0.0.0/33', '0 to 32'],
    ['10.0.0/8', 'write 10.0.0.0/8'],
    ['010.0.0.1', 'write 10.0.0.0/8'],
    ['10.0.0.0/8/8', 'write 10.0.0.0/8'],
    ['10.0.0.0/', '0 to 32'],
    ['fe80::1%eth0', 'write 10.0.0.0/8'],
  ])('%s is refused: %s', (text, hint) => {
    expect(complaintOf(() => readCidr(text))).toContain(hint)
  })

  test('host and port', () => {
    expect(readHostPort('10.0.0.1:80')).toEqual({ host: '10.0.0.1', port: 80 })
    expect(readHostPort('[::1]:80')).toEqual({ host: '::1', port: 80 })
    for (const wrong of ['host', 'host:', ':80', '::1:80', '[::1]', '[x]:80', 'host:99999', 'a b:1']) expect(complaintOf(() => readHostPort(wrong))).toContain('is not host:port')
  })
})

describe('quantities', () => {
  test.each([
    [readInstant, '2026-11-23T08:00:00.5Z', Date.UTC(2026, 10, 23, 8, 0, 0, 500)],
    [readInstant, '2026-11-23T08:00:00.123456789+23:59', Date.UTC(2026, 10, 22, 8, 1, 0, 123)],
    [readDuration, '250ms', 250],
    [readDuration, '1.5s', 1500],
    [readDuration, '5m', 300_000],
    [readDuration, '1h', 3_600_000],
    [readDuration, '0', 0],
    [readSize, '64KiB', 65_536],
    [readSize, '1.5MiB', 1_572_864],
    [readSize, '10B', 10],
    [readShare, '5%', 500],
    [readShare, '0.25%', 25],
    [readTimeOfDay, '22:30', 1350],
    [readTimeOfDay, '24:00', 1440],
    [readInstant, '1970-01-01', 0],
    [readInstant, '2026-11-23T08:00:00Z', Date.UTC(2026, 10, 23, 8)],
    [readInstant, '2024-02-29T23:59:59+02:00', Date.UTC(2024, 1, 29, 21, 59, 59)],
  ])('%o %s is %d', (read, text, value) => {
    expect(read(text)).toBe(value)
  })

  test('instants are those of the calendar', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }), (date) => {
        expect(readInstant(`${date.toISOString().slice(0, 19)}Z`)).toBe(Math.floor(date.getTime() / 1000) * 1000)
      }),
    )
  })

  test.each([
    [readDuration, '5', 'add a unit: 5ms or 5s'],
    [readDuration, '-5s', 'write a number with'],
    [readDuration, '5 s', 'write a number with'],
    [readDuration, '900h', 'at most'],
    [readSize, '64KB', 'write a number with B, KiB'],
    [readShare, '101%', '0% to 100%'],
    [readShare, '5', '0% to 100%'],
    [readTimeOfDay, '25:00', 'in quotes'],
    [readTimeOfDay, '24:01', 'in quotes'],
    [readTimeOfDay, '9:00', 'in quotes'],
    [readInstant, '2025-02-29', 'write 2026'],
    [readInstant, '2025-13-01', 'write 2026'],
    [readInstant, '2025-01-01T24:00:00Z', 'write 2026'],
    [readInstant, '2025-01-01T00:00:00+99:99', 'write 2026'],
    [readInstant, '2025-01-01T00:00:00-24:00', 'write 2026'],
    [readInstant, '2025-01-01T00:00.5Z', 'write 2026'],
    [readInstant, 'tomorrow', 'write 2026'],
  ])('%o refuses %s', (read, text, hint) => {
    expect(complaintOf(() => read(text))).toContain(hint)
  })
})

describe('the environment', () => {
  const env = { NAME: 'value', EMPTY: '', NESTED: '${NAME}' }
  test.each([
    ['plain', 'plain'],
    ['${NAME}', 'value'],
    ['a${NAME}b${NAME}', 'avaluebvalue'],
    ['${MISSING:-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${MISSING:-}', ''],
    ['${EMPTY}', ''],
    ['${NESTED}', '${NAME}'],
    ['$${NAME}', '${NAME}'],
    ['$NAME and $5', '$NAME and $5'],
  ])('%s is %s', (text, expanded) => {
    expect(expandEnv(text, env)).toBe(expanded)
  })

  test.each([
    ['${NAM}', 'NAM is not set (did you mean NAME?'],
    ['${OTHER_THING}', 'give a default: ${OTHER_THING:-…}'],
    ['${1}', 'write ${NAME}'],
    ['${NAME', 'write ${NAME}'],
    ['${}', 'write ${NAME}'],
    ['${constructor}', 'constructor is not set'],
  ])('%s is refused: %s', (text, hint) => {
    expect(complaintOf(() => expandEnv(text, env))).toContain(hint)
  })

  test('is closed to tables that come from elsewhere', () => {
    expect(complaintOf(() => expandEnv('${NAME}', undefined))).toContain('not expanded here')
    expect(expandEnv('$${NAME}', undefined)).toBe('${NAME}')
  })
})

describe('spelling', () => {
  test.each([
    ['timout', 'timeout'],
    ['tiemout', 'timeout'],
    ['Match', 'match'],
    ['xyz', undefined],
    ['', undefined],
    ['hosts', 'host'],
  ])('%s is nearest to %s', (word, near) => {
    expect(nearest(word, ['host', 'match', 'timeout'])).toBe(near)
  })

  test('distances are symmetric and zero only for equal words', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
      }),
    )
  })
})

test.each([
  ['/etc/fairlead/f.yaml', 'server.pem', '/etc/fairlead/server.pem'],
  ['/etc/fairlead/f.yaml', '/x/server.pem', '/x/server.pem'],
  ['C:\\fairlead\\f.yaml', 'server.pem', 'C:\\fairlead\\server.pem'],
  ['f.yaml', 'server.pem', 'server.pem'],
  ['', 'server.pem', 'server.pem'],
])('beside %s, %s is %s', (file, path, result) => {
  expect(beside(file, path)).toBe(result)
})
