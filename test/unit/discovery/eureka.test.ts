// What is Eureka's own: changes and their hash, whole lists, several servers, virtual addresses, statuses, the quirks of its
// JSON. Over a fake of its wire, under virtual time.
import { afterEach, describe, expect, test } from 'vitest'
import { eureka } from '../../../discovery/eureka.ts'
import { Known } from '../../../discovery/eureka/known.ts'
import { viewOf } from '../../../discovery/eureka/view.ts'
import { parseRef } from '../../../src/model/discoverer.ts'
import { endpointsOf, type Endpoint } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { envelope, fakeEureka, hashOf, json, wire, type FakeEureka, type FakeServer, type Lease } from '../../support/fake-eureka.ts'
import { fakePlatform, START, type FakePlatform } from '../../support/fake-platform.ts'

const HOME = 'http://127.0.0.1:8761'
const LEASE_2 = 180_000

interface World {
  readonly platform: FakePlatform
  readonly registry: FakeEureka
  readonly server: FakeServer
  readonly reader: Reader
  readonly readers: readonly Reader[]
}

const running: Reader[] = []
/** Of each world, for watches that begin later. */
const discovererOf = new WeakMap<FakePlatform, ReturnType<typeof eureka.create>>()
afterEach(async () => {
  await Promise.all(running.splice(0).map((reader) => reader.stop()))
})

interface Setup {
  readonly leases?: readonly Lease[]
  readonly options?: object
  readonly refs?: readonly string[]
  readonly seed?: number
  readonly prepare?: (registry: FakeEureka, platform: FakePlatform) => void
}

const instance = (n: number, more: Partial<Lease> = {}): Lease => ({ id: `web-${n}`, ip: `10.0.0.${n}`, ...more })
const range = (count: number, from = 1): Lease[] => Array.from({ length: count }, (_, n) => instance(n + from))
const five = range(5)
const addresses = (...ns: readonly number[]): string => ns.map((n) => `10.0.0.${n}:8080`).join(' ')
const ready = `ready ${addresses(1, 2, 3, 4, 5)}`
const kept = (outcome: string): string => `stale ${outcome} ${addresses(1, 2, 3, 4, 5)}`

async function watch({ leases = five, options = {}, refs = ['main/web'], seed = 1, prepare = () => {} }: Setup = {}): Promise<World> {
  const platform = fakePlatform({ seed })
  const registry = fakeEureka(platform)
  const server = registry.at(HOME)
  server.put(leases)
  prepare(registry, platform)
  const discoverer = eureka.create('main', { every: '15s', ...options }, platform)
  discovererOf.set(platform, discoverer)
  const readers = refs.map((text) => {
    const ref = parseRef(text)
    if (ref === undefined) throw new Error(text)
    return read({ platform, ref }, discoverer)
  })
  running.push(...readers)
  await platform.advance(600)
  const [reader] = readers
  if (reader === undefined) throw new Error('no reference')
  return { platform, registry, server, reader, readers }
}

const endpoint = (reader: Reader, n: number): Endpoint | undefined => endpointsOf(reader.last())[n]
const statuses = (reader: Reader): string[] => endpointsOf(reader.last()).map(({ id, health, draining }) => `${id.replace(/^main\/WEB\//, '')} ${health}${draining ? ' draining' : ''}`)
const POLL = 16_600

// --- asking

