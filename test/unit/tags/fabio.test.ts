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

  test('the longest wins, with a host before one without', () => {
    const made = assembled([tagged('a', ['urlprefix-/']), tagged('b', ['urlprefix-/foo/bar']), tagged('c', ['urlprefix-x.test/foo'])])
    expect([asked(made, 'y.test/foo/bar'), asked(made, 'y.test/foo'), asked(made, 'x.test/foo/bar')].map((line) => line.split(' ')[0])).toEqual(['consul/b', 'consul/a', 'consul/c'])
  })
})

describe('refused, with a reason', () => {
  test.each([
    ['urlprefix-:3306 proto=tcp', 'only HTTP is routed by tags'],
    ['urlprefix-:3306', 'TCP port'],
    ['urlprefix-/svc/Method proto=grpc', 'gRPC'],
    ['urlprefix-foo.com', 'has no slash'],
    ['urlprefix-', 'has no slash'],
    ['urlprefix-/a auth=name', 'the route would be open'],
    ['urlprefix-/a host=dst', 'host=dst'],
    ['urlprefix-/a stripp=/a', 'did you mean strip?'],
    ['urlprefix-/a strip=/b', 'should be stripped'],
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
