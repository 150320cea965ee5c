// The catalogue of Consul under virtual time: one blocking query, whole lists, and the five outcomes kept apart.
import { afterEach, expect, test } from 'vitest'
import { consul } from '../../../discovery/consul.ts'
import type { CatalogService, CatalogSet } from '../../../src/model/catalog.ts'
import type { Attempt } from '../../../src/model/discoverer.ts'
import { fakeConsul, json, plain } from '../../support/fake-consul.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const open: AbortController[] = []
afterEach(() => {
  for (const stop of open.splice(0)) stop.abort()
})

function watch(options: { readonly registry?: object; readonly last?: readonly CatalogService[] } = {}) {
  const platform = fakePlatform()
  const registry = fakeConsul(platform)
  const stop = new AbortController()
  open.push(stop)
  const sets: CatalogSet[] = []
  const attempts: Attempt[] = []
  const catalog = consul.catalog?.('consul', { ...options.registry }, platform)
  const start = async (): Promise<void> => {
    for await (const set of catalog?.watch(stop.signal, { wanted: (labels) => labels.some((label) => label.startsWith('route=')), observe: (attempt) => attempts.push(attempt), ...(options.last === undefined ? {} : { last: options.last }) }) ?? []) sets.push(set)
  }
  const text = (): string => {
    const set = sets.at(-1)
    if (set === undefined) return 'nothing'
    const cause = set.kind === 'ready' ? '' : ` ${set.cause?.outcome ?? ''}`
    return `${set.kind}${cause}${set.kind === 'pending' ? '' : ` ${set.services.map(({ ref }) => ref).join(',')}`}`
  }
  return { platform, registry, stop, sets, attempts, start, text }
}

const some = (count: number): Record<string, string[]> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, ['route=x']]))

test('lists services with wanted labels, and follows changes by blocking queries', async () => {
  const { platform, registry, start, text, sets } = watch()
  registry.putCatalog({ consul: [], words: ['route=a', 'v1'], 'not routed': ['v1'] })
  void start()
  await platform.settle()
  expect(text()).toBe('ready consul/words')
  expect(sets[0]).toMatchObject({ services: [{ ref: 'consul/words', name: 'words', labels: ['route=a', 'v1'] }] })
  await platform.advance(2000)
  expect(registry.seen.at(-1)?.query.get('index')).toBe('101')
  registry.putCatalog({ consul: [], words: ['route=a'], more: ['route=b'] })
  await platform.advance(1000)
  expect(text()).toBe('ready consul/more,consul/words')
})

test('costs one question for each 45 s while nothing happens, and says nothing', async () => {
  const { platform, registry, start, sets } = watch()
  registry.putCatalog(some(3))
  void start()
  await platform.advance(600_000)
  expect(sets).toHaveLength(1)
  expect(registry.seen.length).toBeLessThan(20)
})

test.each([
  ['failed', () => plain(500, 'No cluster leader', { 'x-consul-index': '1' })],
  ['failed', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
  ['failed', () => json([])],
  ['denied', () => plain(403, 'ACL not found')],
  ['denied', () => json({}, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' })],
  ['denied', () => json({}, { 'x-consul-default-acl-policy': 'deny', 'x-consul-index': '900' })],
  ['denied', () => json({ s0: ['route=x'] }, { 'x-consul-results-filtered-by-acls': 'true', 'x-consul-index': '900' })],
] as const)('%s answers keep the services, and it recovers by itself', async (outcome, answer) => {
  const { platform, registry, start, text } = watch()
  registry.putCatalog(some(2))
  void start()
  await platform.advance(1000)
  registry.answerWith(answer)
  await platform.advance(120_000)
  expect(text()).toBe(`stale ${outcome} consul/s0,consul/s1`)
  registry.recover()
  await platform.advance(60_000)
  expect(text()).toBe('ready consul/s0,consul/s1')
})

test('what is known from before stands until the registry answers', async () => {
  const { platform, registry, start, text } = watch({ last: [{ ref: 'consul/old', name: 'old', labels: [] }] })
  registry.answerWith(() => plain(500, 'rpc error'))
  void start()
  await platform.advance(1000)
  expect(text()).toBe('stale failed consul/old')
})

test('a sudden emptiness and a large shrink are held until confirmed over 30 s, by the leader', async () => {
  const { platform, registry, start, text } = watch()
  registry.putCatalog(some(8))
  void start()
  await platform.advance(2000)
  registry.putCatalog({ consul: [], s0: ['route=x'] })
  await platform.advance(1000)
  expect(text()).toBe('stale guarded consul/s0,consul/s1,consul/s2,consul/s3,consul/s4,consul/s5,consul/s6,consul/s7')
  await platform.advance(20_000)
  expect(text()).toMatch(/^stale guarded/)
  expect(registry.seen.some(({ query }) => !query.has('stale'))).toBe(true)
  await platform.advance(30_000)
  expect(text()).toBe('ready consul/s0')
})

test('one service that leaves among several is believed at once', async () => {
  const { platform, registry, start, text } = watch()
  registry.putCatalog(some(3))
  void start()
  await platform.advance(2000)
  registry.putCatalog(some(2))
  await platform.advance(1000)
  expect(text()).toBe('ready consul/s0,consul/s1')
})

test('an index that goes back starts over', async () => {
  const { platform, registry, start, text } = watch()
  registry.putCatalog(some(1))
  void start()
  await platform.advance(2000)
  registry.answerWith(({ query }) => json({ s0: ['route=x'], s9: ['route=y'] }, { 'x-consul-index': query.has('index') ? '5' : '6' }))
  await platform.advance(50_000)
  expect(text()).toBe('ready consul/s0,consul/s9')
})

test('a registry that does not answer is late, and nothing is left when the watch ends', async () => {
  const { platform, registry, start, text, stop } = watch()
  registry.answerWith(() => new Promise(() => {}))
  const running = start()
  await platform.advance(15_000)
  expect(text()).toBe('pending failed')
  stop.abort()
  await running
})

test('allowEmpty believes an emptiness at once', async () => {
  const { platform, registry, start, text } = watch({ registry: { allowEmpty: true } })
  registry.putCatalog(some(8))
  void start()
  await platform.advance(2000)
  registry.putCatalog({ consul: [] })
  await platform.advance(1000)
  expect(text()).toBe('ready ')
})