describe('asking', () => {
  test('the whole list once, then its changes, as JSON', async () => {
    const { platform, registry } = await watch()
    expect(registry.asked()).toEqual(['127.0.0.1 /apps'])
    await platform.advance(60_000)
    const asked = registry.asked()
    expect(new Set(asked)).toEqual(new Set(['127.0.0.1 /apps/delta']))
    expect(asked.length).toBeGreaterThanOrEqual(3)
    expect(asked.length).toBeLessThanOrEqual(5)
    expect(registry.seen.every(({ headers }) => headers.get('accept') === 'application/json')).toBe(true)
  })

  test('a hundred services cost as much as one', async () => {
    const leases = Array.from({ length: 100 }, (_, n): Lease => ({ id: 'a', app: `S${n}`, ip: `10.0.1.${n}` }))
    const { platform, registry, readers } = await watch({ leases, refs: leases.map(({ app }) => `main/${app}`) })
    expect(readers.every((reader) => reader.last().kind === 'ready')).toBe(true)
    expect(registry.asked()).toEqual(['127.0.0.1 /apps'])
    await platform.advance(60_000)
    expect(registry.asked().length).toBeLessThanOrEqual(5)
  })

  test('a change is told to every service at once, whoever asked', async () => {
    const { platform, server, readers } = await watch({ leases: [instance(1), { id: 'x', app: 'OTHER', ip: '10.0.0.9' }], refs: ['main/web', 'main/other'] })
    server.put([instance(1), instance(2), { id: 'x', app: 'OTHER', ip: '10.0.0.8' }])
    await platform.advance(POLL)
    expect(readers.map((reader) => summary(reader.last()))).toEqual([`ready ${addresses(1, 2)}`, 'ready 10.0.0.8:8080'])
    expect(readers.map(({ times }) => times.at(-1))).toEqual([readers[0]?.times.at(-1), readers[0]?.times.at(-1)])
  })

  test('a service that is watched later is read at once, and one that nobody watches is forgotten', async () => {
    const platform = fakePlatform()
    const registry = fakeEureka(platform)
    registry.at(HOME).put([...five, { id: 'x', app: 'OTHER', ip: '10.0.0.9' }])
    const discoverer = eureka.create('main', {}, platform)
    const first = read({ platform, ref: { registry: 'main', name: 'web', options: {} } }, discoverer)
    await platform.advance(600)
    const second = read({ platform, ref: { registry: 'main', name: 'other', options: {} } }, discoverer)
    running.push(first, second)
    await platform.advance(600)
    expect(summary(second.last())).toBe('ready 10.0.0.9:8080')
    expect(registry.asked()).toEqual(['127.0.0.1 /apps', '127.0.0.1 /apps'])
    await first.stop()
    await platform.advance(30_000)
    expect(new Set(registry.asked())).toEqual(new Set(['127.0.0.1 /apps/delta']))
    await second.stop()
    await platform.advance(600_000)
    expect(registry.asked()).toEqual([])
  })

  test('a service that was not watched for a while is whole when it is watched again', async () => {
    const { platform, registry, server, reader } = await watch({ refs: ['main/web', 'main/other'], leases: [...five, { id: 'x', app: 'OTHER', ip: '10.0.0.9' }] })
    await reader.stop()
    server.put([...five.map((lease) => ({ ...lease, meta: { version: '2' } })), instance(6), { id: 'x', app: 'OTHER', ip: '10.0.0.9' }])
    await platform.advance(POLL)
    registry.asked()
    const again = read({ platform, ref: { registry: 'main', name: 'web', options: {} } }, discovererOf.get(platform) ?? eureka.create('main', {}, platform))
    running.push(again)
    await platform.advance(600)
    expect(again.sets.map(summary)).toEqual([`ready ${addresses(1, 2, 3, 4, 5, 6)}`])
    expect(registry.asked()).toEqual([])
  })

  test('a service that is watched once more is as old as the last answer of the server', async () => {
    const { platform, registry } = await watch()
    registry.asked()
    await platform.advance(10_000)
    const again = read({ platform, ref: { registry: 'main', name: 'WEB', options: {} } }, discovererOf.get(platform) ?? eureka.create('main', {}, platform))
    running.push(again)
    await platform.advance(600)
    expect(registry.asked()).toEqual([])
    expect(again.last()).toMatchObject({ kind: 'ready', at: START })
    expect(again.attempts).toMatchObject([{ at: START, believed: true }])
  })

  test('the question under way is stopped when nobody watches any service any more, and not before', async () => {
    const signals: (AbortSignal | null | undefined)[] = []
    const { platform, readers } = await watch({ refs: ['main/web', 'main/other'], prepare: (fake) => fake.answerWith((_, { signal }) => (signals.push(signal), new Promise(() => {}))) })
    const [web, other] = readers
    await web?.stop()
    await platform.settle()
    expect(signals.map((signal) => signal?.aborted)).toEqual([false])
    await other?.stop()
    await platform.settle()
    expect(signals.map((signal) => signal?.aborted)).toEqual([true])
  })

  test('a watch that begins in the moment in which the last one ended, and its question was stopped, gets its list', async () => {
    const platform = fakePlatform()
    const registry = fakeEureka(platform)
    registry.at(HOME).put(five)
    const discoverer = eureka.create('main', {}, platform)
    const ref = { registry: 'main', name: 'web', options: {} }
    const begun: Reader[] = []
    registry.answerWith((_, { signal }) => {
      registry.recover()
      signal?.addEventListener('abort', () => begun.push(read({ platform, ref }, discoverer)))
      return new Promise(() => {})
    })
    const first = read({ platform, ref }, discoverer)
    await platform.advance(50)
    await first.stop()
    await platform.advance(2000)
    running.push(...begun)
    expect(begun.map((reader) => reader.sets.map(summary))).toEqual([[ready]])
    expect(begun.map((reader) => reader.attempts.map(({ outcome }) => outcome))).toEqual([['ok-with-data']])
  })

  test('when nobody watched for a while, the next one has everything read', async () => {
    const { platform, registry, reader } = await watch()
    await reader.stop()
    await platform.advance(600_000)
    registry.asked()
    const again = read({ platform, ref: { registry: 'main', name: 'web', options: {} } }, discovererOf.get(platform) ?? eureka.create('main', {}, platform))
    running.push(again)
    await platform.advance(600)
    expect(again.sets.map(summary)).toEqual([ready])
    expect(registry.asked()).toEqual(['127.0.0.1 /apps'])
  })

  test('user and password go into a header, commas and all, and never into a message', async () => {
    const options = { address: 'http://ops:s3,cr%3At%20pä@127.0.0.1:8761/eureka/' }
    const { platform, registry, reader } = await watch({ options })
    const sent = registry.seen[0]?.headers.get('authorization') ?? ''
    expect(new TextDecoder().decode(Uint8Array.from(atob(sent.replace('Basic ', '')), (character) => character.charCodeAt(0)))).toBe('ops:s3,cr:t pä')
    expect(summary(reader.last())).toBe(ready)
    for (const answer of [() => new Response('no', { status: 401 }), () => new Response('x', { status: 500 }), () => new Promise<Response>(() => {}), () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }))]) {
      registry.answerWith(answer)
      await platform.advance(60_000)
    }
    const said = JSON.stringify([reader.attempts, reader.sets, platform.lines])
    expect(reader.attempts.filter(({ outcome }) => outcome === 'failed').length).toBeGreaterThan(3)
    expect(said).not.toMatch(/s3|cr:t|ops/)
  })
})

// --- changes

