// All tagged services together: who wins, who shares, and that nobody can spoil another's route.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isInSubset } from '../../../src/proxy/pools.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { createAssembler } from '../../../src/tags/assemble.ts'
import { mergeTables } from '../../../src/tags/merge.ts'
import type { TaggedService } from '../../../src/model/tagged.ts'
import { endpoint } from '../../support/endpoints.ts'
import { asked, assembled, reasons, tagged } from '../../support/tagged.ts'

const A = 'fairlead.route=a.test/**'

describe('instances of one service', () => {
  test('that say the same are one route to the whole service', () => {
    const { table } = assembled([tagged('words', [A], [A], [A])])
    expect(table).toMatchObject({ routes: [{ name: 'words@consul', action: { to: [{ service: 'consul/words', weight: 1 }] } }], services: [{ name: 'consul/words', subsets: {} }] })
  })

  test('that do not carry the route get none of its requests', () => {
    const { table } = assembled([tagged('words', [A], [])])
    const [subset] = Object.values(table.services[0]?.subsets ?? {})
    expect(subset).toBeDefined()
    expect([[A, 'v1'], ['v1']].map((tags) => isInSubset(endpoint('x', { tags }), subset ?? { tags: [], meta: {} }))).toEqual([true, false])
  })

  test('that differ: the greater number of usable ones counts, and the others are told', () => {
    const made = assembled([tagged('words', [A], [A, 'fairlead.route.prepend=/v2'], [A, 'fairlead.route.prepend=/v2'])])
    expect(asked(made, 'a.test/x')).toBe('consul/words/tagged-1 /v2/x')
    expect(made.refused).toMatchObject([{ instances: ['consul/n1/words-1'], reason: expect.stringContaining('2 instances') }])
    const other = assembled([tagged('words', [A], { labels: [A, 'fairlead.route.prepend=/v2'], usable: false }, { labels: [A, 'fairlead.route.prepend=/v2'], usable: false })])
    expect(asked(other, 'a.test/x')).toBe('consul/words/tagged-1 /x')
    const [subset] = Object.values(other.table.services[0]?.subsets ?? {})
    expect([[A], [A, 'fairlead.route.prepend=/v2']].map((tags) => isInSubset(endpoint('x', { tags }), subset ?? { tags: [], meta: {} }))).toEqual([true, false])
  })

  test('a variant that is wrong never wins', () => {
    const made = assembled([tagged('words', [A], [A, 'fairlead.route.timeout=soon'], [A, 'fairlead.route.timeout=soon'])])
    expect(asked(made, 'a.test/x')).toBe('consul/words/tagged-1 /x')
    expect(reasons(made)).toHaveLength(1)
  })

  test('labels in metadata make a route like tags', () => {
    const { table } = assembled([tagged('words', [A], [])])
    const subset = Object.values(table.services[0]?.subsets ?? {})[0] ?? { tags: [], meta: {} }
    expect(isInSubset(endpoint('x', { meta: { 'fairlead.route': 'a.test/**' } }), subset)).toBe(true)
  })
})

