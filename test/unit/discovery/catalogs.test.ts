// The catalogue of each registry, and what is a registry's own about it.
import { describe, expect, test } from 'vitest'
import { createCatalog } from '../../../discovery/catalog.ts'
import { consul } from '../../../discovery/consul.ts'
import { eureka } from '../../../discovery/eureka.ts'
import { marathon } from '../../../discovery/marathon.ts'
import { nomad } from '../../../discovery/nomad.ts'
import type { Catalog, CatalogService, CatalogSet } from '../../../src/model/catalog.ts'
import { parseRef, type Attempt } from '../../../src/model/discoverer.ts'
import { fakeConsul, json, plain } from '../../support/fake-consul.ts'
import { fakeEureka } from '../../support/fake-eureka.ts'
import { json as marathonJson, page } from '../../support/fake-marathon/fake-marathon.ts'
import { virtualMarathon } from '../../support/fake-marathon/virtual.ts'
import { fakeNomad } from '../../support/fake-nomad.ts'
import { fakePlatform, START, type FakePlatform } from '../../support/fake-platform.ts'
import { catalogSuite } from '../../suites/catalog.ts'

const hanging = (): Promise<Response> => new Promise(() => {})
const real = (catalog: Catalog | undefined): Catalog => {
  if (catalog === undefined) throw new Error('the adapter has no catalogue')
  return catalog
}