describe('changes', () => {
  test('an instance that is said to be gone is gone, by its id, although its last status was UP', async () => {
    const { platform, server, reader, registry } = await watch({ leases: [instance(1), instance(2, { ip: '10.0.0.2' }), instance(3)] })
    registry.asked()
    server.put([instance(1), instance(3)])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 3)}`)
    expect(registry.asked()).toEqual(['127.0.0.1 /apps/delta'])
  })

  test('and so it is when the word has the very times of its registration', async () => {
    const { platform, server, reader, registry } = await watch()
    registry.asked()
    server.become(five.filter(({ id }) => id !== 'web-2'))
    server.tell([{ ...wire(instance(2), String(START)), actionType: 'DELETED' }])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 3, 4, 5)}`)
    expect(registry.asked()).toEqual(['127.0.0.1 /apps/delta'])
  })

  test('the identity is the instanceId: two of one host and port are two', async () => {
    const twin: Lease = { id: 'twin', host: 'h1.internal', ip: '10.0.0.7' }
    const { platform, server, reader, registry } = await watch({ leases: [instance(1), twin] })
    server.put([instance(1, { status: 'DOWN' }), twin])
    await platform.advance(POLL)
    expect(statuses(reader)).toEqual(['twin passing', 'web-1 critical'])
    server.put([instance(1, { status: 'DOWN' })])
    await platform.advance(POLL)
    expect(statuses(reader)).toEqual(['web-1 critical'])
    expect(registry.asked().filter((path) => !path.endsWith('delta'))).toEqual(['127.0.0.1 /apps'])
  })

  test('a changed instance is changed in its place', async () => {
    const { platform, server, reader, registry } = await watch()
    server.put(five.map((lease, n) => (n === 2 ? { ...lease, meta: { weight: '5', version: '2' } } : lease)))
    await platform.advance(POLL)
    expect(endpointsOf(reader.last()).map(({ weight }) => weight)).toEqual([1, 1, 5, 1, 1])
    expect(registry.asked()).toEqual(['127.0.0.1 /apps', '127.0.0.1 /apps/delta'])
  })

  test('what is told again for three minutes changes nothing', async () => {
    const { platform, server, reader } = await watch()
    server.put(five.slice(1))
    await platform.advance(POLL)
    server.put(five.slice(1).map((lease) => (lease.id === 'web-2' ? { ...lease, status: 'DOWN' } : lease)))
    await platform.advance(LEASE_2)
    expect(statuses(reader)).toEqual(['web-2 critical', 'web-3 passing', 'web-4 passing', 'web-5 passing'])
    expect(reader.sets).toHaveLength(3)
  })

  test('an older change, out of a cache of another age, does not undo a newer one', async () => {
    const { platform, server, reader, registry } = await watch()
    registry.asked()
    server.put(five.map((lease) => (lease.id === 'web-2' ? { ...lease, status: 'OUT_OF_SERVICE' } : lease)))
    await platform.advance(POLL)
    server.tell([wire(instance(2), '1600000000000'), { ...wire(instance(3), '1600000000000'), actionType: 'DELETED' }])
    await platform.advance(POLL)
    expect(statuses(reader)).toEqual(['web-1 passing', 'web-2 maintenance draining', 'web-3 passing', 'web-4 passing', 'web-5 passing'])
    expect(new Set(registry.asked())).toEqual(new Set(['127.0.0.1 /apps/delta']))
  })

  test('a hash that does not fit has everything read anew', async () => {
    const { platform, server, reader, registry } = await watch()
    registry.asked()
    server.become([...five, instance(6)])
    await platform.advance(POLL)
    expect(registry.asked()).toEqual(['127.0.0.1 /apps/delta', '127.0.0.1 /apps'])
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4, 5, 6)}`)
    await platform.advance(POLL)
    expect(registry.asked()).toEqual(['127.0.0.1 /apps/delta'])
  })

  test('the hash counts every instance of the registry, whatever its status, watched or not', async () => {
    const others: Lease[] = ['UP', 'DOWN', 'STARTING', 'UNKNOWN', 'OUT_OF_SERVICE', 'DOWN'].map((status, n) => ({ id: `o${n}`, app: 'OTHER', ip: `10.1.0.${n}`, status }))
    const { platform, server, registry } = await watch({ leases: [...five, ...others] })
    registry.asked()
    server.put([...five, ...others.slice(1), { id: 'n', app: 'NEW', ip: '10.2.0.1', status: 'STARTING' }])
    await platform.advance(POLL * 3)
    expect(new Set(registry.asked())).toEqual(new Set(['127.0.0.1 /apps/delta']))
  })

  test('members that swapped places unseen have the same hash, and are found by the whole list each five minutes', async () => {
    const { platform, server, reader, registry } = await watch()
    registry.asked()
    server.become([...five.slice(0, 4), instance(9)])
    await platform.advance(220_000)
    expect(summary(reader.last())).toBe(ready)
    await platform.advance(160_000)
    expect(registry.asked().filter((path) => path === '127.0.0.1 /apps')).toHaveLength(1)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4, 9)}`)
    expect(reader.attempts.filter(({ missedChange }) => missedChange)).toHaveLength(1)
  })

  test('after two minutes without an answer the changes are not trusted: everything is read', async () => {
    const { platform, server, reader, registry } = await watch()
    registry.answerWith(() => new Response('x', { status: 503 }))
    await platform.advance(150_000)
    server.become([...five.slice(0, 4), instance(9)])
    registry.recover()
    registry.asked()
    await platform.advance(31_000)
    expect(registry.asked()[0]).toBe('127.0.0.1 /apps')
    // What a server lacks that was away is held, what it has more is used at once.
    expect(summary(reader.last())).toBe(`${kept('guarded')} 10.0.0.9:8080`)
    await platform.advance(LEASE_2 + 30_000)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4, 9)}`)
  })

  test.each([
    ['403', () => new Response(null, { status: 403 })],
    ['404', () => new Response(null, { status: 404 })],
    ['no JSON', () => new Response('{"applications":', { headers: { 'content-type': 'application/json' } })],
    ['a list longer than the whole', () => json({ padding: 'x'.repeat(33 * 2 ** 20) })],
    ['an unreadable change', () => json(envelope([null], hashOf(five.map((lease) => wire(lease)))))],
    ['no hash', () => json({ applications: { application: [] } })],
  ])('%s for changes: the whole list is read instead', async (_, answer) => {
    const { platform, server, reader, registry } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/apps/delta' ? answer() : undefined)) })
    server.put(five.slice(0, 4))
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4)}`)
    expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
    expect(registry.asked()).toContain('127.0.0.1 /apps')
  })

  test('where changes are refused they are not asked for at every turn', async () => {
    const { platform, registry } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/apps/delta' ? new Response(null, { status: 403 }) : undefined)) })
    await platform.advance(150_000)
    expect(registry.asked().filter((path) => path.endsWith('delta'))).toHaveLength(1)
  })

  test('changes that were refused once are asked for again after five minutes', async () => {
    const { platform, registry } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/apps/delta' ? new Response(null, { status: 403 }) : undefined)) })
    await platform.advance(POLL)
    registry.recover()
    await platform.advance(400_000)
    registry.asked()
    await platform.advance(60_000)
    expect(new Set(registry.asked())).toEqual(new Set(['127.0.0.1 /apps/delta']))
  })

  test('a whole list that does not have its own hash is used, and its changes are not', async () => {
    const list = (): Response => json(envelope(five.map((lease) => wire(lease)), 'UP_77_'))
    const { platform, reader, registry } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/apps' ? list() : undefined)) })
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(ready)
    expect(registry.asked()).toEqual(['127.0.0.1 /apps', '127.0.0.1 /apps'])
  })

  test('a service that left by its own word is gone at once, with every instance of it', async () => {
    const { platform, server, reader } = await watch()
    server.put([])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe('absent')
    expect(reader.sets).toHaveLength(2)
  })

  test('the same word counts when the hash had the whole list read', async () => {
    const { platform, server, reader } = await watch()
    server.put([])
    server.become([{ id: 'unseen', app: 'OTHER', ip: '10.5.0.1' }])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe('absent')
  })

  test('a word that was taken back does not count later', async () => {
    const { platform, server, reader } = await watch()
    server.put([])
    await platform.advance(POLL)
    server.put(five)
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(ready)
    server.become([])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(kept('guarded'))
  })

  test('nor when only a whole list showed that: it clears what changes left behind, and the old word that is still told is no news', async () => {
    const { platform, server, reader, registry } = await watch()
    server.put(five.slice(0, 4))
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4)}`)
    server.become(five)
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(ready)
    expect(registry.asked().at(-1)).toBe('127.0.0.1 /apps')
    server.become([])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(kept('guarded'))
  })

  test('what was said to be gone is forgotten after ten minutes, so that instances that come and go for ever take no memory', () => {
    const known = new Known()
    const view = viewOf({ rows: [], hash: '', unreadable: [] }, new Set(['app WEB']))
    known.takeView(view, { server: { base: HOME, authorization: undefined, near: false }, now: 0, periodic: false, away: false, told: ['WEB/a'] })
    const left = (now: number, ...deleted: string[]): string[] => {
      known.takeChanges({ apps: new Set(['WEB']), deleted, added: [] }, now)
      return [...(known.news({ by: 'app', name: 'WEB' }, now)?.left ?? [])]
    }
    expect(left(1000, 'WEB/b')).toEqual(['WEB/a', 'WEB/b'])
    expect(left(600_500, 'WEB/c')).toEqual(['WEB/b', 'WEB/c'])
  })

  test('what vanishes without a word is held for two leases', async () => {
    const { platform, server, reader } = await watch()
    server.become([])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(kept('guarded'))
    await platform.advance(LEASE_2 - POLL)
    expect(summary(reader.last())).toBe(kept('guarded'))
    await platform.advance(30_000)
    expect(summary(reader.last())).toBe('absent')
  })

  test('a registry that restarted empty fills up again by heartbeats, and no endpoint is lost meanwhile', async () => {
    const { platform, server, reader } = await watch()
    server.become([])
    await platform.advance(20_000)
    for (const count of [1, 2, 3, 4, 5]) {
      server.put(five.slice(0, count))
      await platform.advance(POLL)
    }
    expect(summary(reader.last())).toBe(ready)
    expect(reader.sets.every((set) => endpointsOf(set).length === 5)).toBe(true)
  })

  test.each([['is out of order', () => new Response('x', { status: 503 })], ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))]])('the only server %s for a moment and comes back with fewer: what it lacks is held however little, and is back with its heartbeat', async (_, answer) => {
    const { platform, registry, server, reader } = await watch()
    registry.answerWith(answer)
    await platform.advance(20_000)
    expect(summary(reader.last())).toBe(kept('failed'))
    server.become(five.slice(0, 4))
    registry.recover()
    await platform.advance(31_000)
    expect(summary(reader.last())).toBe(kept('guarded'))
    server.put(five)
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(ready)
    expect(reader.sets.every((set) => endpointsOf(set).length === 5)).toBe(true)
    // What it says to be gone is believed at once all the same, and after two leases so is what it does not say.
    server.put(five.slice(0, 4))
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4)}`)
    await platform.advance(LEASE_2)
    server.become(five.slice(0, 3))
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3)}`)
  })
})

// --- servers

describe('several servers', () => {
  const two = { address: ['http://e1:8761/eureka', 'http://e2:8761/eureka'] }
  const both = (registry: FakeEureka, leases: readonly Lease[]): void => {
    for (const name of ['e1', 'e2']) registry.at(`http://${name}:8761`).put(leases)
  }
  const dead = (name: string) => (registry: FakeEureka): void => registry.answerWith(({ origin }) => (origin === `http://${name}:8761` ? new Response('x', { status: 500 }) : undefined))

  test('one is used while it works, and chance says which', async () => {
    const used = new Set<string>()
    for (let seed = 1; seed < 12; seed++) {
      const { platform, registry } = await watch({ options: two, seed, prepare: (fake) => both(fake, five) })
      await platform.advance(60_000)
      const names = new Set(registry.asked().map((asked) => asked.split(' ')[0] ?? ''))
      expect(names.size).toBe(1)
      for (const name of names) used.add(name)
    }
    expect(used).toEqual(new Set(['e1', 'e2']))
  })

  test('those of the own zone come first', async () => {
    for (let seed = 1; seed < 8; seed++) {
      const options = { zone: 'b', address: { a: ['http://e1:8761/eureka', 'http://e3:8761/eureka'], b: 'http://e2:8761/eureka' } }
      const { registry } = await watch({ options, seed, prepare: (fake) => both(fake, five) })
      expect(registry.asked()).toEqual(['e2 /apps'])
    }
  })

  test('another one takes over in the same turn, with the whole list, and that is said', async () => {
    const { platform, registry, reader } = await watch({ options: two, prepare: (fake) => both(fake, five) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    const second = first === 'e1' ? 'e2' : 'e1'
    dead(first)(registry)
    await platform.advance(POLL)
    expect(registry.asked()).toEqual([`${first} /apps/delta`, `${second} /apps`])
    await platform.advance(POLL * 3)
    expect(new Set(registry.asked())).toEqual(new Set([`${second} /apps/delta`]))
    expect(reader.sets).toHaveLength(1)
    expect(platform.lines.at(-1)).toMatchObject({ level: 'warn', message: `main: going on with http://${second}:8761/eureka`, fields: { cause: expect.stringContaining('500') } })
  })

  test('a server that hangs costs four seconds, and nobody is told of trouble', async () => {
    const { platform, registry, reader } = await watch({ options: two, prepare: (fake) => both(fake, five) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    registry.answerWith(({ origin }) => (origin.includes(first) ? new Promise(() => {}) : undefined))
    registry.at(`http://${first === 'e1' ? 'e2' : 'e1'}:8761`).put([...five, instance(6)])
    await platform.advance(POLL + 4500)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4, 5, 6)}`)
    expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
  })

  test('what the next server lacks is held until it was confirmed for two leases; what it has more is used at once', async () => {
    const { platform, registry, reader } = await watch({ options: two, prepare: (fake) => both(fake, five) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    const other = registry.at(`http://${first === 'e1' ? 'e2' : 'e1'}:8761`)
    other.become([...five.slice(0, 4), instance(6)])
    dead(first)(registry)
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`stale guarded ${addresses(1, 2, 3, 4, 5, 6)}`)
    expect(endpointsOf(reader.last()).filter(({ held }) => held === true).map(({ id }) => id)).toEqual(['main/WEB/web-5'])
    await platform.advance(LEASE_2 - POLL)
    expect(endpointsOf(reader.last())).toHaveLength(6)
    await platform.advance(30_000)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4, 6)}`)
  })

  test('what the next server says to be gone is gone', async () => {
    const { platform, registry, reader } = await watch({ options: two, prepare: (fake) => both(fake, five) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    dead(first)(registry)
    await platform.advance(POLL)
    registry.at(`http://${first === 'e1' ? 'e2' : 'e1'}:8761`).put(five.slice(0, 4))
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4)}`)
  })

  test('an emptiness is confirmed by another server, and the one that knows more is used from then on', async () => {
    const { platform, registry, reader } = await watch({ options: two, prepare: (fake) => both(fake, five) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    const second = first === 'e1' ? 'e2' : 'e1'
    registry.at(`http://${first}:8761`).become([])
    await platform.advance(POLL + 2500)
    expect(summary(reader.last())).toBe(ready)
    expect(registry.asked().slice(-2)).toEqual([`${first} /apps`, `${second} /apps`])
    await platform.advance(POLL)
    expect(registry.asked()).toEqual([`${second} /apps/delta`])
    expect(platform.lines.at(-1)?.message).toBe(`main: going on with http://${second}:8761/eureka, which knows 5 instances; http://${first}:8761/eureka knows 0`)
    expect(reader.sets.every((set) => endpointsOf(set).length === 5)).toBe(true)
  })

  test('two servers that know different things are not asked in turn for ever, and take nothing away', async () => {
    const web = five.slice(0, 3)
    const shop = [1, 2, 3].map((n): Lease => ({ id: `s${n}`, app: 'SHOP', ip: `10.0.1.${n}` }))
    const { platform, registry, readers } = await watch({ options: two, refs: ['main/web', 'main/shop'], prepare: (fake) => both(fake, [...web, ...shop]) })
    registry.at('http://e1:8761').become(web)
    registry.at('http://e2:8761').become(shop)
    registry.asked()
    await platform.advance(120_000)
    expect(readers.map((reader) => endpointsOf(reader.last()).length)).toEqual([3, 3])
    expect(registry.asked().length).toBeLessThan(60)
  })

  test('two servers that each lack something lose what both lack, and nothing else; what was said to be gone does not come back', async () => {
    const shop = Array.from({ length: 9 }, (_, n): Lease => ({ id: `s${n}`, app: 'SHOP', ip: `10.0.1.${n}` }))
    const { platform, registry, reader } = await watch({ options: two, leases: [], prepare: (fake) => both(fake, [...range(7), ...shop]) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    const inUse = registry.at(`http://${first}:8761`)
    const other = registry.at(`http://${first === 'e1' ? 'e2' : 'e1'}:8761`)
    inUse.put([...range(6), ...shop])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 3, 4, 5, 6)}`)
    inUse.become([instance(4), instance(5), ...shop])
    other.become([instance(1), instance(2), instance(4), instance(7)])
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(`stale guarded ${addresses(1, 2, 3, 4, 5, 6)}`)
    await platform.advance(LEASE_2 + 30_000)
    expect(summary(reader.last())).toBe(`ready ${addresses(1, 2, 4, 5)}`)
    expect(platform.lines).toEqual([])
  })

  test('other servers that hang do not keep a suspicion from being confirmed', async () => {
    const options = { address: ['e1', 'e2', 'e3', 'e4'].map((name) => `http://${name}:8761/eureka`) }
    const { platform, registry, reader } = await watch({ options, leases: [], prepare: (fake) => ['e1', 'e2', 'e3', 'e4'].forEach((name) => fake.at(`http://${name}:8761`).put(five)) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    registry.answerWith(({ origin }) => (origin.includes(first) ? undefined : new Promise(() => {})))
    registry.at(`http://${first}:8761`).become([])
    await platform.advance(POLL + LEASE_2)
    expect(summary(reader.last())).toBe(kept('guarded'))
    await platform.advance(40_000)
    expect(summary(reader.last())).toBe('absent')
    expect(new Set(registry.seen.map(({ origin }) => origin)).size).toBe(4)
  })

  test('everything that is suspicious is confirmed by one list', async () => {
    const leases = Array.from({ length: 50 }, (_, n): Lease => ({ id: 'a', app: `S${n}`, ip: `10.0.1.${n}` }))
    const { platform, registry, server, readers } = await watch({ leases, refs: leases.map(({ app }) => `main/${app}`) })
    server.become([])
    await platform.advance(POLL)
    registry.asked()
    await platform.advance(60_000)
    expect(readers.every((reader) => summary(reader.last()).startsWith('stale guarded'))).toBe(true)
    expect(registry.asked().filter((path) => path.endsWith('/apps')).length).toBeLessThan(16)
  })

  test('the own zone is gone back to at a whole list, when its server had five minutes', async () => {
    const options = { zone: 'b', address: { a: 'http://e1:8761/eureka', b: 'http://e2:8761/eureka' } }
    const { platform, registry, reader } = await watch({ options, prepare: (fake) => both(fake, five) })
    dead('e2')(registry)
    await platform.advance(POLL)
    registry.recover()
    registry.asked()
    await platform.advance(240_000)
    expect(new Set(registry.asked().map((asked) => asked.split(' ')[0]))).toEqual(new Set(['e1']))
    await platform.advance(600_000)
    expect(registry.asked().at(-1)).toBe('e2 /apps/delta')
    expect(reader.sets).toHaveLength(1)
  })

  test('also where changes are refused and each turn reads a whole list', async () => {
    const options = { zone: 'b', address: { a: 'http://e1:8761/eureka', b: 'http://e2:8761/eureka' } }
    const { platform, registry } = await watch({ options, prepare: (fake) => both(fake, five) })
    dead('e2')(registry)
    await platform.advance(POLL)
    registry.answerWith(({ path }) => (path === '/apps/delta' ? new Response(null, { status: 403 }) : undefined))
    await platform.advance(720_000)
    registry.asked()
    await platform.advance(60_000)
    expect(new Set(registry.asked())).toEqual(new Set(['e2 /apps']))
  })

  test('a fresh server that answers 403 and then a short list takes nothing away', async () => {
    const { platform, registry, reader } = await watch({ options: two, prepare: (fake) => both(fake, five) })
    const [first = ''] = registry.asked()[0]?.split(' ') ?? []
    const second = first === 'e1' ? 'e2' : 'e1'
    registry.answerWith(({ origin }) => (origin.includes(first) ? new Response('x', { status: 500 }) : new Response(null, { status: 403 })))
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(kept('failed'))
    expect(reader.attempts.at(-1)?.message).toMatch(/403 without a word: the server has just started/)
    registry.at(`http://${second}:8761`).become([instance(1)])
    dead(first)(registry)
    await platform.advance(31_000)
    expect(summary(reader.last())).toBe(kept('guarded'))
    registry.at(`http://${second}:8761`).put(five)
    await platform.advance(POLL)
    expect(summary(reader.last())).toBe(ready)
  })

  test('when none answers every one is named', async () => {
    const { reader } = await watch({ options: two, prepare: (fake) => fake.answerWith(({ origin }) => (origin.includes('e1') ? new Response('Rate limit', { status: 503 }) : new Response('no', { status: 401 }))) })
    expect(summary(reader.last())).toBe('pending denied')
    expect(reader.attempts[0]?.message).toContain('http://e1:8761/eureka: 503 Rate limit')
    expect(reader.attempts[0]?.message).toContain('http://e2:8761/eureka: 401; the server wants a user and a password')
  })

  test('Retry-After is respected, and the outage of one registry is one question each few seconds, not one for each service', async () => {
    const leases = Array.from({ length: 40 }, (_, n): Lease => ({ id: 'a', app: `S${n}`, ip: `10.0.1.${n}` }))
    const { platform, registry } = await watch({ leases, refs: leases.map(({ app }) => `main/${app}`) })
    registry.answerWith(() => new Response('x', { status: 503, headers: { 'retry-after': '60' } }))
    await platform.advance(POLL)
    registry.asked()
    await platform.advance(55_000)
    expect(registry.asked()).toEqual([])
    registry.answerWith(() => new Response('x', { status: 503 }))
    await platform.advance(10_000)
    registry.asked()
    await platform.advance(120_000)
    expect(registry.asked().length).toBeLessThan(40)
  })
})

