// The endpoint book: failover between references, what is usable, subsets, and states that outlive sets.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EndpointState } from '../../../src/model/balancer.ts'
import type { ServiceConfig } from '../../../src/model/service-config.ts'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import type { EndpointBook } from '../../../src/proxy/endpoints.ts'
import { Snapshots } from '../../../src/proxy/snapshots.ts'
import { isUsable } from '../../../src/proxy/usable.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { route, table } from '../../support/build-table.ts'
import { endpoint, pickContext } from '../../support/endpoints.ts'
import { START, fakePlatform } from '../../support/fake-platform.ts'
import type { FakePlatform } from '../../support/fake-platform.ts'

function service(fields: Partial<ServiceConfig> = {}): ServiceConfig {
  return { name: 'words', from: ['consul/words'], endpoints: [], subsets: {}, balance: { kind: 'round-robin' }, connectTimeout: 1000, maxConnections: 1024, ...fields }
}

const ready = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'ready', endpoints, at: START })
const stale = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'stale', endpoints, at: START, cause: { outcome: 'failed', message: 'connection refused' } })
const pending: EndpointSet = { kind: 'pending' }
const absent: EndpointSet = { kind: 'absent', at: START }
const at = (id: string, fields: Partial<Endpoint> = {}): Endpoint => endpoint(id, { origin: 'consul', port: 8000 + Number(id.replace(/\D/g, '')), ...fields })
const ids = (states: readonly EndpointState[]): string[] => states.map((state) => state.endpoint.id)

interface Bench {
  readonly platform: FakePlatform
  readonly book: EndpointBook
  readonly gone: string[]
}

function bench(zone?: string): Bench {
  const platform = fakePlatform()
  const gone: string[] = []
  const book = createEndpointBook(platform, { ...(zone === undefined ? {} : { zone }), onGone: (state) => void gone.push(state.endpoint.id) })
  return { platform, book, gone }
}

describe('usable', () => {
  test.each<[string, Partial<Endpoint>, boolean]>([
    ['passing', { health: 'passing' }, true],
    ['warning', { health: 'warning' }, true],
    ['unknown', { health: 'unknown' }, true],
    ['critical', { health: 'critical' }, false],
    ['maintenance', { health: 'maintenance' }, false],
    ['draining', { draining: true }, false],
    ['without a port', { port: 0 }, false],
    ['with a port out of range', { port: 70_000 }, false],
  ])('%s', (_name, fields, usable) => {
    expect(isUsable(at('e1', fields))).toBe(usable)
  })
})

describe('which set is used', () => {
  const bad = at('c1', { health: 'critical' })
  test.each<[string, readonly EndpointSet[], 'first' | 'second', string[]]>([
    ['the first with usable endpoints', [ready(at('a1')), ready(at('b1'))], 'first', ['a1']],
    ['the second when the first is empty', [ready(), ready(at('b1'))], 'second', ['b1']],
    ['the second when the first is absent', [absent, ready(at('b1'))], 'second', ['b1']],
    ['the second when the first is pending', [pending, ready(at('b1'))], 'second', ['b1']],
    ['the second when all of the first are critical', [ready(bad), ready(at('b1'))], 'second', ['b1']],
    ['the first when it is stale: an outage moves no traffic', [stale(at('a1')), ready(at('b1'))], 'first', ['a1']],
    ['a stale second when the first is empty', [ready(), stale(at('b1'))], 'second', ['b1']],
    ['critical ones are not used even when nothing else is there', [ready(bad), absent], 'first', []],
    ['the one that knows something, when nothing is usable', [absent, ready(bad)], 'second', []],
    ['the one that answered, when nothing is known', [pending, absent], 'second', []],
  ])('%s', (_name, [first, second], which, expected) => {
    const sets: Record<string, EndpointSet> = { 'consul/words': first as EndpointSet, 'nomad/words': second as EndpointSet }
    const built = bench().book.build(service({ from: Object.keys(sets) }), (ref) => sets[ref] ?? pending)
    expect(built.set).toBe(which === 'first' ? first : second)
    expect(ids(built.all.states)).toEqual(expected)
  })

  test('nothing at all is pending and picks nothing', () => {
    const built = bench().book.build(service({ from: [] }), () => pending)
    expect(built.set).toEqual(pending)
    expect(built.all.picker.pick(pickContext(() => 0))).toBeUndefined()
  })

  test.each([['Web1', 'web1'], ['2001:DB8::1', '2001:db8::1'], ['::ffff:10.0.0.1', '10.0.0.1']])('%s in the table and %s in a registry are one endpoint', (host, other) => {
    const { book } = bench()
    const config = service({ endpoints: [{ host, port: 80, weight: 1, tags: [], meta: {} }], merge: true })
    expect(ids(book.build(config, () => ready(at('1', { host: other, port: 80 }))).all.states)).toEqual(['1'])
  })

  test('addresses in the table are a fresh set of origin static, whose age counts from the first sight', async () => {
    const { platform, book } = bench()
    const config = service({ from: [], endpoints: [{ host: '::1', port: 9000, weight: 2, zone: 'a', tags: ['t'], meta: { k: 'v' } }] })
    book.build(config, () => pending)
    await platform.advance(5000)
    const built = book.build(config, () => pending)
    expect(built.set).toMatchObject({ kind: 'ready', at: Number.MAX_SAFE_INTEGER })
    expect(built.all.states[0]?.endpoint).toEqual({ id: 'static/::1:9000', host: '::1', port: 9000, weight: 2, zone: 'a', tags: ['t'], meta: { k: 'v' }, health: 'unknown', draining: false, origin: 'static', learnedAt: START })
  })

  test('addresses in the table are the last resort of references', () => {
    const config = service({ endpoints: [{ host: 'h', port: 1, weight: 1, tags: [], meta: {} }] })
    const { book } = bench()
    expect(ids(book.build(config, () => ready(at('a1'))).all.states)).toEqual(['a1'])
    expect(ids(book.build(config, () => absent).all.states)).toEqual(['static/h:1'])
  })
})