describe('several services', () => {
  test('with the same match: the first by name has it, and the other is told', () => {
    const made = assembled([tagged('words', [A]), tagged('other', [A])])
    expect(asked(made, 'a.test/')).toBe('consul/other /')
    expect(made.refused).toMatchObject([{ service: 'words', reason: 'other in consul has the same match and comes first' }])
  })

  test.each([
    ['traefik.http.routers.r.rule=Host(`a.test`)'],
    ['traefik.http.routers.r.rule=Host(`a.test`) && PathPrefix(`/`)'],
    ['urlprefix-a.test/'],
    [A],
    ['fairlead.route=a.test'],
  ])('every path of a host is one match in all dialects: %s', (label) => {
    for (const other of ['traefik.http.routers.r.rule=Host(`a.test`)', 'urlprefix-a.test/', A].filter((each) => !(each.startsWith('url') && label.startsWith('url')))) {
      const made = assembled([tagged('words', [label]), tagged('x', [other])])
      expect([made.table.routes.length, reasons(made)]).toEqual([1, [`${other}: words in consul has the same match and comes first`]])
      expect(asked(made, 'a.test/x')).toBe('consul/words /x')
    }
  })

  test('share a prefix of Fabio by the number of their instances', () => {
    const { table } = assembled([tagged('a', ['urlprefix-/x'], ['urlprefix-/x'], ['urlprefix-/x']), tagged('b', ['urlprefix-/x'])])
    expect(table.routes).toMatchObject([{ action: { to: [{ service: 'consul/a', weight: 7500 }, { service: 'consul/b', weight: 2500 }] } }])
  })

  test('share it by fixed weights where they have some', () => {
    const { table } = assembled([tagged('a', ['urlprefix-/x'], ['urlprefix-/x']), tagged('b', ['urlprefix-/x weight=0.05'])])
    expect(table.routes).toMatchObject([{ action: { to: [{ service: 'consul/a', weight: 9500 }, { service: 'consul/b', weight: 500 }] } }])
    const canary = assembled([tagged('words', [A]), tagged('words-v2', [A, 'fairlead.route.weight=10%'])])
    expect(canary.table.routes).toMatchObject([{ action: { to: [{ service: 'consul/words', weight: 9000 }, { service: 'consul/words-v2', weight: 1000 }] } }])
  })

  test('none that asks for a share of another’s route displaces it, whatever its name and however much it asks for', () => {
    const W = (share: string): string[] => [A, `fairlead.route.weight=${share}`]
    const shares = ({ table }: ReturnType<typeof assembled>): unknown => table.routes.map(({ name, action }) => [name, action.kind === 'forward' ? action.to.map(({ service, weight }) => `${service} ${weight}`) : []])
    for (const name of ['aaa', 'words-v2']) {
      const made = assembled([tagged('shop', [A]), tagged(name, W('100%'))])
      expect(shares(made)).toEqual([['shop@consul', ['consul/shop 5000', `consul/${name} 5000`]]])
      expect(made.refused).toMatchObject([
        { service: 'shop', kind: 'note', reason: `${name} in consul asked for a share of this route by a weight; others get half of its requests at most, until every instance here has a weight` },
        { service: name, kind: 'note', reason: expect.stringContaining('of the requests of shop in consul, which has this route, others get half at most') },
      ])
    }
    // One instance with a weight, and many without.
    expect(shares(assembled([tagged('shop', [A]), tagged('aaa', W('1%'), ...Array.from({ length: 99 }, () => [A]))]))).toEqual([['shop@consul', ['consul/shop 5000', 'consul/aaa 5000']]])
    // Several of them have half together.
    expect(shares(assembled([tagged('shop', [A]), tagged('x', W('75%')), tagged('y', W('25%'))]))).toEqual([['shop@consul', ['consul/shop 5000', 'consul/x 3750', 'consul/y 1250']]])
    // A canary of its own is no leave to take the rest.
    expect(shares(assembled([tagged('shop', [A], W('5%')), tagged('aaa', W('100%'))]))).toEqual([['shop@consul', ['consul/shop 5000', 'consul/aaa 5000']]])
    // Its own word for all of its instances is.
    const agreed = assembled([tagged('shop', W('0%')), tagged('shop-v2', W('100%'))])
    expect([shares(agreed), agreed.refused]).toEqual([[['shop@consul', ['consul/shop 0', 'consul/shop-v2 10000']]], []])
    // A tag of Fabio’s shares with its like, and takes nothing from others.
    const other = assembled([tagged('shop', [A]), tagged('aab', ['urlprefix-a.test/'], ['urlprefix-a.test/'])])
    expect(other.table.routes.every(({ action }) => action.kind === 'forward' && action.to.length === 1)).toBe(true)
  })

  test('a canary by another service gets what it asks for, and who has the route is told', () => {
    const made = assembled([tagged('words', [A]), tagged('a-canary', [A, 'fairlead.route.weight=10%'])])
    expect(made.table.routes).toMatchObject([{ name: 'words@consul', action: { to: [{ service: 'consul/words', weight: 9000 }, { service: 'consul/a-canary', weight: 1000 }] } }])
    expect(made.refused).toMatchObject([{ service: 'words', kind: 'note', reason: expect.stringContaining('a-canary in consul asked for a share') }])
  })

  test('one without a usable instance leaves its share to the others', () => {
    const { table } = assembled([tagged('a', ['urlprefix-/x']), tagged('b', { labels: ['urlprefix-/x weight=0.5'], usable: false })])
    expect(table.routes).toMatchObject([{ action: { to: [{ service: 'consul/a', weight: 10_000 }, { service: 'consul/b', weight: 0 }] } }])
  })

  test('of one name in two registries are one service, the first registry first', () => {
    const nomad: TaggedService = { ...tagged('words', [A]), registry: 'nomad', ref: 'nomad/words' }
    const { table } = assembled([nomad, tagged('words', [A])])
    expect(table).toMatchObject({ routes: [{ action: { to: [{ service: 'words@consul+nomad' }] } }], services: [{ name: 'words@consul+nomad', from: ['consul/words', 'nomad/words'] }] })
  })

  test('routes with equal names get each its own', () => {
    const rule = (host: string): string => `traefik.http.routers.web.rule=Host(\`${host}\`)`
    expect(assembled([tagged('a', [rule('a.test')]), tagged('b', [rule('b.test')])]).table.routes.map(({ name }) => name)).toEqual(['web@consul', 'web@consul:2'])
  })
})