// --- trouble

test.each([
  ['401', () => new Response('', { status: 401 }), 'denied', /401; the server wants a user and a password, which belong in the address/],
  ['403 with a word', () => new Response('Forbidden', { status: 403 }), 'denied', /403 Forbidden; check user and password/],
  ['403 without a word, as in the first minutes of a server', () => new Response(null, { status: 403 }), 'failed', /has just started and gives no list yet/],
  ['403 without a word, in the page that Spring makes of it', () => new Response('{"timestamp":"2026-11-27T07:55:59.508+00:00","status":403,"error":"Forbidden","path":"/eureka/apps"}', { status: 403 }), 'failed', /has just started and gives no list yet/],
  ['403 with a word in that page', () => new Response('{"timestamp":"2026-11-27T07:55:59.508+00:00","status":403,"error":"Forbidden","message":"not for you","path":"/eureka/apps"}', { status: 403 }), 'denied', /not for you.*check user and password/],
  ['404', () => new Response('', { status: 404 }), 'failed', /the address must be the base of the API/],
  ['500', () => new Response('boom', { status: 500 }), 'failed', /8761\/eureka: 500 boom/],
  ['503', () => new Response('', { status: 503 }), 'failed', /503/],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://elsewhere/' } }), 'failed', /302/],
  ['XML', () => new Response('<applications><versions__delta>1</versions__delta></applications>', { headers: { 'content-type': 'application/xml' } }), 'failed', /is XML although JSON was asked for/],
  ['the page of a dashboard', () => new Response('<!doctype html><html>', { headers: { 'content-type': 'text/html' } }), 'failed', /a page of HTML; the address must be the base/],
  ['half an answer', () => new Response('{"applications":{"application":[', { headers: { 'content-type': 'application/json' } }), 'failed', /no whole JSON/],
  ['nothing', () => new Response(null), 'failed', /the answer is empty/],
  ['something else', () => json({ services: [] }), 'failed', /no "applications"; is this a Eureka server/],
  ['a list', () => json([]), 'failed', /no "applications"/],
  ['no answer', () => new Promise<Response>(() => {}), 'failed', /8761: no answer within 9 s/],
] as const)('%s keeps what is known and says why', async (_, answer, outcome, message) => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(answer as () => Response)
  await platform.advance(45_000)
  expect(summary(reader.last())).toBe(kept(outcome))
  expect(reader.attempts.at(-1)?.message).toMatch(message)
  registry.recover()
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe(ready)
})