describe('subsets', () => {
  const subsets = { v1: { tags: ['v1'], meta: {} }, eu: { tags: ['v1', 'eu'], meta: { version: '2' } }, odd: { tags: [], meta: { constructor: 'x' } }, every: { tags: [], meta: {} } }
  test('need every tag and every value', () => {
    const set = ready(at('e1', { tags: ['v1'] }), at('e2', { tags: ['eu', 'v1'], meta: { version: '2' } }), at('e3', { tags: ['eu', 'v1'], meta: { version: '3' } }), at('e4', { tags: ['v1', 'eu'], health: 'critical' }))
    const built = bench().book.build(service({ subsets }), () => set)
    expect(Object.entries(built.subsets).map(([name, pool]) => [name, ids(pool.states)])).toEqual([
      ['v1', ['e1', 'e2', 'e3']],
      ['eu', ['e2']],
      ['odd', []],
      ['every', ['e1', 'e2', 'e3']],
    ])
    expect(built.subsets['eu']?.picker.pick(pickContext(() => 0))?.endpoint.id).toBe('e2')
    expect(built.subsets['constructor']).toBeUndefined()
  })
})

describe('states', () => {
  test('outlive a new set of the same endpoint, which brings its new description', () => {
    const { book } = bench()
    const [before] = book.build(service(), () => ready(at('e1'))).all.states as [EndpointState]
    before.active = 3
    const [after] = book.build(service(), () => ready(at('e1', { weight: 9 }), at('e2'))).all.states as [EndpointState]
    expect(after).toBe(before)
    expect(after.endpoint.weight).toBe(9)
  })

  test.each<[string, Partial<Endpoint>]>([
    ['another port', { port: 1 }],
    ['another host', { host: '10.0.0.9' }],
  ])('an id at %s is another endpoint', (_name, fields) => {
    const { book, gone } = bench()
    const [before] = book.build(service(), () => ready(at('e1'))).all.states
    expect(book.build(service(), () => ready(at('e1', fields))).all.states[0]).not.toBe(before)
    expect(gone).toEqual(['e1'])
  })

  test.each<[string, Partial<ServiceConfig>]>([
    ['TLS', { tls: { verify: true } }],
    ['a PROXY header', { proxyProtocol: 'v2' }],
  ])('connections opened without %s are not used once the service asks for it; what was measured stays', (_name, fields) => {
    const { book, gone } = bench()
    const set = ready(at('e1'), at('e2', { weight: 3 }))
    const [before] = book.build(service(), () => set).all.states as [EndpointState]
    Object.assign(before, { active: 3, ewma: 20, ewmaAt: 7, avoidUntil: 9, failures: 2, failedAt: 5, watched: true })
    const [after] = book.build(service(fields), () => set).all.states as [EndpointState]
    expect(gone).toEqual(['e1', 'e2'])
    // Another one, for which the transport opens connections of its own; requests under way are still counted on the first.
    expect(after).not.toBe(before)
    // A handshake that failed for how it was configured is not held against it.
    expect(after).toEqual({ ...before, active: 0, avoidUntil: 0, failures: 0, watched: false, gone: false })
    expect(before.gone).toBe(true)
    expect(book.build(service({ ...fields }), () => set).all.states[0]).toBe(after)
    expect(gone).toEqual(['e1', 'e2'])
  })

  test('the same endpoint of two services has two states', () => {
    const { book } = bench()
    const [one] = book.build(service(), () => ready(at('e1'))).all.states
    expect(book.build(service({ name: 'other' }), () => ready(at('e1'))).all.states[0]).not.toBe(one)
  })

  test('an endpoint that is listed twice counts once', () => {
    expect(ids(bench().book.build(service(), () => ready(at('e1'), at('e1'), at('e2'))).all.states)).toEqual(['e1', 'e2'])
  })

  test('are kept a minute after the endpoint left, and as long as requests are under way', async () => {
    const { platform, book } = bench()
    const first = book.build(service(), () => ready(at('e1'), at('e2'))).all.states as [EndpointState, EndpointState]
    first[0].active = 1
    book.build(service(), () => ready(at('e3')))
    await platform.advance(60_001)
    book.build(service(), () => ready(at('e3')))
    const back = book.build(service(), () => ready(at('e1'), at('e2'))).all.states
    expect(back[0]).toBe(first[0])
    expect(back[1]).not.toBe(first[1])
  })
})

