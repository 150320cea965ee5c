// Fabio's tags: what is understood, and what is refused with a reason.
import { describe, expect, test } from 'vitest'
import { globHost } from '../../../src/tags/glob.ts'
import { asked, assembled, tagged } from '../../support/tagged.ts'

describe('a prefix', () => {
  test.each([
    ['urlprefix-/css', 'any.test/css/x', 'consul/words /css/x'],
    ['urlprefix-/css', 'any.test/css', 'consul/words /css'],
    // Whole segments, where Fabio compares letters.
    ['urlprefix-/css', 'any.test/cssx', 'none'],
    ['urlprefix-i.com/static', 'i.com/static/a', 'consul/words /static/a'],
    // But no segment ends so: as text.
    ['urlprefix-/static-', 'any.test/static-a/b.js?v=1', 'consul/words /static-a/b.js?v=1'],
    ['urlprefix-/static-', 'any.test/static/a.js', 'none'],
    ['urlprefix-i.com/a/v1.', 'i.com/a/v1.2/x', 'consul/words /a/v1.2/x'],
    ['urlprefix-i.com/a/v1.', 'i.com/a/v12/x', 'none'],
    ['urlprefix-/_', 'any.test/_internal', 'consul/words /_internal'],
    ['urlprefix-/id=', 'any.test/id=7', 'consul/words /id=7'],
    ['urlprefix-/v', 'any.test/v2', 'none'],
    ['urlprefix-/api/x- strip=/api', 'any.test/api/x-1/y?q', 'consul/words /x-1/y?q'],
    ['urlprefix-/api/x- strip=/api/x-', 'any.test/api/x-1/y', 'consul/words /1/y'],
    ['urlprefix-/x- strip=/x- prepend=/v1', 'any.test/x-1', 'consul/words /v1/1'],
    ['urlprefix-/x- prepend=/v1', 'any.test/x-1', 'consul/words /v1/x-1'],
    ['urlprefix-/x- redirect=301,https://b.test$path', 'any.test/x-1', 'redirect 301 https://b.test/x-1'],
    // Of a host without a slash 1.5.14 and later serve all paths; those before wanted a slash.
    ['urlprefix-Foo.com', 'foo.com/x', 'consul/words /x'],
    ['urlprefix-foo.com:8080 strip=/x', 'foo.com/x/y', 'consul/words /y'],
    ['urlprefix-i.com/static', 'j.com/static/a', 'none'],
    ['urlprefix-MySite.com/', 'mysite.com/anything', 'consul/words /anything'],
    ['urlprefix-*.site.com/', 'a.b.site.com/', 'consul/words /'],
    ['urlprefix-api-?.site.com/', 'api-1.site.com/', 'consul/words /'],
    ['urlprefix-mysite.com:8080/', 'mysite.com:8080/x', 'consul/words /x'],
    ['urlprefix-/foo/bar strip=/foo', 'any.test/foo/bar', 'consul/words /bar'],
    ['urlprefix-/foo/bar strip=/foo', 'any.test/foo/bar/x', 'consul/words /bar/x'],
    ['urlprefix-/foo strip=/foo', 'any.test/foo', 'consul/words /'],
    ['urlprefix-/ strip=/foo', 'any.test/foo/x', 'consul/words /x'],
    ['urlprefix-/ strip=/foo', 'any.test/x', 'consul/words /x'],
    ['urlprefix-/foo prepend=/v1', 'any.test/foo/x', 'consul/words /v1/foo/x'],
    ['urlprefix-/foo strip=/foo prepend=/v1', 'any.test/foo', 'consul/words /v1'],
    ['urlprefix-/foo host=inner.test', 'any.test/foo', 'consul/words /foo as inner.test'],
    ['urlprefix-old.test/ redirect=301,https://new.test$path', 'old.test/x?q=1', 'redirect 301 https://new.test/x?q=1'],
    ['urlprefix-old.test/ redirect=302,https://new.test/', 'old.test/x?q=1', 'redirect 302 https://new.test/'],
    ['urlprefix-/a register=name', 'any.test/a', 'consul/words /a'],
    ['urlprefix-/a allow=ip:10.0.0.0/8,ip:127.0.0.1', 'any.test/a', 'consul/words /a'],
    ['urlprefix-/a allow=ip:10.0.0.0/8', 'any.test/a', 'respond 403'],
    ['urlprefix-/a deny=ip:127.0.0.0/8', 'any.test/a', 'respond 403'],
    ['urlprefix-/a deny=ip:10.0.0.0/8', 'any.test/a', 'consul/words /a'],
  ])('%s: %s is %s', (tag, request, expected) => {
    expect(asked(assembled([tagged('words', [tag])]), request)).toBe(expected)
  })

  test.each([
    ['urlprefix-/a proto=https', { verify: true }],
    ['urlprefix-/a proto=https tlsskipverify=true', { verify: false }],
    ['urlprefix-/a proto=http', undefined],
  ])('%s: TLS %j', (tag, tls) => {
    expect(assembled([tagged('words', [tag])]).table.services[0]?.tls).toEqual(tls)
  })

  const listeners = [{ name: 'web', tls: false }, { name: 'secure', tls: true }]
  const onEach = (tags: readonly string[], request: string): string[] => {
    const made = assembled([tagged('words', tags)], { listeners })
    return listeners.map(({ name }) => asked(made, request, { listener: name }))
  }
  const home = 'consul/words /p'
  test.each([
    // As Fabio's documentation has it.
    [['urlprefix-x.test/', 'urlprefix-x.test:80/ redirect=301,https://x.test$path'], ['redirect 301 https://x.test/p?q', `${home}?q`]],
    [['urlprefix-x.test:9999/', 'urlprefix-x.test:80/ redirect=301,https://x.test$path'], ['redirect 301 https://x.test/p?q', `${home}?q`]],
    [['urlprefix-x.test/', 'urlprefix-x.test:80/ redirect=301,https://x.test/'], ['redirect 301 https://x.test/', `${home}?q`]],
    [['urlprefix-x.test:443/', 'urlprefix-x.test/ redirect=301,https://x.test$path'], ['redirect 301 https://x.test/p?q', `${home}?q`]],
    [['urlprefix-x.test:443/', 'urlprefix-/ redirect=301,https://$host$path'], ['redirect 301 https://x.test/p?q', `${home}?q`]],
    [['urlprefix-x.test/ redirect=301,https://X.test:8443$path'], ['redirect 301 https://X.test:8443/p?q', 'none']],
    [['urlprefix-x.test/', 'urlprefix-x.test:443/ redirect=301,http://x.test$path'], [`${home}?q`, 'redirect 301 http://x.test/p?q']],
    [['urlprefix-x.test:80/'], [`${home}?q`, 'none']],
    [['urlprefix-x.test:443/'], ['none', `${home}?q`]],
    // It leads elsewhere, from both.
    [['urlprefix-x.test/ redirect=301,https://y.test$path'], ['redirect 301 https://y.test/p?q', 'redirect 301 https://y.test/p?q']],
    [['urlprefix-x.test/p redirect=301,https://x.test/new'], ['redirect 301 https://x.test/new', 'redirect 301 https://x.test/new']],
    [['urlprefix-x.test/p redirect=301,https://x.test/p/new'], ['redirect 301 https://x.test/p/new', 'none']],
  ])('%j: without and with TLS', (tags, expected) => {
    expect(onEach(tags, 'x.test/p?q')).toEqual(expected)
    expect(assembled([tagged('words', tags)], { listeners }).refused.filter(({ kind }) => kind === 'refused')).toEqual([])
  })

  test('a redirect by a service that comes later by name does not lead another’s requests in a circle', () => {
    const made = assembled([tagged('words', ['urlprefix-x.test:9999/']), tagged('zz', ['urlprefix-x.test:80/ redirect=301,https://x.test$path'])], { listeners })
    expect(listeners.map(({ name }) => asked(made, 'x.test/p', { listener: name }))).toEqual(['redirect 301 https://x.test/p', home])
  })

  test.each([
    ['urlprefix-x.test:80/ redirect=301,https://x.test$path', [{ name: 'http', tls: false }], 'it redirects to https, and no listener of this gateway has TLS'],
    ['urlprefix-x.test/ redirect=301,https://x.test$path', [{ name: 'http', tls: false }], 'it redirects to https, and no listener of this gateway has TLS'],
    ['urlprefix-x.test:443/', [{ name: 'http', tls: false }], 'it is for port 443, and no listener of this gateway has TLS'],
    ['urlprefix-x.test:80/', [{ name: 'secure', tls: true }], 'it is for port 80, and no listener of this gateway is without TLS'],
    ['urlprefix-x.test:443/ redirect=301,https://x.test$path', listeners, 'it redirects to itself'],
  ])('%s: %s', (tag, on, reason) => {
    const { table, refused } = assembled([tagged('words', [tag])], { listeners: on })
    expect([table.routes, refused.map((each) => each.reason)]).toEqual([[], [reason]])
  })

  test.each([
    [['urlprefix-/a weight=0.1', 'urlprefix-/b'], ['/b']],
    [['urlprefix-/a weight=0.1', 'urlprefix-/b weight=0.5'], ['/b']],
    [['urlprefix-/a weight=0.1', 'urlprefix-/b weight=.1'], []],
    [['urlprefix-/a weight=0.1', 'urlprefix-/c redirect=301,https://x.test/'], []],
    [['urlprefix-/a', 'urlprefix-/b weight=0'], []],
  ])('%j: that a weight counts for all routes of its instance is told of %j', (tags, told) => {
    const { refused } = assembled([tagged('words', ['urlprefix-/a', 'urlprefix-/b'], tags)])
    expect(refused.map(({ tag, kind, count, reason }) => [tag.split(' ')[0], kind, count, reason])).toEqual(told.map((path) => [`urlprefix-${path}`, 'note', 1, "the weight of 'urlprefix-/a weight=0.1', another tag of its instances, counts for this route, too: a weight belongs to an instance here"]))
  })

  test('a service is told of the prefix that was taken off', () => {
    const { table } = assembled([tagged('words', ['urlprefix-/a strip=/a', 'urlprefix-/b'])])
    expect(table.routes.map(({ requestHeaders }) => requestHeaders?.set ?? [])).toEqual([[['X-Forwarded-Prefix', '/a']], []])
  })

  test('the longest wins, with a host before one without', () => {
    const made = assembled([tagged('a', ['urlprefix-/']), tagged('b', ['urlprefix-/foo/bar']), tagged('c', ['urlprefix-x.test/foo'])])
    expect([asked(made, 'y.test/foo/bar'), asked(made, 'y.test/foo'), asked(made, 'x.test/foo/bar')].map((line) => line.split(' ')[0])).toEqual(['consul/b', 'consul/a', 'consul/c'])
  })
})