test('a server that comes back after an outage, with the same instances, changes no endpoint', async () => {
  const { platform, registry, reader } = await watch()
  const before = endpointsOf(reader.last())
  registry.answerWith(() => new Response('x', { status: 500 }))
  await platform.advance(600_000)
  registry.recover()
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe(ready)
  expect(endpointsOf(reader.last())).toBe(before)
})

test('in self-preservation nothing leaves, and that is no trouble: who is dead is for the gateway itself to find', async () => {
  const { platform, reader } = await watch({ leases: five.map((lease) => ({ ...lease, raw: { leaseInfo: { renewalIntervalInSecs: 5, durationInSecs: 15, lastRenewalTimestamp: 1, evictionTimestamp: 0 } } })) })
  await platform.advance(3_600_000)
  expect(summary(reader.last())).toBe(ready)
  expect(reader.sets).toHaveLength(1)
})

// --- instances

test('only UP may get requests; OUT_OF_SERVICE drains', async () => {
  const leases = ['UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN', 'SOMETHING', ''].map((status, n) => instance(n + 1, { status }))
  const { reader } = await watch({ leases })
  expect(statuses(reader)).toEqual(['web-1 passing', 'web-2 critical', 'web-3 critical', 'web-4 maintenance draining', 'web-5 critical', 'web-6 critical', 'web-7 critical'])
})