describe('routes with a part in common', () => {
  const a = (...hosts: string[]): string[] => hosts.map((host) => `fairlead.route=${host}.test/**`)
  const told = (made: ReturnType<typeof assembled>): string[] => made.refused.map(({ service, kind, reason }) => `${service} ${kind}: ${reason}`)

  test('who has no request left is refused', () => {
    const made = assembled([tagged('a', a('a', 'b')), tagged('z', a('b'))])
    expect(told(made)).toEqual(['z refused: a in consul has the same match and comes first'])
    expect(made.table.routes.map(({ name }) => name)).toEqual(['a@consul'])
    // Of several, each of which has a part.
    expect(told(assembled([tagged('x', a('a')), tagged('y', a('b')), tagged('z', a('a', 'b'))]))).toEqual(['z refused: x in consul and y in consul have the same match and comes first'])
  })

  test('who loses a part keeps the others, and is told which it is not', () => {
    const made = assembled([tagged('a', a('a')), tagged('z', a('a', 'b'))])
    expect(told(made)).toEqual(['z note: a in consul has a.test/** too and comes first, so those requests go there, and the others here'])
    expect(['a.test/', 'b.test/'].map((request) => asked(made, request))).toEqual(['consul/a /', 'consul/z /'])
    const many = assembled([tagged('a', a('a', 'b', 'c', 'd')), tagged('z', a('a', 'b', 'c', 'd', 'e'))])
    expect(told(many)).toEqual(['z note: a in consul has a.test/**, b.test/**, c.test/** and 1 more too and comes first, so those requests go there, and the others here'])
  })

  test.each([
    // Traefik’s rules, spread out.
    ['traefik.http.routers.r.rule=Host(`a.test`) || Host(`b.test`)', 'traefik.http.routers.r.rule=Host(`b.test`)', 'b.test/', 'z refused: a in consul has the same match and comes first'],
    ['traefik.http.routers.r.rule=Host(`a.test`) && (PathPrefix(`/x`) || PathPrefix(`/y`))', 'traefik.http.routers.r.rule=Host(`a.test`) && PathPrefix(`/y`)', 'a.test/y', 'z refused: a in consul has the same match and comes first'],
    ['traefik.http.routers.r.rule=Host(`a.test`, `b.test`)', 'fairlead.route=b.test/**', 'b.test/', 'z refused: a in consul has the same match and comes first'],
    // Parameters of other names.
    ['fairlead.route=a.test/{id}', 'fairlead.route=a.test/{name}', 'a.test/7', 'z refused: a in consul has the same match and comes first'],
    // What an access list refuses is refused for all who come after it.
    ['urlprefix-/foo allow=ip:10.0.0.0/8', 'urlprefix-/foo', 'a.test/foo', 'z refused: a in consul has the same match and comes first'],
    ['urlprefix-/foo', 'urlprefix-/foo allow=ip:10.0.0.0/8', 'a.test/foo', 'z note: a in consul has /foo/** too and comes first, so those requests go there, and the others here'],
    ['urlprefix-/foo strip=/foo', 'urlprefix-/foo', 'a.test/foo/x', 'z refused: a in consul has the same match and comes first'],
    ['fairlead.route=GET a.test/**', 'fairlead.route=GET,HEAD a.test/**', 'GET a.test/x', ''],
  ])('%s before %s: %s', (first, second, request, expected) => {
    const made = assembled([tagged('a', [first]), tagged('z', [second])])
    expect(told(made)).toEqual(expected === '' ? [] : [expected])
    expect(asked(made, request)).toMatch(/^consul\/a |^respond 403/)
  })

  test('of one service say so, too', () => {
    const made = assembled([tagged('a', [...a('a'), 'fairlead.routes.more=a.test/**', 'fairlead.routes.more=b.test/**'])])
    expect(told(made)).toMatchObject([expect.stringContaining('a note: another tag of this service has a.test/** too')])
    // One tag that says a place twice is no other.
    expect(told(assembled([tagged('a', a('a', 'a'))]))).toEqual([])
  })

  test('who asks for a share comes after who does not, and is told what a weight is for', () => {
    const made = assembled([tagged('aaa', [...a('b'), 'fairlead.route.weight=100%']), tagged('shop', a('a', 'b'))])
    expect(asked(made, 'b.test/')).toBe('consul/shop /')
    expect(told(made)).toEqual(['aaa refused: shop in consul has the same match and comes first'])
    const part = assembled([tagged('aaa', [...a('b', 'c'), 'fairlead.route.weight=5%']), tagged('shop', a('a', 'b'))])
    expect(['b.test/', 'c.test/'].map((request) => asked(part, request))).toEqual(['consul/shop /', 'consul/aaa /'])
    expect(told(part)).toEqual(['aaa note: shop in consul has b.test/** too and comes first, so those requests go there, and the others here; a weight shares only a route of the very same matches'])
  })

  test('a service that its registry lists no more gives way in a part, too', () => {
    const made = assembled([{ ...tagged('a', a('a', 'b')), unlisted: true }, tagged('z', a('b', 'c'))])
    expect(['a.test/', 'b.test/', 'c.test/'].map((request) => asked(made, request))).toEqual(['consul/a /', 'consul/z /', 'consul/z /'])
    expect(told(made)).toEqual(['a note: z in consul has b.test/** too and comes first, so those requests go there, and the others here'])
  })

  test('what it does not overlap with keeps its place', () => {
    const names = (services: readonly TaggedService[]): string[] => assembled(services).table.routes.map(({ name }) => name)
    expect(names([tagged('a', a('a')), tagged('b', a('a', 'b')), tagged('c', a('b', 'c')), tagged('d', a('d'))])).toEqual(['a@consul', 'd@consul', 'b@consul', 'c@consul'])
    expect(names([{ ...tagged('a', a('a')), unlisted: true }, tagged('b', [...a('b'), 'fairlead.route.weight=5%']), tagged('c', a('c'))])).toEqual(['a@consul', 'b@consul', 'c@consul'])
  })
})