catalogSuite({
  name: 'consul',
  ref: (name) => `consul/${name}`,
  within: 1000,
  // A query waits for 15 s, so that rights that end are seen by then.
  quiet: 45,
  open(platform) {
    const fake = fakeConsul(platform)
    return {
      create: (options) => real(consul.catalog?.('consul', { ...options }, platform)),
      put: (names, others = []) => fake.putCatalog({ consul: [], ...Object.fromEntries(names.map((name) => [name, ['route=x', 'v1']])), ...Object.fromEntries(others.map((name) => [name, ['v1']])) }),
      fail: () => fake.answerWith(() => plain(500, 'No cluster leader', { 'x-consul-index': '1' })),
      deny: () => fake.answerWith(() => json({}, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' })),
      hang: () => fake.answerWith(hanging),
      recover: () => fake.recover(),
      asked: () => fake.seen.length,
    }
  },
})

catalogSuite({
  name: 'nomad',
  ref: (name) => `nomad/${name}`,
  within: 1000,
  quiet: 20,
  open(platform) {
    const fake = fakeNomad(platform)
    platform.onFetch((url, init) => fake.fetch(url, init))
    let put: readonly string[] = []
    return {
      create: (options) => real(nomad.catalog?.('nomad', { ...options }, platform)),
      put(names, others = []) {
        for (const name of put) if (!names.includes(name) && !others.includes(name)) fake.put(name, [])
        for (const name of names) fake.put(name, [{ id: name, tags: ['route=x'] }])
        for (const name of others) fake.put(name, [{ id: name, tags: ['v1'] }])
        put = [...names, ...others]
      },
      fail: () => fake.answerWith(() => new Response('<html>', { headers: { 'content-type': 'text/html' } })),
      deny: () => fake.answerWith(() => json([], { 'x-nomad-index': '0' })),
      hang: () => fake.answerWith(hanging),
      recover: () => fake.recover(),
      asked: () => fake.seen.length,
    }
  },
})

catalogSuite({
  name: 'eureka',
  ref: (name) => `eureka/${name.toUpperCase()}`,
  within: 20_000,
  quiet: 60,
  open(platform) {
    const fake = fakeEureka(platform)
    const server = fake.at('http://127.0.0.1:8761')
    return {
      create: (options) => real(eureka.catalog?.('eureka', { ...options }, platform)),
      put: (names, others = []) => server.put([...names.map((name) => ({ id: name, app: name.toUpperCase(), meta: { route: 'x' } })), ...others.map((name) => ({ id: name, app: name.toUpperCase(), meta: { v: '1' } }))]),
      fail: () => fake.answerWith(() => new Response('oops', { status: 500 })),
      deny: () => fake.answerWith(() => new Response('', { status: 401 })),
      hang: () => fake.answerWith(hanging),
      recover: () => fake.recover(),
      asked: () => fake.seen.length,
    }
  },
})

catalogSuite({
  name: 'marathon',
  ref: (name) => `mesos/shop/${name}`,
  within: 1000,
  quiet: 20,
  open(platform) {
    const fake = virtualMarathon(platform)
    let put: readonly string[] = []
    return {
      create: (options) => real(marathon.catalog?.('mesos', { address: 'http://m1:8080', ...options }, platform)),
      put(names, others = []) {
        for (const name of put) if (!names.includes(name) && !others.includes(name)) fake.remove(`/shop/${name}`)
        for (const name of names) fake.put({ id: `/shop/${name}`, labels: { route: 'x', owner: 'zeus' }, tasks: [{ id: name, ports: [80] }] })
        for (const name of others) fake.put({ id: `/shop/${name}`, labels: { owner: 'zeus' }, tasks: [] })
        put = [...names, ...others]
      },
      fail: () => fake.answerWith(() => page(502, 'Could not determine the current leader')),
      deny: () => fake.answerWith(() => marathonJson(403, { message: 'Not Authorized to perform this action!' })),
      hang: () => void (fake.latency = 1e9),
      recover: () => fake.recover(),
      asked: () => fake.seen.length,
    }
  },
})

/** The lists of a catalogue from now on, newest last. */
function listsOf(catalog: Catalog | undefined, last: readonly CatalogService[] = []): { readonly sets: CatalogSet[]; readonly stop: AbortController; readonly text: () => string } {
  const stop = new AbortController()
  const sets: CatalogSet[] = []
  void (async () => {
    for await (const set of real(catalog).watch(stop.signal, { wanted: () => true, last })) sets.push(set)
  })()
  const text = (): string => {
    const set = sets.at(-1)
    return set === undefined || set.kind === 'pending' ? 'nothing' : `${set.kind} ${set.services.map(({ ref, name }) => `${ref}=${name}`).join(',')}`
  }
  return { sets, stop, text }
}

test('consul: a token that may read less than before is denied, and an index that goes back starts over', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  fake.putCatalog({ a: [], b: [] })
  const { stop, text } = listsOf(consul.catalog?.('consul', {}, platform))
  await platform.advance(2000)
  fake.answerWith(() => json({ a: [] }, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' }))
  await platform.advance(60_000)
  expect(text()).toBe('stale consul/a=a,consul/b=b')
  fake.answerWith(({ query }) => json({ a: [], b: [], c: [] }, { 'x-consul-index': query.has('index') ? '5' : '6' }))
  await platform.advance(90_000)
  expect(text()).toBe('ready consul/a=a,consul/b=b,consul/c=c')
  stop.abort()
})

test('a catalogue that is denied by what it lists is asked again with a backoff', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  fake.putCatalog({ a: [], b: [] })
  const { stop, sets } = listsOf(consul.catalog?.('consul', {}, platform))
  await platform.advance(2000)
  fake.answerWith(() => json({ a: [] }, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' }))
  await platform.advance(60_000)
  expect(sets.at(-1)).toMatchObject({ kind: 'stale', cause: { outcome: 'denied' } })
  const before = fake.seen.length
  await platform.advance(600_000)
  expect(fake.seen.length - before).toBeLessThan(80)
  expect(fake.seen.length - before).toBeGreaterThan(20)
  stop.abort()
})

async function namespaces(platform: FakePlatform, options: object): Promise<string> {
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  fake.put('web', [{ id: '1' }])
  fake.put('web', [{ id: '2' }], { namespace: 'shop' })
  fake.put('web', [{ id: '3' }], { namespace: 'blog' })
  const { stop, text } = listsOf(nomad.catalog?.('nomad', options, platform))
  await platform.advance(2000)
  stop.abort()
  return text()
}

test.each([
  [{}, 'ready nomad/web=web'],
  [{ namespaces: ['shop'] }, 'ready nomad/web=web'],
  [{ namespaces: ['default', 'shop'] }, 'ready nomad/web?namespace=default=web,nomad/web?namespace=shop=shop/web'],
  [{ namespaces: ['*'] }, 'ready nomad/web?namespace=blog=blog/web,nomad/web?namespace=default=web,nomad/web?namespace=shop=shop/web'],
])('nomad: services of the namespaces %j', async (options, expected) => {
  expect(await namespaces(fakePlatform(), options)).toBe(expected)
})

test.each([[['*']], [['default', 'shop']]])('nomad: a token that loses its rights in one namespace of %j keeps its services, and says so', async (names) => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  fake.put('web', [{ id: '1' }])
  fake.put('blog', [{ id: '2' }])
  fake.put('web', [{ id: '3' }], { namespace: 'shop' })
  fake.acl({ t: ['default', 'shop'] })
  const { stop, text, sets } = listsOf(nomad.catalog?.('nomad', { namespaces: names, token: 't' }, platform))
  await platform.advance(2000)
  fake.acl({ t: ['default'] })
  await platform.advance(600_000)
  const all = 'nomad/blog?namespace=default=blog,nomad/web?namespace=default=web,nomad/web?namespace=shop=shop/web'
  expect(text()).toBe(`stale ${all}`)
  expect(sets.at(-1)).toMatchObject({ cause: { outcome: 'denied', message: expect.stringContaining('(namespace shop)') } })
  fake.acl({ t: ['default', 'shop'] })
  await platform.advance(31_000)
  expect(text()).toBe(`ready ${all}`)
  // What left is no such thing.
  fake.put('web', [], { namespace: 'shop' })
  await platform.advance(50_000)
  expect(text()).toBe(`ready ${all.replace(/,[^,]*$/, '')}`)
  stop.abort()
})

test.each([[['*']], [['default', 'shop']]])('nomad: while rights in one namespace of %j are missing, services of the others come and go', async (names) => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  for (const name of ['a', 'b', 'c']) fake.put(name, [{ id: name }])
  fake.put('web', [{ id: '3' }], { namespace: 'shop' })
  fake.acl({ t: ['default', 'shop'] })
  const { stop, text, sets } = listsOf(nomad.catalog?.('nomad', { namespaces: names, token: 't' }, platform))
  await platform.advance(2000)
  fake.acl({ t: ['default'] })
  await platform.advance(20_000)
  fake.put('news', [{ id: 'n' }])
  fake.put('a', [])
  await platform.advance(20_000)
  expect(text().replaceAll(/\?namespace=\w+=\S*?(?=,|$)/g, '')).toBe('stale nomad/b,nomad/c,nomad/news,nomad/web')
  expect(sets.at(-1)).toMatchObject({ cause: { outcome: 'denied', message: expect.stringContaining('(namespace shop)') } })
  fake.acl({ t: ['default', 'shop'] })
  await platform.advance(31_000)
  expect(text()).toMatch(/^ready .*news.*shop\/web$/)
  stop.abort()
})

test.each([[['*']], [['default', 'shop']]])('nomad: rights in one namespace of %j that ended before a restart keep its services after it', async (names) => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  fake.put('a', [{ id: 'a' }])
  fake.put('b', [{ id: 'b' }])
  fake.put('web', [{ id: '3' }], { namespace: 'shop' })
  fake.acl({ t: ['default'] })
  const last = ['nomad/a?namespace=default', 'nomad/web?namespace=shop'].map((ref) => ({ ref, name: ref, labels: [] }))
  const { stop, text, sets } = listsOf(nomad.catalog?.('nomad', { namespaces: names, token: 't' }, platform), last)
  await platform.advance(120_000)
  expect(text().replaceAll(/=nomad\S*?(?=,|$)/g, '')).toBe('stale nomad/a?namespace=default=a,nomad/b?namespace=default=b,nomad/web?namespace=shop')
  expect(sets.at(-1)).toMatchObject({ cause: { outcome: 'denied', message: expect.stringContaining('(namespace shop)') } })
  stop.abort()
})

test('nomad: rights that end in a namespace without services hold up no other, and more namespaces than are asked for alone keep theirs', async () => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  const many = Array.from({ length: 20 }, (_, n) => `n${n}`)
  fake.put('a', [{ id: 'a' }])
  fake.acl({ t: ['default', 'shop', ...many] })
  const [few, all] = [{ namespaces: ['default', 'shop'] }, { namespaces: ['*'] }].map((options) => listsOf(nomad.catalog?.('nomad', { ...options, token: 't' }, platform)))
  await platform.advance(2000)
  for (const namespace of many) fake.put('web', [{ id: namespace }], { namespace })
  await platform.advance(2000)
  fake.acl({ t: ['default'] })
  await platform.advance(20_000)
  fake.put('b', [{ id: 'b' }])
  await platform.advance(20_000)
  expect(few?.text()).toBe('stale nomad/a?namespace=default=a,nomad/b?namespace=default=b')
  expect(all?.text().split(',')).toHaveLength(22)
  for (const each of [few, all]) each?.stop.abort()
})