describe('references', () => {
  const leases: Lease[] = [
    { id: 'a', app: 'BILLING', ip: '10.0.0.1', vip: 'billing,money.example', svip: 'safe', secureEnabled: true, securePort: 8443 },
    { id: 'b', app: 'BILLING', ip: '10.0.0.2', vip: 'billing' },
    { id: 'a', app: 'INVOICES', ip: '10.0.0.3', vip: ' Money.Example ' },
  ]
  test.each([
    ['main/BILLING', 'ready 10.0.0.1:8080 10.0.0.2:8080'],
    ['main/billing', 'ready 10.0.0.1:8080 10.0.0.2:8080'],
    ['main/billing?by=vip', 'ready 10.0.0.1:8080 10.0.0.2:8080'],
    ['main/money.example?by=vip', 'ready 10.0.0.1:8080 10.0.0.3:8080'],
    ['main/safe?by=svip', 'ready 10.0.0.1:8443'],
    ['main/safe?by=svip&secure=false', 'ready 10.0.0.1:8080'],
    ['main/BILLING?secure=true', 'ready 10.0.0.1:8443'],
    ['main/none?by=vip', 'absent'],
    ['main/BILLING?by=host', 'pending failed'],
  ])('%s', async (ref, wanted) => {
    const { reader } = await watch({ leases, refs: [ref] })
    expect(summary(reader.last())).toBe(wanted)
  })

  test('an instance that changes its virtual address moves', async () => {
    const { platform, server, readers } = await watch({ leases: five, refs: ['main/old?by=vip', 'main/web?by=vip'] })
    server.put(five.map((lease) => (lease.id === 'web-1' ? { ...lease, vip: 'old' } : lease)))
    await platform.advance(POLL)
    expect(readers.map((reader) => summary(reader.last()))).toEqual([`ready ${addresses(1)}`, `ready ${addresses(2, 3, 4, 5)}`])
  })

  test('an unknown way to ask is said', async () => {
    const { reader } = await watch({ refs: ['main/web?by=host'] })
    expect(reader.attempts[0]?.message).toBe('by=host is not known; write app, vip or svip')
  })
})