describe('behind a table that a hand wrote', () => {
  const written = assembled([tagged('words', [A])]).table

  test('its routes come first, and its names are not taken', () => {
    const merged = mergeTables(written, assembled([tagged('words', [A]), tagged('b', ['fairlead.route=b.test/**'])]).table)
    expect(merged.routes.map(({ name }) => name)).toEqual(['words@consul', 'b@consul', 'words@consul:2'])
    expect(merged.services.map(({ name }) => name).sort()).toEqual(['consul/b', 'consul/words'])
    compileTable(merged)
  })

  test('a service of another form under the same name stays apart', () => {
    const merged = mergeTables(written, assembled([tagged('words', ['fairlead.route=b.test/**', 'fairlead.route.tls=true'])]).table)
    expect(merged.services.map(({ name, tls }) => `${name} ${tls === undefined}`)).toEqual(['consul/words true', 'consul/words:2 false'])
    expect(merged.routes.at(-1)).toMatchObject({ action: { to: [{ service: 'consul/words:2' }] } })
  })
})

const RUNS = { numRuns: 300, seed: 20_261_127 }
const label = fc.oneof(
  fc.constantFrom(A, 'fairlead.route=b.test/x/**', 'fairlead.route.strip=/x', 'fairlead.route.weight=5%', 'fairlead.routes.n=GET a.test/n', 'fairlead.routes.n.timeout=1s', 'urlprefix-/x', 'urlprefix-/x weight=0.1', 'urlprefix-b.test/ strip=/x'),
  fc.constantFrom('traefik.enable=true', 'traefik.http.routers.r.rule=Host(`a.test`) || PathPrefix(`/x`)', 'traefik.http.routers.r.middlewares=m', 'traefik.http.middlewares.m.addprefix.prefix=/p', 'fairlead.route.tls=true'),
  fc.constantFrom('fairlead.route', 'urlprefix-', 'traefik.http.routers.r.rule=!', 'fairlead.route.priority=x', 'fairlead.route={', 'urlprefix-/ x=y', 'traefik.http.routers.__proto__.rule=Host(`__proto__`)'),
  fc.string({ maxLength: 30 }).map((text) => `fairlead.route${text}`),
  fc.string({ maxLength: 30 }).map((text) => `urlprefix-${text}`),
  fc.string({ maxLength: 30 }).map((text) => `traefik.http.routers.${text}`),
)
const instance = fc.record({ labels: fc.uniqueArray(label, { maxLength: 6 }).map((labels) => labels.sort()), usable: fc.boolean() })
const services = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.array(instance, { minLength: 1, maxLength: 4 })), { maxLength: 4, selector: ([name]) => name }).map((all) => all.map(([name, instances]) => tagged(name, ...instances)))