/** A token's rights end in `namespace` in the middle of a query that waits. Gives the seconds until that is said. */
async function denialAfter(options: object, before: readonly string[], after: readonly string[], prepare: (fake: ReturnType<typeof fakeNomad>) => void = () => {}): Promise<number> {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  fake.put('web', [{ id: '1' }])
  fake.put('web', [{ id: '3' }], { namespace: 'shop' })
  fake.acl({ t: before })
  prepare(fake)
  const { stop, sets } = listsOf(nomad.catalog?.('nomad', { token: 't', ...options }, platform))
  await platform.advance(100_000)
  expect(sets).toHaveLength(1)
  const since = platform.now()
  fake.acl({ t: after })
  while (sets.at(-1)?.kind === 'ready' && platform.now() - since < 100_000) await platform.advance(100)
  expect(sets.at(-1)).toMatchObject({ kind: 'stale', cause: { outcome: 'denied' } })
  stop.abort()
  await platform.settle()
  expect(fake.streams()).toBe(0)
  return (platform.now() - since) / 1000
}

test.each([
  ['the only namespace', {}, ['default'], []],
  ['one of those that are named', { namespaces: ['default', 'shop'] }, ['default', 'shop'], ['default']],
  ['one of all', { namespaces: ['*'] }, ['default', 'shop'], ['default']],
  ['all of them', { namespaces: ['*'] }, ['*'], []],
])('nomad: rights that end in %s are seen at once, since the event stream ends with them', async (_, options, before, after) => {
  expect(await denialAfter(options, before, after)).toBeLessThan(1)
})