test('a prefix as text is told where another takes its requests', () => {
  const made = assembled([tagged('a', ['urlprefix-/a']), tagged('b', ['urlprefix-/a/b-']), tagged('c', ['urlprefix-/c-'])])
  expect(made.refused.map(({ service, kind, reason }) => [service, kind, reason])).toEqual([['b', 'note', 'a prefix ranks before a regular expression here, so requests below /a go to a in consul']])
  expect(['x.test/a/b-1', 'x.test/c-1'].map((request) => asked(made, request).split(' ')[0])).toEqual(['consul/a', 'consul/c'])
  // All paths of a host come last.
  expect(asked(assembled([tagged('a', ['urlprefix-/']), tagged('b', ['urlprefix-/b-'])]), 'x.test/b-1')).toBe('consul/b /b-1')
})

describe('refused, with a reason', () => {
  test.each([
    ['urlprefix-:3306 proto=tcp', 'only HTTP is routed by tags'],
    ['urlprefix-:3306', 'TCP port'],
    ['urlprefix-/svc/Method proto=grpc', 'gRPC'],
    ['urlprefix-', 'no host and no path'],
    ['urlprefix-/a auth=name', 'the route would be open'],
    ['urlprefix-/a host=dst', 'host=dst'],
    ['urlprefix-/a stripp=/a', 'did you mean strip?'],
    ['urlprefix-/a strip=/b', 'should be stripped'],
    ['urlprefix-/a- strip=/b', 'cannot be stripped from paths that begin with /a-'],
    ['urlprefix-/a/x- strip=/a/x', 'cannot be stripped from paths that begin with /a/x-'],
    ['urlprefix-/a strip', 'has no value'],
    ['urlprefix-/a weight=5', 'weight=5 is no share from 0 to 1'],
    ['urlprefix-/a redirect=https://x.test/', 'is not CODE,URL'],
    ['urlprefix-/a redirect=299,https://x.test/', 'status'],
    ['urlprefix-/a allow=10.0.0.0/8', "is not ip:ADDRESS"],
    ['urlprefix-/a allow=ip:nonsense', 'source'],
    ['urlprefix-/a allow=ip:10.0.0.1 deny=ip:10.0.0.2', 'stand together'],
    ['urlprefix-${DC}.site.com/', 'variable'],
    ['urlprefix-/*.html', 'stars'],
    ['urlprefix-/a proto=spdy', 'there is no proto=spdy'],
  ])('%s: %s', (tag, reason) => {
    const { table, refused } = assembled([tagged('words', [tag]), tagged('good', ['urlprefix-good.test/'])])
    expect(refused).toHaveLength(1)
    expect(refused[0]?.reason).toContain(reason)
    expect(table.routes).toHaveLength(1)
  })
})

test.each([
  ['a.test', 'a.test'],
  ['*.a.test', '*.a.test'],
  ['*a.test', '/^.*a\\.test$/'],
  ['{a,b}.test', '/^(?:a|b)\\.test$/'],
  ['[!a-c].test', '/^[^a-c]\\.test$/'],
])('the host %s is %s', (glob, host) => {
  expect(globHost(glob)).toBe(host)
})