describe('whatever tags say', () => {
  test('the table compiles, and every tag that makes no route has an owner and a reason', () => {
    fc.assert(
      fc.property(services, (all) => {
        const { table, refused } = assembled(all)
        compileTable(table)
        for (const each of refused) expect([each.reason.length > 0, each.service.length > 0, each.count > 0]).toEqual([true, true, true])
      }),
      RUNS,
    )
  })

  test('the order of services and instances does not matter', () => {
    fc.assert(
      fc.property(services, (all) => {
        const turned = all.toReversed().map((service) => ({ ...service, instances: service.instances.toReversed() }))
        expect(assembled(turned)).toEqual(assembled(all))
      }),
      RUNS,
    )
  })

  test('what was remembered changes nothing', () => {
    const assemble = createAssembler({ registries: ['consul', 'nomad'], listeners: [{ name: 'http', tls: false }] })
    fc.assert(fc.property(services, (all) => void expect([assemble(all), assemble(all)]).toEqual([assembled(all), assembled(all)])), RUNS)
  })

  test('a bad tag changes no route of another service', () => {
    const bad = fc.array(fc.constantFrom('fairlead.route={', 'urlprefix-:1', 'urlprefix-/x stirp=1', 'traefik.http.routers.q.rule=Host(', 'fairlead.routes.z.strip=/x', 'fairlead.nonsense'), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(services, bad, (all, labels) => {
        expect(assembled([...all, tagged('zz', labels)]).table).toEqual(assembled(all).table)
      }),
      RUNS,
    )
  })
})

test('an instance that says one route twice is one instance', () => {
  const twice = ['urlprefix-x.test/ strip=/a proto=http', 'urlprefix-x.test/ proto=http strip=/a', 'urlprefix-x.test/ register=n', 'urlprefix-x.test/  register=n']
  const alone = assembled([tagged('a', twice.slice(0, 2), ['v1'])])
  expect(alone.table.services).toMatchObject([{ subsets: { 'tagged-1': {} } }])
  // Two that say something else are the greater number.
  const among = assembled([tagged('a', ['urlprefix-x.test/ strip=/b'], twice.slice(0, 2), ['urlprefix-x.test/ strip=/b'])])
  expect(asked(among, 'x.test/b/y')).toMatch(/ \/y$/)
  const noted = assembled([tagged('a', twice.slice(2))])
  expect(noted.refused).toMatchObject([{ kind: 'note', count: 1, instances: ['consul/n1/a-1'] }])
})