test('nomad: without the event stream they are seen when the query ends, in 16 s', async () => {
  const deaf = (fake: ReturnType<typeof fakeNomad>): void => fake.answerWith(({ path }) => (path === '/v1/event/stream' ? plain(403, 'Permission denied') : undefined))
  expect(await denialAfter({}, ['default'], [], deaf)).toBeLessThan(17)
})

test('nomad: endpoints and catalogue of a registry have one event stream, and a change costs the catalogue one question', async () => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  fake.put('web', [{ id: '1' }])
  const options = { checks: false }
  const { stop, text } = listsOf(nomad.catalog?.('nomad', options, platform))
  void (async () => {
    for await (const _ of nomad.create('nomad', options, platform).watch({ registry: 'nomad', name: 'web', options: {} }, stop.signal, {}));
  })()
  await platform.advance(60_000)
  expect(fake.streams()).toBe(1)
  const lists = (): number => fake.seen.filter(({ path }) => path === '/v1/services').length
  const before = lists()
  fake.put('api', [{ id: '2' }])
  await platform.advance(2000)
  expect(text()).toBe('ready nomad/api=api,nomad/web=web')
  expect(lists() - before).toBe(1)
  // A server that goes and comes back is asked anew, and waited at again.
  fake.cut()
  await platform.advance(40_000)
  expect(lists() - before).toBeLessThan(8)
  stop.abort()
  await platform.settle()
  expect(fake.streams()).toBe(0)
})

test('consul: rights that end while a query waits are seen in 16 s', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  fake.putCatalog({ a: [], b: [] })
  const { stop, text } = listsOf(consul.catalog?.('consul', {}, platform))
  await platform.advance(100_000)
  fake.answerWith(() => json({}, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' }))
  await platform.advance(17_000)
  expect(text()).toBe('stale consul/a=a,consul/b=b')
  stop.abort()
})

test('nomad: a namespace that is named and may not be read is denied, not empty', async () => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  fake.put('web', [{ id: '1' }])
  fake.acl({ t: ['default'] })
  const { stop, sets } = listsOf(nomad.catalog?.('nomad', { namespaces: ['default', 'shop'], token: 't' }, platform))
  await platform.advance(2000)
  expect(sets).toEqual([expect.objectContaining({ kind: 'pending', cause: expect.objectContaining({ outcome: 'denied' }) })])
  stop.abort()
})

test('nomad: an index that goes back starts over', async () => {
  const platform = fakePlatform()
  const fake = fakeNomad(platform)
  platform.onFetch((url, init) => fake.fetch(url, init))
  for (const name of ['a', 'b', 'c']) fake.put(name, [{ id: name }])
  const { stop, text } = listsOf(nomad.catalog?.('nomad', {}, platform))
  await platform.advance(2000)
  fake.index = 50
  fake.put('d', [{ id: 'd' }])
  await platform.advance(60_000)
  expect(text()).toBe('ready nomad/a=a,nomad/b=b,nomad/c=c,nomad/d=d')
  stop.abort()
})

test('eureka: the whole list is read only when something changed, from another server when one fails', async () => {
  const platform = fakePlatform()
  const fake = fakeEureka(platform)
  for (const host of ['e1', 'e2']) fake.at(`http://${host}:8761`).put([{ id: 'a', app: 'A', meta: { 'fairlead.route': 'a.test/**' } }])
  const { stop, text, sets } = listsOf(eureka.catalog?.('eureka', { address: ['http://e1:8761/eureka', 'http://e2:8761/eureka'] }, platform))
  await platform.advance(1000)
  expect(sets[0]).toMatchObject({ services: [{ labels: ['fairlead.route=a.test/**'] }] })
  // The change is told for three minutes.
  await platform.advance(400_000)
  fake.asked()
  await platform.advance(60_000)
  expect(new Set(fake.asked().map((path) => path.split(' ')[1]))).toEqual(new Set(['/apps/delta']))
  fake.answerWith(({ origin }) => (origin.includes('e1') ? new Response('', { status: 500 }) : undefined))
  for (const host of ['e1', 'e2']) fake.at(`http://${host}:8761`).put([{ id: 'a', app: 'A' }, { id: 'b', app: 'B' }])
  await platform.advance(60_000)
  expect(text()).toBe('ready eureka/A=A,eureka/B=B')
  stop.abort()
})

