// The gateway's own tags: what each option does, and what is refused.
import { describe, expect, test } from 'vitest'
import { isRouted } from '../../../src/tags/list.ts'
import { asked, assembled, reasons, tagged } from '../../support/tagged.ts'

const R = 'fairlead.route'

describe('a route', () => {
  test.each([
    [[`${R}=words.example.com/**`], 'words.example.com/one', 'consul/words /one'],
    [[`${R}=words.example.com/**`], 'other.example.com/one', 'none'],
    [[`${R}=GET words.example.com/**`], 'POST words.example.com/one', 'none'],
    [[`${R}=a.test/**`, `${R}=b.test/x`], 'b.test/x', 'consul/words /x'],
    [[`${R}=a.test/api/**`, `${R}.strip=/api`], 'a.test/api/x?q=1', 'consul/words /x?q=1'],
    [[`${R}=a.test/api/**`, `${R}.strip=/api`], 'a.test/api', 'consul/words /'],
    [[`${R}=a.test/api/v1/**`, `${R}.strip=/api`], 'a.test/api/v1', 'consul/words /v1'],
    [[`${R}=a.test/api/v1/**`, `${R}.strip=/api`], 'a.test/api/v1/x', 'consul/words /v1/x'],
    [[`${R}=a.test/**`, `${R}.strip=/api`], 'a.test/api/x', 'consul/words /x'],
    [[`${R}=a.test/**`, `${R}.strip=/api`], 'a.test/other', 'consul/words /other'],
    [[`${R}=a.test/**`, `${R}.prepend=/base/`], 'a.test/x', 'consul/words /base/x'],
    [[`${R}=a.test/api/**`, `${R}.strip=/api`, `${R}.prepend=/v2`], 'a.test/api/x', 'consul/words /v2/x'],
    [[`${R}=a.test/users/{id}`, `${R}.rewrite=/u/{id}`], 'a.test/users/7', 'consul/words /u/7'],
    [[`${R}=a.test/**`, `${R}.host=inner.test`], 'a.test/', 'consul/words / as inner.test'],
    [[`${R}=a.test/**`, `${R}.redirect=https://b.test{path}{query}`, `${R}.redirect.status=308`], 'a.test/x?q', 'redirect 308 https://b.test/x?q'],
    [[`${R}=a.test/**`, `${R}.source=10.0.0.0/8`], 'a.test/', 'none'],
    [['fairlead.routes.admin=a.test/admin/**'], 'a.test/admin/x', 'consul/words /admin/x'],
    [[`${R}=a.test/\${x}`], 'a.test/', 'none'],
  ])('%j: %s is %s', (labels, request, expected) => {
    expect(asked(assembled([tagged('words', labels)]), request)).toBe(expected)
  })

  test('asks for headers, cookies and query parameters', () => {
    const table = assembled([tagged('words', [`${R}=a.test/**`, `${R}.header.x-user=/^tester-/`, `${R}.query.beta=true`])])
    expect(asked(table, 'a.test/?beta', { headers: [['x-user', 'tester-1']] })).toBe('consul/words /?beta')
    expect(asked(table, 'a.test/', { headers: [['x-user', 'tester-1']] })).toBe('none')
    expect(asked(table, 'a.test/?beta', { headers: [['x-user', 'simon']] })).toBe('none')
  })

  test('carries priority, timeout, retries and header rules', () => {
    const labels = [`${R}=a.test/**`, `${R}.priority=5`, `${R}.timeout=2s`, `${R}.retry=2`, `${R}.retry.on=connect,5xx`, `${R}.retry.per-try=500ms`, `${R}.request-header.x-team=words`, `${R}.response-header.server=`, `${R}.upgrade=false`]
    expect(assembled([tagged('words', labels)]).table.routes[0]).toMatchObject({
      name: 'words@consul',
      priority: 5,
      timeout: 2000,
      upgrade: false,
      retry: { attempts: 2, on: ['connect', '5xx'], perTry: 500 },
      requestHeaders: { set: [['x-team', 'words']] },
      responseHeaders: { remove: ['server'] },
    })
  })

  test('sets TLS and the balancer of its service', () => {
    const { table } = assembled([tagged('words', [`${R}=a.test/**`, `${R}.tls=insecure`, `${R}.balance=round-robin`])])
    expect(table.services).toMatchObject([{ name: 'consul/words', from: ['consul/words'], tls: { verify: false }, balance: { kind: 'round-robin' } }])
  })
})