describe('endpoints that leave', () => {
  test('are told once, whether they vanish, drain, fail or give way to another registry', () => {
    const { book, gone } = bench()
    const sets: Record<string, EndpointSet> = {}
    const build = (first: EndpointSet, second: EndpointSet): void => {
      Object.assign(sets, { 'consul/words': first, 'nomad/words': second })
      book.build(service({ from: ['consul/words', 'nomad/words'] }), (ref) => sets[ref] ?? pending)
    }
    build(ready(at('e1'), at('e2'), at('e3'), at('e4')), ready(at('n9')))
    build(ready(at('e1'), at('e3', { draining: true }), at('e4', { health: 'critical' })), ready(at('n9')))
    expect(gone).toEqual(['e2', 'e3', 'e4'])
    build(absent, ready(at('n9')))
    build(absent, ready(at('n9')))
    expect(gone).toEqual(['e2', 'e3', 'e4', 'e1'])
    build(ready(at('e1')), ready(at('n9')))
    build(absent, ready(at('n9')))
    expect(gone).toEqual(['e2', 'e3', 'e4', 'e1', 'n9', 'e1'])
  })

  test('are told of a service that is no longer in the table', () => {
    const { book, gone } = bench()
    book.build(service(), () => ready(at('e1'), at('e2')))
    book.build(service(), () => ready(at('e1')))
    book.build(service({ name: 'other' }), () => ready(at('o1')))
    book.retain(new Set(['other']))
    book.retain(new Set(['other']))
    expect(gone).toEqual(['e2', 'e1'])
  })
})

describe('pools', () => {
  test('are kept while nothing changes that a balancer looks at', () => {
    const { book } = bench()
    const config = service({ subsets: { v1: { tags: ['v1'], meta: {} } } })
    const build = (...endpoints: Endpoint[]): ReturnType<EndpointBook['build']> => book.build(config, () => ready(...endpoints))
    const first = build(at('e1', { tags: ['v1'] }), at('e2'))
    const confirmed = build(at('e1', { tags: ['v1', 'x'], health: 'warning' }), at('e2'))
    expect(confirmed.all).toBe(first.all)
    expect(confirmed.subsets['v1']).toBe(first.subsets['v1'])
    const heavier = build(at('e1', { tags: ['v1'] }), at('e2', { weight: 5 }))
    expect(heavier.all).not.toBe(first.all)
    expect(heavier.subsets['v1']).toBe(first.subsets['v1'])
    expect(build(at('e1', { tags: ['v1'], zone: 'z' }), at('e2', { weight: 5 })).all).not.toBe(heavier.all)
  })

  test('change with the balancer, and the snapshot built before stays as it was', () => {
    const { book } = bench()
    const first = book.build(service(), () => ready(at('e1'), at('e2')))
    const second = book.build(service({ balance: { kind: 'maglev', by: { kind: 'source' } } }), () => ready(at('e1')))
    expect(second.all.picker).not.toBe(first.all.picker)
    expect(ids(first.all.states)).toEqual(['e1', 'e2'])
  })

  test('prefer the zone of the gateway', () => {
    const { book } = bench('b')
    const built = book.build(service(), () => ready(at('e1', { zone: 'a' }), at('e2', { zone: 'b' })))
    expect([1, 2, 3].map(() => built.all.picker.pick(pickContext(() => 0.5))?.endpoint.id)).toEqual(['e2', 'e2', 'e2'])
  })
})