const routed = (...apps: string[]) => apps.map((app) => ({ id: app.toLowerCase(), app, meta: { 'fairlead.route': `${app}.test/**` } }))
const refsOf = (...apps: string[]): string => apps.map((app) => `eureka/${app}=${app}`).join()

test.each([
  ['the only server comes back from a moment in which it was away', ['http://e1:8761']],
  ['another server takes over', ['http://e1:8761', 'http://e2:8761']],
])('eureka: %s with fewer services: what it lacks stays, unless it says that it is gone', async (_, addresses) => {
  const platform = fakePlatform()
  const fake = fakeEureka(platform)
  for (const address of addresses) fake.at(address).put(routed('A', 'B', 'C', 'D'))
  const { stop, text, sets } = listsOf(eureka.catalog?.('eureka', { address: addresses.map((address) => `${address}/eureka`), every: '15s' }, platform))
  await platform.advance(300_000)
  expect(text()).toBe(`ready ${refsOf('A', 'B', 'C', 'D')}`)
  const inUse = `http://${fake.asked().at(-1)?.split(' ')[0] ?? ''}:8761`
  fake.answerWith(({ origin }) => (origin === inUse ? new Response('', { status: 503 }) : undefined))
  for (const address of addresses) fake.at(address).become(routed('A', 'B', 'C'))
  await platform.advance(addresses.length > 1 ? 100 : 20_000)
  if (addresses.length === 1) fake.recover()
  // Its heartbeats come for a minute yet.
  await platform.advance(60_000)
  expect(text()).toBe(`stale ${refsOf('A', 'B', 'C', 'D')}`)
  expect(sets.at(-1)).toMatchObject({ cause: { outcome: 'guarded', message: expect.stringContaining('1 of 4 services with routes vanished') } })
  for (const address of addresses) fake.at(address).put(routed('A', 'B', 'C', 'D'))
  await platform.advance(20_000)
  expect(text()).toBe(`ready ${refsOf('A', 'B', 'C', 'D')}`)
  for (const address of addresses) fake.at(address).put(routed('A', 'C', 'D'))
  await platform.advance(20_000)
  expect(text()).toBe(`ready ${refsOf('A', 'C', 'D')}`)
  // What is still away when all had their time is gone.
  for (const address of addresses) fake.at(address).become(routed('A', 'C'))
  await platform.advance(20_000)
  expect(text()).toBe(`stale ${refsOf('A', 'C', 'D')}`)
  await platform.advance(240_000)
  expect(text()).toBe(`ready ${refsOf('A', 'C')}`)
  stop.abort()
})

test('eureka: a service is lost where both servers lack it, and other servers that hang do not keep that from being confirmed', async () => {
  const platform = fakePlatform()
  const fake = fakeEureka(platform)
  const addresses = ['e1', 'e2', 'e3', 'e4'].map((host) => `http://${host}:8761`)
  for (const address of addresses) fake.at(address).put(routed('A', 'B', 'C', 'D', 'E'))
  const { stop, text } = listsOf(eureka.catalog?.('eureka', { address: addresses.map((address) => `${address}/eureka`), every: '15s' }, platform))
  await platform.advance(20_000)
  const inUse = `http://${fake.asked().at(-1)?.split(' ')[0] ?? ''}:8761`
  for (const address of addresses) fake.at(address).become(address === inUse ? routed('A') : routed('B', 'C'))
  await platform.advance(60_000)
  expect(text()).toBe(`ready ${refsOf('A', 'B', 'C')}`)
  fake.answerWith(({ origin }) => (origin === inUse ? undefined : new Promise(() => {})))
  fake.at(inUse).become([])
  await platform.advance(100_000)
  expect(text()).toBe('ready ')
  stop.abort()
})