test('address, port, zone, weight and tags', async () => {
  const leases: Lease[] = [
    instance(1, { meta: { '@class': 'x', weight: '4', zone: 'z-a', tags: 'v2, canary,', 'management.port': '8081' } }),
    instance(2, { port: '9090', raw: { dataCenterInfo: { name: 'Amazon', metadata: { 'availability-zone': 'us-east-1c', 'instance-id': 'i-1' } } } }),
    instance(3, { meta: { weight: 'heavy' } }),
  ]
  const { reader } = await watch({ leases })
  expect(endpoint(reader, 0)).toMatchObject({ id: 'main/WEB/web-1', host: '10.0.0.1', port: 8080, weight: 4, zone: 'z-a', tags: ['v2', 'canary'] })
  expect(Object.keys(endpoint(reader, 0)?.meta ?? {})).not.toContain('@class')
  expect(endpoint(reader, 1)).toMatchObject({ port: 9090, zone: 'us-east-1c' })
  expect(endpoint(reader, 2)).toMatchObject({ weight: 1 })
  expect(reader.attempts[0]?.rejected).toEqual([{ id: 'WEB/web-3', reason: expect.stringContaining('its weight "heavy" is not a number') }])
})

test('host names where they are wanted, and the address where there is none', async () => {
  const { reader } = await watch({ leases: [instance(1, { host: 'one.internal' }), instance(2, { host: '' })], options: { host: 'name' } })
  expect(endpointsOf(reader.last()).map(({ host }) => host)).toEqual(['one.internal', '10.0.0.2'])
})