describe('refused, with a reason', () => {
  test.each([
    [[`${R}=words example com/**`], 'more than methods and host/path'],
    [[`${R}=https://words.example.com/**`], 'has a scheme'],
    [[`${R}.strip=/api`], 'there is no fairlead.route=host/path/** beside its options'],
    [[`${R}=a.test/**`, `${R}.stirp=/api`], "there is no option 'stirp' (did you mean strip?)"],
    [[`${R}=a.test/x`, `${R}.strip=/x`], 'a match that ends in /**'],
    [[`${R}=a.test/api/**`, `${R}.strip=/other`], 'should be stripped'],
    [[`${R}=a.test/**`, `${R}.weight=5`], "the weight '5' is no share"],
    [[`${R}=a.test/**`, `${R}.weight=101%`], 'is no share from 0% to 100%'],
    [[`${R}=a.test/**`, `${R}.priority=1000`], 'above 999'],
    [[`${R}=a.test/**`, `${R}.timeout=2`], 'timeout'],
    [[`${R}=a.test/**`, `${R}.timeout=2s`, `${R}.timeout=3s`], 'timeout is given 2 times'],
    [[`${R}=a.test/**`, `${R}.retry.on=sometimes`], 'retry.on'],
    [[`${R}=a.test/**`, `${R}.source=simon`], "there is no caller 'simon'"],
    [[`${R}=a.test/**`, `${R}.listener=secure`], "there is no listener 'secure'"],
    [[`${R}=a.test/**`, `${R}.rewrite=/{id}`], 'not captured'],
    [[`${R}=a.test/**`, `${R}.header.__proto__=x`], ''],
    [['fairlead.rout=a.test/**'], 'is no tag of Fairlead'],
    [['fairlead.routes.bad name=a.test/**'], 'is no tag of Fairlead'],
    [[`${R}=/^(((((a{1,1000}){1,1000})$/`], ''],
  ])('%j: %s', (labels, reason) => {
    const { table, refused } = assembled([tagged('words', labels), tagged('good', [`${R}=good.test/**`])])
    expect(refused.map((each) => each.reason).join()).toContain(reason)
    expect(refused[0]).toMatchObject({ registry: 'consul', service: 'words', instances: ['consul/n1/words-1'], kind: 'refused' })
    expect(table.routes.map(({ name }) => name)).toEqual(['good@consul'])
  })

  test('several tags of one route: a reason for each tag, and the count of the rest', () => {
    const bad = Array.from({ length: 6 }, (_, i) => `${R}=w${i}.test/{b`)
    const [refusal, ...others] = assembled([tagged('words', [`${R}=good.test/**`, `${R}=a b c`, ...bad, `${R}.timeout=soon`])]).refused
    expect(others).toEqual([])
    expect(refusal?.reason.split('\n')).toEqual([
      `${R}=a b c: 'a b c' has more than methods and host/path (write GET,POST host/path)`,
      expect.stringContaining(`${R}=w0.test/{b: '{b' in '/{b' is not a parameter`) as string,
      expect.stringContaining(`${R}=w1.test/{b: '{b' in '/{b' is not a parameter`) as string,
      'and 5 more are wrong',
    ])
  })

  test('tags of any length: a reason that can be read', () => {
    const [refusal] = assembled([tagged('words', Array.from({ length: 40 }, (_, i) => `${R}=w${i}.test/{${'b'.repeat(1900)}`))]).refused
    expect(refusal?.reason.length).toBeLessThan(1300)
    expect(refusal?.tag).toHaveLength(2048)
    expect(refusal?.tag.endsWith('…')).toBe(true)
  })

  test('the same match under another name is told by that name', () => {
    const { refused } = assembled([tagged('words', [`${R}=a.test/{`, `${R}=b.test/**`, 'fairlead.routes.x=a.test/{', 'fairlead.routes.x=b.test/**'])])
    expect(refused.map(({ reason }) => reason.slice(0, reason.indexOf(': ')))).toEqual([`${R}=a.test/{`, 'fairlead.routes.x=a.test/{'])
  })

  test('one route, and not the others of the service', () => {
    const made = assembled([tagged('words', [`${R}=a.test/**`, 'fairlead.routes.x=b.test/{', 'fairlead.routes.y=c.test/**'])])
    expect(made.table.routes.map(({ name }) => name)).toEqual(['words@consul', 'words-y@consul'])
    expect(reasons(made)).toHaveLength(1)
  })
})

test('what says weight, zone, tags and metadata is no route', () => {
  expect(isRouted(['fairlead.weight=3', 'fairlead.zone=z1', 'fairlead.tags=v1,v2', 'fairlead.meta.version=2'])).toBe(false)
  expect(isRouted(['fairlead.tag=v1'])).toBe(true)
})