test('eureka: the own zone is gone back to when its server had time to recover', async () => {
  const platform = fakePlatform()
  const fake = fakeEureka(platform)
  for (const host of ['e1', 'e2']) fake.at(`http://${host}:8761`).put(routed('A', 'B'))
  const { stop, text, sets } = listsOf(eureka.catalog?.('eureka', { zone: 'b', address: { a: 'http://e1:8761/eureka', b: 'http://e2:8761/eureka' }, every: '15s' }, platform))
  await platform.advance(10_000)
  expect(new Set(fake.asked().map((asked) => asked.split(' ')[0]))).toEqual(new Set(['e2']))
  fake.answerWith(({ origin }) => (origin === 'http://e2:8761' ? new Response('', { status: 500 }) : undefined))
  await platform.advance(20_000)
  fake.recover()
  fake.asked()
  await platform.advance(200_000)
  expect(new Set(fake.asked().map((asked) => asked.split(' ')[0]))).toEqual(new Set(['e1']))
  await platform.advance(500_000)
  fake.asked()
  await platform.advance(60_000)
  expect(new Set(fake.asked().map((asked) => asked.split(' ')[0]))).toEqual(new Set(['e2']))
  expect(text()).toBe(`ready ${refsOf('A', 'B')}`)
  expect(sets).toHaveLength(1)
  stop.abort()
})

test('eureka: tags in the key of tags are labels too, so that a service with routes there alone is found', async () => {
  const platform = fakePlatform()
  fakeEureka(platform).at('http://127.0.0.1:8761').put([{ id: 'a', app: 'A', meta: { labels: 'v1, urlprefix-a.test/' } }])
  const { stop, sets } = listsOf(eureka.catalog?.('eureka', { tagsKey: 'labels' }, platform))
  await platform.advance(1000)
  expect(sets[0]).toMatchObject({ services: [{ labels: ['v1', 'urlprefix-a.test/', 'labels=v1, urlprefix-a.test/'] }] })
  stop.abort()
})

describe('marathon', () => {
  const app = (name: string, labels: Readonly<Record<string, string>> = {}) => ({ id: `/${name}`, labels, ports: [{ name: 'http' }], tasks: [{ id: name, ports: [80] }] })
  function cluster() {
    const platform = fakePlatform()
    const fake = virtualMarathon(platform)
    const options = { address: 'http://m1:8080' }
    for (const name of ['a', 'b', 'c']) fake.put(app(name))
    const lists = listsOf(marathon.catalog?.('mesos', options, platform))
    const listed = (): number => fake.seen.filter(({ path }) => path === '/v2/apps').length
    return { platform, fake, options, listed, ...lists }
  }

  test('labels are what the endpoints will carry, those in the label of tags among them', async () => {
    const { platform, fake, stop, sets } = cluster()
    fake.put(app('a', { 'fairlead.route': 'a.test/**', 'fairlead.tags': 'v1, urlprefix-a.test/' }))
    await platform.advance(1000)
    const [set] = sets
    expect(set?.kind === 'ready' && set.services[0]?.labels.toSorted()).toEqual(['fairlead.route=a.test/**', 'fairlead.tags=v1, urlprefix-a.test/', 'urlprefix-a.test/', 'v1'])
    stop.abort()
  })

  test('the endpoints of the same registry and its catalogue have one stream; the list is without tasks, and events of tasks ask for none', async () => {
    const { platform, fake, options, listed, stop } = cluster()
    const discoverer = marathon.create('mesos', options, platform)
    void (async () => {
      for await (const _ of discoverer.watch({ registry: 'mesos', name: 'a', options: {} }, stop.signal, {}));
    })()
    await platform.advance(2000)
    expect(fake.streams.opened()).toBe(1)
    expect(fake.seen.filter(({ path }) => path === '/v2/apps').every(({ query }) => !query.getAll('embed').includes('apps.tasks'))).toBe(true)
    const before = listed()
    for (let i = 0; i < 20; i++) {
      fake.streams.send('status_update_event', { appId: '/a' })
      fake.streams.send('health_status_changed_event', { appId: '/b', alive: false })
      await platform.advance(500)
    }
    expect(listed()).toBe(before)
    fake.put(app('d'))
    await platform.advance(1000)
    expect(listed()).toBe(before + 1)
    stop.abort()
    await platform.settle()
    expect(fake.streams.count()).toBe(0)
  })

  test('a storm of deployments costs a list four times a second at most', async () => {
    const { platform, fake, listed, stop } = cluster()
    await platform.advance(2000)
    const before = listed()
    for (let i = 0; i < 200; i++) {
      fake.put(app('a', { n: String(i) }))
      await platform.advance(50)
    }
    expect(listed() - before).toBeLessThanOrEqual(41)
    stop.abort()
  })

  test('an app that may not be viewed any more is no app that is gone', async () => {
    const { platform, fake, stop, text } = cluster()
    await platform.advance(1000)
    fake.hidden.add('/b')
    fake.put(app('a'))
    await platform.advance(1000)
    expect(text()).toBe('stale mesos/a=a,mesos/b=b,mesos/c=c')
    fake.hidden.clear()
    fake.remove('/b')
    await platform.advance(60_000)
    expect(text()).toBe('ready mesos/a=a,mesos/c=c')
    stop.abort()
  })

  test('an app that might not be viewed any more before a restart is kept after it, and the others come and go', async () => {
    const { platform, fake, options, stop } = cluster()
    stop.abort()
    fake.hidden.add('/b')
    const last = ['a', 'b', 'c'].map((name) => ({ ref: `mesos/${name}`, name, labels: [] }))
    const again = listsOf(marathon.catalog?.('mesos', options, platform), last)
    await platform.advance(1000)
    expect(again.text()).toBe('stale mesos/a=a,mesos/b=b,mesos/c=c')
    fake.put(app('d'))
    await platform.advance(60_000)
    expect(again.text()).toBe('stale mesos/a=a,mesos/b=b,mesos/c=c,mesos/d=d')
    expect(again.sets.at(-1)).toMatchObject({ cause: { outcome: 'denied' } })
    again.stop.abort()
  })

  test('without the stream, and with a leader that is another, it goes on', async () => {
    const { platform, fake, stop, text } = cluster()
    await platform.advance(1000)
    fake.streams.silence(true)
    await platform.advance(40_000)
    fake.put(app('d'))
    await platform.advance(12_000)
    expect(text()).toBe('ready mesos/a=a,mesos/b=b,mesos/c=c,mesos/d=d')
    stop.abort()
  })

  test.each([[{}], [{ apps: 'none' }], [{ message: 'x' }]])('an answer of %j is no list', async (value) => {
    const { platform, fake, stop, text } = cluster()
    await platform.advance(1000)
    fake.answerWith(({ path }) => (path === '/v2/apps' ? marathonJson(200, value) : undefined))
    fake.put(app('d'))
    await platform.advance(1000)
    expect(text()).toBe('stale mesos/a=a,mesos/b=b,mesos/c=c')
    stop.abort()
  })

  test('entries that are no apps are left out alone', async () => {
    const { platform, fake, stop, text } = cluster()
    await platform.advance(1000)
    fake.answerWith(({ path }) => (path === '/v2/apps' ? marathonJson(200, { apps: [null, 7, {}, { id: 7 }, { id: '/' }, { id: '/a', labels: 7 }, { id: '/e', labels: { x: 7 } }] }) : undefined))
    fake.put(app('a'))
    await platform.advance(1000)
    // The list does not show /b and /c; asked for alone, they are there.
    expect(text()).toBe('ready mesos/a=a,mesos/b=b,mesos/c=c,mesos/e=e')
    stop.abort()
  })
})