describe('endpoints that drain and still serve', () => {
  const drains = { draining: true } as const
  const config = service({ from: ['k8s/words', 'nomad/words'], subsets: { v1: { tags: ['v1'], meta: {} } } })
  const build = (book: EndpointBook, first: EndpointSet, second: EndpointSet = absent): ReturnType<EndpointBook['build']> => book.build(config, (ref) => (ref === 'k8s/words' ? first : second))
  const picked = ({ all }: ReturnType<EndpointBook['build']>, tried: readonly EndpointState[] = []): string | undefined => all.picker.pick(pickContext(() => 0, { tried }))?.endpoint.id

  test('are picked where nothing else is left, and no more once another one is there, in any registry', () => {
    const { book } = bench()
    expect(picked(build(book, ready(at('e1', drains))))).toBe('e1')
    expect(picked(build(book, ready(at('e1', drains)), ready(at('e2'))))).toBe('e2')
    expect(picked(build(book, ready(at('e1', drains), at('e3'))))).toBe('e3')
    expect(picked(build(book, ready(at('e1', { draining: true, health: 'maintenance' }))))).toBeUndefined()
  })

  test('are no reserve for others: a request that has tried those goes to none that drains', () => {
    const built = build(bench().book, ready(at('e1'), at('e2', drains)))
    expect(picked(built, built.all.states)).toBe('e1')
  })

  test('are decided on for each subset by itself', () => {
    const { all, subsets } = build(bench().book, ready(at('e1'), at('e2', { ...drains, tags: ['v1'] })))
    expect([ids(all.states), ids(subsets['v1']?.states ?? [])]).toEqual([['e1'], ['e2']])
  })

  test('keep their connections while they are the last ones, and lose them when others come', () => {
    const { book, gone } = bench()
    const [before] = build(book, ready(at('e1'))).all.states
    const { all } = build(book, ready(at('e1', drains)))
    expect(all.states[0]).toBe(before)
    expect(gone).toEqual([])
    build(book, ready(at('e1', drains), at('e2')))
    build(book, ready(at('e1', drains), at('e2')))
    expect(gone).toEqual(['e1'])
    build(book, ready(at('e2')))
    expect(gone).toEqual(['e1'])
  })

  test('that were never picked are not told gone, whatever time goes by', async () => {
    const { platform, book, gone } = bench()
    for (let i = 0; i < 4; i++) {
      build(book, ready(at('e1', drains), at('e2')))
      await platform.advance(40_000)
    }
    expect(gone).toEqual([])
  })
})

test('endpoints that are only held are picked where nothing else is left, in each pool for itself', () => {
  const { book } = bench()
  const config = service({ subsets: { v1: { tags: ['v1'], meta: {} } } })
  const some = book.build(config, () => stale(at('a1'), at('a2', { held: true, tags: ['v1'] })))
  expect([ids(some.all.states), ids(some.subsets['v1']?.states ?? [])]).toEqual([['a1'], ['a2']])
  const none = book.build(config, () => stale(at('a1', { held: true }), at('a2', { held: true, tags: ['v1'] })))
  expect(ids(none.all.states)).toEqual(['a1', 'a2'])
})