test('ports that are not enabled are not used', async () => {
  const leases = [instance(1), instance(2, { portEnabled: false, secureEnabled: true, securePort: 8443 }), instance(3, { secureEnabled: true, securePort: 9443 })]
  const plain = await watch({ leases })
  expect(summary(plain.reader.last())).toBe(`ready ${addresses(1, 3)}`)
  expect(plain.reader.attempts[0]?.rejected).toEqual([{ id: 'WEB/web-2', reason: 'its port is not enabled; its secure port is, which secure: true or ?secure=true uses' }])
  const secure = await watch({ leases, options: { secure: true } })
  expect(summary(secure.reader.last())).toBe('ready 10.0.0.2:8443 10.0.0.3:9443')
})

test('one that is said to be gone leaves at once where only entries are left that were always refused', async () => {
  const refused = instance(2, { portEnabled: false, secureEnabled: true })
  const { platform, server, reader } = await watch({ leases: [instance(1), refused] })
  expect(summary(reader.last())).toBe(`ready ${addresses(1)}`)
  server.put([refused])
  await platform.advance(POLL)
  expect(summary(reader.last())).toBe('ready')
  expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'ok-empty', believed: true, rejected: [{ id: 'WEB/web-2' }] })
  server.put([refused, instance(3)])
  await platform.advance(POLL)
  expect(summary(reader.last())).toBe(`ready ${addresses(3)}`)
})

test('where every entry is refused from the start nothing is known, and the reason is said', async () => {
  const { reader } = await watch({ leases: [instance(2, { portEnabled: false })] })
  expect(summary(reader.last())).toBe('pending failed')
  expect(reader.attempts.at(-1)?.message).toBe('every entry was refused; WEB/web-2 its port is not enabled')
})

test.each([
  ['lists of one as objects', { name: 'WEB', instance: wire(instance(1)) }, `ready ${addresses(1)}`],
  ['an application without instances', [{ name: 'WEB', instance: wire(instance(1)) }, { name: 'X', instance: null }, { name: 'Y' }, null], `ready ${addresses(1)}`],
  ['null for none', null, 'absent'],
  ['the name of the application only beside its instances', { name: 'web', instance: [{ ...wire(instance(1)), app: undefined }] }, `ready ${addresses(1)}`],
  ['old clients without an id', { name: 'WEB', instance: [{ ...wire(instance(1)), instanceId: undefined }] }, `ready ${addresses(1)}`],
  ['ports as numbers', { name: 'WEB', instance: [{ ...wire(instance(1)), port: 8080 }] }, `ready ${addresses(1)}`],
  ['flags that are no text', { name: 'WEB', instance: [{ ...wire(instance(1)), port: { $: '8080', '@enabled': true } }] }, `ready ${addresses(1)}`],
  ['no metadata', { name: 'WEB', instance: [{ ...wire(instance(1)), metadata: null }] }, `ready ${addresses(1)}`],
])('%s', async (_, application, wanted) => {
  const answer = { applications: { versions__delta: 1, apps__hashcode: application === null ? '' : 'UP_1_', application } }
  const { reader } = await watch({ prepare: (fake) => fake.answerWith(() => json(answer)) })
  expect(summary(reader.last())).toBe(wanted)
})

test('entries that are no instances are refused alone, each with its place', async () => {
  const rows = [wire(instance(1)), null, 7, { status: 'UP' }, { ...wire(instance(2)), port: { $: 99_999, '@enabled': 'true' } }, { ...wire(instance(3)), ipAddr: '169.254.169.254' }, wire(instance(1))]
  const { reader } = await watch({ prepare: (fake) => fake.answerWith(() => json(envelope(rows, 'x'))) })
  expect(summary(reader.last())).toBe(`ready ${addresses(1)}`)
  expect(reader.attempts[0]?.rejected.map(({ id }) => id)).toEqual(['WEB/#1', 'WEB/#2', 'WEB/#3', 'WEB/web-2', 'WEB/web-3'])
})

test('a storm of 5000 instances that change at once is one set', async () => {
  const many = (version: string): Lease[] => Array.from({ length: 5000 }, (_, n): Lease => ({ id: `w${n}`, ip: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, meta: { version } }))
  const { platform, server, reader } = await watch({ leases: many('1') })
  server.put(many('2'))
  await platform.advance(POLL)
  expect(reader.sets.map((set) => new Set(endpointsOf(set).map(({ meta }) => meta['version'])))).toEqual([new Set(['1']), new Set(['2'])])
})

test.each([
  ['no URL', { address: 'e1:8761' }],
  ['a password that breaks the URL', { address: 'http://u:p/w@e1:8761/eureka' }],
  ['another scheme', { address: 'ftp://e1/' }],
  ['no zone', { address: {} }],
  ['an announcement without a name', { announce: {} }],
  ['an unknown option', { adress: 'http://e1:8761/eureka' }],
])('%s is refused', (_, options) => {
  expect(eureka.schema.safeParse(options).success).toBe(false)
})