test('a catalogue that is woken by the deadline and answers out of what it knows confirms nothing', async () => {
  const platform = fakePlatform()
  const services = [{ ref: 'r/a', name: 'a', labels: [] }]
  // The registry is silent after its first answer.
  const catalog = createCatalog({
    registry: 'r',
    changes: { kind: 'block', wait: 45_000 },
    allowEmpty: false,
    platform,
    read: async ({ purpose }, signal) => (purpose === 'follow' ? platform.sleep(Infinity, signal).then(() => ({ kind: 'unchanged', token: 'v1' })) : { kind: 'listed', services, token: 'v1' }),
  })
  const stop = new AbortController()
  const sets: CatalogSet[] = []
  const reading = (async () => {
    for await (const set of catalog.watch(stop.signal, { wanted: () => true })) sets.push(set)
  })()
  await platform.advance(45_000 * (17 / 16) + 5050)
  stop.abort()
  await reading
  expect(sets.at(-1)).toMatchObject({ kind: 'stale', services, at: START, cause: { outcome: 'failed', message: 'no answer within 53 s' } })
})

test('time in which the registry fails confirms no emptiness of its catalogue', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  fake.putCatalog({ a: [], b: [], c: [] })
  const { stop, text } = listsOf(consul.catalog?.('consul', { wait: '1s' }, platform))
  await platform.advance(1000)
  fake.putCatalog({ consul: [] })
  await platform.advance(5000)
  expect(text()).toBe('stale consul/a=a,consul/b=b,consul/c=c,consul/consul=consul')
  fake.answerWith(() => plain(500, 'No cluster leader'))
  await platform.advance(295_000)
  fake.recover()
  await platform.advance(29_000)
  expect(text()).toMatch(/^stale/)
  await platform.advance(60_000)
  expect(text()).toBe('ready consul/consul=consul')
  stop.abort()
})