describe('one service over several registries', () => {
  const from = ['consul/words', 'nomad/words']
  /** Builds with these sets, in the order of `from`. */
  const over = (book: EndpointBook, fields: Partial<ServiceConfig>, ...sets: EndpointSet[]): ReturnType<EndpointBook['build']> => book.build(service({ from, ...fields }), (ref) => sets[from.indexOf(ref)] ?? pending)
  const nomad = (id: string, fields: Partial<Endpoint> = {}): Endpoint => at(id, { id: `nomad/${id}`, origin: 'nomad', ...fields })

  test.each([false, true])('an address that goes from one registry to the other keeps its state and its connections (merge: %s)', (merge) => {
    const { book, gone } = bench()
    const [before] = over(book, { merge }, ready(at('e1')), absent).all.states as [EndpointState]
    before.active = 2
    before.ewma = 7
    for (const sets of [[ready(at('e1')), ready(nomad('e1'))], [absent, ready(nomad('e1'))]] as const) {
      const { all } = over(book, { merge }, ...sets)
      expect(all.states).toEqual([before])
      expect(all.states[0]).toBe(before)
    }
    expect(before).toMatchObject({ active: 2, ewma: 7, endpoint: { id: 'nomad/e1', origin: 'nomad' } })
    expect(gone).toEqual([])
  })

  test('a pool of merged references is the same while addresses go from one to the other', () => {
    const { book } = bench()
    const before = over(book, { merge: true }, ready(at('e1'), at('e2'), at('e3')), absent)
    const during = over(book, { merge: true }, ready(at('e1'), at('e3')), ready(nomad('e2')))
    const after = over(book, { merge: true }, absent, ready(nomad('e1'), nomad('e2'), nomad('e3')))
    expect([during.all === before.all, after.all === before.all]).toEqual([true, true])
  })

  test('keys stay on their endpoints while those go from one registry to the other', () => {
    const balance = { kind: 'ring-hash', by: { kind: 'source' } } as const
    const own = (built: ReturnType<EndpointBook['build']>): number[] => Array.from({ length: 50 }, (_, i) => built.all.picker.pick(pickContext(() => 0.5, { hash: 1 + i * 80_000_003 }))?.endpoint.port ?? 0)
    const list = (make: typeof at): EndpointSet => ready(...['e1', 'e2', 'e3', 'e4'].map((id) => make(id)))
    const before = own(over(bench().book, { balance }, list(at), absent))
    expect(new Set(before).size).toBe(4)
    // Another gateway, which knows them from the other registry under other ids.
    expect(own(over(bench().book, { balance }, absent, list((id, fields) => nomad(id, { id: `nomad/${9 - Number(id.slice(1))}`, ...fields }))))).toEqual(before)
  })

  test('the reserve is picked for a request that finds the first registry dead, and no state of it is made twice', () => {
    const { book } = bench()
    const { all } = over(book, {}, stale(at('e1'), at('e2')), ready(nomad('e3'), nomad('e1')))
    expect(ids(all.states)).toEqual(['e1', 'e2'])
    expect(all.picker.pick(pickContext(() => 0, { tried: all.states }))?.endpoint.id).toBe('nomad/e3')
    for (const state of all.states) state.avoidUntil = 10
    expect(all.picker.pick(pickContext(() => 0, { now: 9 }))?.endpoint.id).toBe('nomad/e3')
    expect(all.picker.pick(pickContext(() => 0, { now: 10 }))?.endpoint.origin).toBe('consul')
  })

  test('each subset fails over for itself', () => {
    const subsets = { v1: { tags: ['v1'], meta: {} }, v2: { tags: ['v2'], meta: {} } }
    const { all, subsets: pools } = over(bench().book, { subsets }, ready(at('e1', { tags: ['v1'] })), ready(nomad('e2', { tags: ['v1'] }), nomad('e3', { tags: ['v2'] })))
    expect([ids(all.states), ids(pools['v1']?.states ?? []), ids(pools['v2']?.states ?? [])]).toEqual([['e1'], ['e1'], ['nomad/e3']])
  })

  test('subsets of merged references see the labels of all', () => {
    const subsets = { canary: { tags: ['v2'], meta: { team: 'words' } } }
    const { subsets: pools } = over(bench().book, { subsets, merge: true }, ready(at('e1', { tags: ['v2'] })), ready(nomad('e1', { meta: { team: 'words' } })))
    expect(ids(pools['canary']?.states ?? [])).toEqual(['e1'])
  })

  test('the end is the same whichever registry answers first, and how often', () => {
    const config = table([route('r', {})], { services: [service({ from: [...from, 'eureka/WORDS'], merge: true })] })
    const sets: Record<string, EndpointSet> = { 'consul/words': ready(at('e1'), at('e2', { draining: true })), 'nomad/words': stale(nomad('e2'), nomad('e3', { held: true })), 'eureka/WORDS': ready(at('e4', { origin: 'eureka' })) }
    const arrivals = fc.array(fc.constantFrom(...Object.keys(sets)), { maxLength: 12 })
    const end = (order: readonly string[]): unknown => {
      const snapshots = new Snapshots(bench().book, () => {})
      snapshots.useTable(compileTable(config), { number: 1, hash: '', origin: '', at: 0 })
      for (const ref of [...order, ...Object.keys(sets)]) snapshots.useSet(ref, sets[ref] ?? pending)
      const [built] = snapshots.current.services
      return [ids(built?.all.states ?? []), built?.set]
    }
    const expected = end([])
    expect(expected).toMatchObject([['e1', 'e4'], { kind: 'stale' }])
    fc.assert(fc.property(arrivals, (order) => void expect(end(order)).toEqual(expected)))
  })

  test('an endpoint of the reserve is told gone when it leaves, since it may have been used', () => {
    const { book, gone } = bench()
    over(book, {}, ready(at('e1')), ready(nomad('e3')))
    over(book, {}, ready(at('e1')), absent)
    over(book, {}, ready(at('e1')), absent)
    expect(gone).toEqual(['nomad/e3'])
  })
})
