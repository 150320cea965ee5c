import { describe, expect, it } from 'vitest'
import { compileTable } from '../../../src/route/compile.ts'
import { decide } from '../../../src/route/decide.ts'
import { AT_NOON, host, path, request, route, table } from '../../support/build-table.ts'

const forwarded = (routes: Parameters<typeof table>[0], url: string, parts = {}, context = AT_NOON) => {
  const decision = decide(compileTable(table(routes)), request(url, parts), context)
  return decision.kind === 'forward' ? `${decision.authority}${decision.target} to ${decision.destination.label}` : decision.kind
}

describe('forward', () => {
  it('keeps authority, path and query when nothing is rewritten', () => {
    expect(forwarded([route('a', { path: [path('/**')] })], 'a.test:8080/x;v=1/y?q=1')).toBe('a.test:8080/x;v=1/y?q=1 to words')
  })

  it('says none when no route matches', () => {
    expect(forwarded([route('a', { path: [path('/a')] })], 'a.test/b')).toBe('none')
  })

  it.each([
    ['/api/**', '/v2/{**}', '/api/one/two?x=1', '/v2/one/two?x=1'],
    ['/api/**', '/v2/{**}', '/api', '/v2/'],
    ['/api/**', '/{**}', '/api//evil.test', '/evil.test'],
    ['/users/{id}/orders/{order}', '/o/{order}/of/{id}', '/users/7/orders/8', '/o/8/of/7'],
    ['/users/{id}', '/u/{id}', '/users/a%2Fb', '/u/a%2Fb'],
    ['/users/{id}', '/u/{id}', '/users/7;v=1', '/u/7;v=1'],
    ['/{__proto__}', '/p/{__proto__}', '/x', '/p/x'],
    ['~/v(?P<major>[0-9]+)/.*', '/version/{major}', '/v12/x', '/version/12'],
  ])('rewrites %s with %s: %s goes to %s', (from, to, asked, target) => {
    expect(forwarded([route('a', { path: [path(from)] }, { rewrite: { path: to } })], `a.test${asked}`)).toBe(`a.test${target} to words`)
  })

  it('rewrites the host', () => {
    expect(forwarded([route('a', {}, { rewrite: { host: 'b.test:81' } })], 'a.test/')).toBe('b.test:81/ to words')
  })
})

describe('redirect', () => {
  it.each([
    ['https://{host}{path}{query}', 'a.test:8080/x?q=1', 'https://a.test/x?q=1'],
    ['{scheme}://b.test/{**}', 'a.test/x/y?q=1', 'http://b.test/x/y'],
    ['/{**}', 'a.test//evil.test/x', '/evil.test/x'],
    ['{path}', 'a.test//evil.test', '/evil.test'],
    ['/x{query}', 'a.test/?a=\r\nSet-Cookie:b', '/x?a=%0D%0ASet-Cookie:b'],
  ])('%s for %s is %s', (location, asked, expected) => {
    const compiled = compileTable(table([route('a', { path: [path('/**')] }, { action: { kind: 'redirect', status: 308, location } })]))
    expect(decide(compiled, request(asked), AT_NOON)).toMatchObject({ kind: 'redirect', status: 308, location: expected })
  })
})

describe('split', () => {
  const split = compileTable(
    table([
      route('a', { host: [host('a.test')] }, {
        action: {
          kind: 'forward',
          to: [
            { service: 'words', subset: 'v1', weight: 95 },
            { service: 'words', weight: 0 },
            { service: 'words', subset: 'v2', weight: 5 },
          ],
        },
      }),
    ]),
  )
  const labelAt = (roll: number) => {
    const decision = decide(split, request('a.test/'), { ...AT_NOON, roll })
    return decision.kind === 'forward' ? decision.destination.label : decision.kind
  }

  it.each([
    [0, 'words/v1'],
    [0.9499, 'words/v1'],
    [0.95, 'words/v2'],
    [1 - Number.EPSILON, 'words/v2'],
  ])('roll %d goes to %s', (roll, label) => expect(labelAt(roll)).toBe(label))

  it('gives each its share of evenly spread rolls, and none to weight 0', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 10_000; i++) counts.set(labelAt((i + 0.5) / 10_000), (counts.get(labelAt((i + 0.5) / 10_000)) ?? 0) + 1)
    expect([...counts].sort()).toEqual([
      ['words/v1', 9_500],
      ['words/v2', 500],
    ])
  })
})

it('answers itself', () => {
  const compiled = compileTable(table([route('a', {}, { action: { kind: 'respond', status: 204, body: '', headers: [['x-a', '1']] } })]))
  expect(decide(compiled, request('a.test/'), AT_NOON)).toMatchObject({ kind: 'respond', status: 204, body: '', headers: [['x-a', '1']] })
})