test('consul: a token that never could read everything is no other after a restart', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  const stop = new AbortController()
  const sets: CatalogSet[] = []
  const last = ['a', 'b', 'c'].map((name) => ({ ref: `consul/${name}`, name, labels: [] }))
  fake.answerWith(() => json({ a: [], b: [] }, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' }))
  void (async () => {
    for await (const set of real(consul.catalog?.('consul', {}, platform)).watch(stop.signal, { wanted: () => true, last })) sets.push(set)
  })()
  await platform.advance(60_000)
  expect(sets.at(-1)).toMatchObject({ kind: 'ready', services: [{ name: 'a' }, { name: 'b' }] })
  // One that is known to have read more is denied.
  fake.answerWith(() => json({ a: [], b: [] }, { 'x-consul-index': '901' }))
  await platform.advance(60_000)
  fake.answerWith(() => json({ a: [] }, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '902' }))
  await platform.advance(60_000)
  expect(sets.at(-1)).toMatchObject({ kind: 'stale', cause: { outcome: 'denied' } })
  stop.abort()
})

test.each<readonly [object, string, string | undefined]>([
  [{}, 'nomad/web', 'web'],
  [{}, 'nomad/web?namespace=shop', undefined],
  [{ namespaces: ['shop'] }, 'nomad/web', 'web'],
  [{ namespaces: ['default', 'shop'] }, 'nomad/web', undefined],
  [{ namespaces: ['default', 'shop'] }, 'nomad/web?namespace=default', 'web'],
  [{ namespaces: ['default', 'shop'] }, 'nomad/web?namespace=shop', 'shop/web'],
  [{ namespaces: ['default', 'shop'] }, 'nomad/web?namespace=blog', undefined],
  [{ namespaces: ['*'] }, 'nomad/web?namespace=blog', 'blog/web'],
  [{ namespaces: ['*'] }, 'nomad/web?namespace=blog&tag=v2', undefined],
])('nomad with %j calls %s %s', (options, key, name) => {
  const catalog = real(nomad.catalog?.('nomad', options, fakePlatform()))
  const ref = parseRef(key)
  expect(ref && catalog.nameOf(ref)).toBe(name)
})

test('references with options are none of the catalogue of a Consul', () => {
  const catalog = real(consul.catalog?.('consul', {}, fakePlatform()))
  expect(['consul/web', 'consul/web?tag=v2'].map((key) => catalog.nameOf(parseRef(key) ?? { registry: '', name: '', options: {} }))).toEqual(['web', undefined])
})

/** The list of Consul after these lists, one each second. */
async function afterLists(...lists: readonly (readonly string[])[]): Promise<string> {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  fake.putCatalog(Object.fromEntries((lists[0] ?? []).map((name) => [name, []])))
  const { stop, text } = listsOf(consul.catalog?.('consul', {}, platform))
  for (const names of lists) {
    fake.putCatalog(Object.fromEntries(names.map((name) => [name, []])))
    await platform.advance(1000)
  }
  stop.abort()
  return text().replaceAll(/consul\/\w+=/g, '')
}

test('services that were added while a suspicion is confirmed are kept with the others when they vanish, too, and judged alone where all others are back', async () => {
  expect(await afterLists(['a', 'b', 'c'], [], ['d', 'e'], [])).toBe('stale a,b,c,d,e')
  expect(await afterLists(['a', 'b', 'c'], [], ['d'], ['a', 'b', 'c'])).toBe('ready a,b,c')
  expect(await afterLists(['a', 'b', 'c'], [], ['d', 'e', 'f', 'g', 'h'], ['a', 'b', 'c'])).toBe('stale a,b,c,d,e,f,g,h')
})

test('a catalogue that loses its services one by one is held as a whole', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  const services = (first: number): Record<string, string[]> => Object.fromEntries(Array.from({ length: 9 - first }, (_, n) => [`s${first + n}`, []]))
  fake.putCatalog(services(1))
  const { stop, text } = listsOf(consul.catalog?.('consul', {}, platform))
  await platform.advance(1000)
  const all = text().replace('ready', 'stale')
  for (let first = 2; first <= 8; first++) {
    fake.putCatalog(services(first))
    await platform.advance(600)
  }
  expect(text()).toBe(all)
  await platform.advance(60_000)
  expect(text()).toBe('ready consul/s8=s8')
  stop.abort()
})

test('a whole list that is read again and says the same is no change that was missed', async () => {
  const platform = fakePlatform()
  const fake = fakeConsul(platform)
  fake.putCatalog({ a: [], b: [] })
  const stop = new AbortController()
  const attempts: Attempt[] = []
  void (async () => {
    for await (const _ of real(consul.catalog?.('consul', {}, platform)).watch(stop.signal, { wanted: () => true, observe: (attempt) => void attempts.push(attempt) }));
  })()
  await platform.advance(900_000)
  expect(attempts.length).toBeGreaterThan(50)
  expect(attempts.filter(({ missedChange }) => missedChange)).toEqual([])
  stop.abort()
})
