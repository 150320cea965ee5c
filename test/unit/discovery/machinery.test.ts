// The small parts that every adapter stands on: bounds, waits, differences, addresses.
import { getEventListeners } from 'node:events'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAddresses } from '../../../discovery/addresses.ts'
import { admit } from '../../../discovery/admit.ts'
import { backoff } from '../../../discovery/backoff.ts'
import { withDeadline } from '../../../discovery/deadline.ts'
import { createDiscoverer } from '../../../discovery/discoverer.ts'
import { suspect as suspectOf, withHeld, type Suspicion } from '../../../discovery/guard.ts'
import { readHost } from '../../../discovery/host.ts'
import { createLatest } from '../../../discovery/latest.ts'
import { createPace } from '../../../discovery/pace.ts'
import type { Ask, Reading, Source } from '../../../discovery/reading.ts'
import { reconcile } from '../../../discovery/reconcile.ts'
import { createSlots } from '../../../discovery/slots.ts'
import { printable } from '../../../discovery/text.ts'
import type { Endpoint, EndpointHealth } from '../../../src/model/endpoint.ts'
import { lifeWithin } from '../../../src/model/life.ts'
import { read, summary } from '../../suites/discoverer.ts'
import { fakePlatform, START } from '../../support/fake-platform.ts'
import { listed, polled, ref, trust } from '../../support/scripted-source.ts'

const endpoint = (n: number, more: Partial<Endpoint> = {}): Endpoint => ({
  id: `r/${n}`,
  host: `10.0.0.${n}`,
  port: 80,
  weight: 1,
  tags: [],
  meta: {},
  health: 'passing',
  draining: false,
  origin: 'r',
  learnedAt: 1,
  ...more,
})
const range = (count: number, from = 1): Endpoint[] => Array.from({ length: count }, (_, index) => endpoint(from + index))

// --- guard

const nobody: ReadonlySet<string> = new Set()

const suspect = (accepted: readonly Endpoint[], endpoints: readonly Endpoint[], presumed: ReadonlySet<string>, holding: boolean): Suspicion | undefined =>
  suspectOf({ accepted, lately: [], hasLeft: () => false, isHeld: () => holding, window: 30_000 }, { endpoints, presumed }, 0).suspicion

test.each<readonly [string, readonly Endpoint[], readonly Endpoint[], readonly number[]]>([
  ['nothing changes', range(5), range(5), []],
  ['one of one vanishes', range(1), [], [1]],
  ['all vanish', range(5), [], [1, 2, 3, 4, 5]],
  ['half vanish', range(6), range(3), []],
  ['more than half vanish', range(5), range(2), [3, 4, 5]],
  ['more than half, but fewer than three', range(3), range(1), []],
  ['all are replaced by as many', range(5), range(5, 11), []],
  ['all are replaced by few', range(5), range(2, 11), [1, 2, 3, 4, 5]],
  ['the same addresses under other ids', range(5), range(5).map((each) => ({ ...each, id: `new/${each.id}` })), []],
  ['the draining ones vanish', range(5).map((each) => ({ ...each, draining: true })), [], []],
  ['the critical ones vanish', range(5).map((each) => ({ ...each, health: 'critical' as const })), [], []],
  ['all are said to be critical', range(5), range(5).map((each) => ({ ...each, health: 'critical' as const })), []],
  ['some are said to be critical, the rest vanishes', range(5), [endpoint(1, { health: 'critical' }), endpoint(2, { health: 'maintenance' })], [3, 4, 5]],
])('guard: %s', (_, before, next, lost) => {
  expect((suspect(before, next, nobody, false)?.lost ?? []).map(({ id }) => Number(id.slice(2)))).toEqual(lost)
})

test('guard: a presumed critical is a loss, and every loss counts while one is being confirmed', () => {
  const critical = range(3).map((each) => ({ ...each, health: 'critical' as const }))
  expect(suspect(range(3), critical, new Set(['r/1', 'r/2', 'r/3']), false)?.lost).toHaveLength(3)
  expect(suspect(range(5), range(4), nobody, false)).toBeUndefined()
  expect(suspect(range(5), range(4), nobody, true)?.lost).toEqual([endpoint(5)])
})

test('guard: never holds what was not there, never loses what is held, whatever the sets', () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 30 })).map((ids) => ids.sort((a, b) => a - b).map((id) => endpoint(id)))
  fc.assert(
    fc.property(some, some, fc.boolean(), (before, next, holding) => {
      const lost = suspect(before, next, nobody, holding)?.lost ?? []
      const used = withHeld(next, lost)
      expect(lost.every((each) => before.includes(each) && !next.some(({ id }) => id === each.id))).toBe(true)
      expect(used.length).toBe(next.length + lost.length)
      if (before.length > 0) expect(used.length).toBeGreaterThan(0)
    }),
  )
})

// --- differences

test('reconcile: the same content is the same object, down to the list', () => {
  const before = range(3)
  const again = range(3).map((each) => ({ ...each, learnedAt: 99 }))
  expect(reconcile(before, again)).toBe(before)
  expect(reconcile(before, again.slice(1))).toEqual(before.slice(1))
  const changes: Partial<Endpoint>[] = [{ weight: 2 }, { zone: 'z' }, { tags: ['a'] }, { meta: { a: 'b' } }, { health: 'warning' }, { draining: true }, { held: true }]
  for (const change of changes) expect(reconcile(before, [{ ...endpoint(1), ...change, learnedAt: 99 }])[0]).toEqual({ ...endpoint(1), ...change })
  expect(reconcile(before, [endpoint(1, { port: 81, learnedAt: 99 })])[0]?.learnedAt).toBe(99)
})

// --- entries

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::1', '::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['words.internal.', 'words.internal.'],
  ['under_score', 'under_score'],
  ['a1.b2', 'a1.b2'],
  ['Web1', 'web1'],
  ['Words.Internal.', 'words.internal.'],
  ['2001:DB8:0::1', '2001:db8::1'],
  ['[2001:0db8::0001]', '2001:db8::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['0:0:0:0:0:FFFF:a00:1', '10.0.0.1'],
  ['::1.2.3.4', '::102:304'],
])('host %j is fine', (text, host) => {
  expect(readHost(text, false)).toEqual({ host })
})

test.each([
  '', null, 42, 'a b', 'a\nb', '-a', 'a..b', 'a/b', 'user@a', 'a:80', '[::1', '1.2.3', '01.2.3.4', '0x7f.1', '2852039166', 'a.0xff', '1.2.3.4.', '256.1.1.1',
  '0.0.0.0', '255.255.255.255', '224.0.0.1', '169.254.169.254', '::', 'fe80::1', 'ff02::1', '::ffff:169.254.169.254', 'fd00:ec2::254', 'metadata.google.internal', 'METADATA.google.internal.', 'x'.repeat(300),
])('host %j is refused', (text) => {
  expect(readHost(text, false)).toHaveProperty('reason')
})

test('link-local addresses may be permitted', () => {
  expect(readHost('169.254.1.1', true)).toEqual({ host: '169.254.1.1' })
})

test('admit: tags, metadata, zones and weights that are no good are left out alone, and said', () => {
  const instance = { id: 'a', host: '10.0.0.1', port: 80, health: 'passing' as const, zone: 7, weight: 'heavy', tags: ['ok', 'a\nb', 7, 'x'.repeat(2049)], meta: { ok: 'yes', rule: 'x'.repeat(2048), bad: 7, line: 'a\rb', long: 'x'.repeat(2049) } }
  const { endpoints, rejected } = admit([instance], { registry: 'r', allowLinkLocal: false, at: 1 })
  expect(endpoints).toMatchObject([{ id: 'r/a', weight: 1, tags: ['ok'], draining: false, learnedAt: 1 }])
  expect({ ...endpoints[0]?.meta }).toEqual({ ok: 'yes', rule: 'x'.repeat(2048) })
  expect(rejected).toHaveLength(4)
  expect(endpoints[0]).not.toHaveProperty('zone')
})

test.each([0, -1, 65_536, 1.5, '80', null, undefined, Number.NaN])('admit: port %j is refused', (port) => {
  expect(admit([{ id: 'a', host: 'h', port, health: 'passing' }], { registry: 'r', allowLinkLocal: false, at: 1 }).endpoints).toEqual([])
})

test('admit: an id comes once', () => {
  const twice = ['10.0.0.1', '10.0.0.2'].map((host) => ({ id: 'a', host, port: 80, health: 'passing' as const }))
  expect(admit(twice, { registry: 'r', allowLinkLocal: false, at: 1 })).toMatchObject({ endpoints: [{ host: '10.0.0.1' }], rejected: [{ id: 'a', reason: 'has the id of another entry' }] })
})

test.each([['2001:DB8::1', '2001:db8:0::1'], ['::ffff:10.0.0.1', '10.0.0.1'], ['Web1', 'web1']])('admit: %s and %s are one server', (one, other) => {
  const { endpoints } = admit([one, other].map((host, i) => ({ id: String(i), host, port: 80, health: 'passing', tags: [`v${i}`] })), { registry: 'r', allowLinkLocal: false, at: 1 })
  expect(endpoints).toMatchObject([{ id: 'r/0', tags: ['v0', 'v1'] }])
})

test('admit: of two entries of one address the one that drains and serves counts before one that fails, and after one that stays', () => {
  const of = (...all: { health: EndpointHealth; draining?: boolean }[]): unknown =>
    admit(all.map((fields, i) => ({ id: String(i), host: 'h', port: 80, ...fields })), { registry: 'r', allowLinkLocal: false, at: 1 }).endpoints.map(({ id }) => id)
  expect(of({ health: 'critical' }, { health: 'passing', draining: true })).toEqual(['r/1'])
  expect(of({ health: 'maintenance', draining: true }, { health: 'passing', draining: true })).toEqual(['r/1'])
  expect(of({ health: 'passing', draining: true }, { health: 'warning' })).toEqual(['r/1'])
})

test('printable: bounded, and without what moves a terminal', () => {
  expect(printable('a\u001b[2J\r\nb')).toBe('a [2J b')
  expect(printable('x'.repeat(1000))).toHaveLength(200)
})

// --- waits

test('backoff: full jitter that doubles to its cap, with a floor, and never less than what was asked', () => {
  expect([1, 2, 3, 8, 50].map((failures) => backoff(failures, 1))).toEqual([250, 500, 1000, 30_000, 30_000])
  expect(backoff(50, 0)).toBe(50)
  expect(backoff(50, 1, 2000)).toBe(2000)
  expect(backoff(1, 0, 30_000, 5000)).toBe(5000)
  expect(backoff(1, 0, 30_000, 1e9)).toBe(120_000)
})

test('pace: the first change is followed at once, later ones each 250 ms, useless answers a second each', () => {
  const pace = createPace()
  expect(pace.next(10_000, true, 0)).toBe(0)
  expect(pace.next(10_010, true, 0)).toBe(250)
  expect(pace.next(20_000, true, 8 * 2 ** 20)).toBe(800)
  expect([0, 1, 2, 3].map(() => pace.next(30_000, false, 0))).toEqual([0, 0, 0, 1000])
  expect(pace.next(60_000, false, 0)).toBe(0)
})

test('withDeadline: work that does not heed the end of a longer life is left behind, too', async () => {
  const longer = lifeWithin(new AbortController().signal)
  const stopped = withDeadline(fakePlatform(), 1e9, longer.signal, () => new Promise<string>(() => {}), () => 'late')
  longer.end()
  expect(await stopped).toBe('late')
})

test('withDeadline: the answer, or what is said when it is late; and the work is told', async () => {
  const platform = fakePlatform()
  const never = new AbortController().signal
  expect(await withDeadline(platform, 100, never, async () => 'answer', () => 'late')).toBe('answer')
  let told = false
  const slow = withDeadline(platform, 100, never, (signal) => new Promise<string>(() => signal.addEventListener('abort', () => (told = true))), () => 'late')
  await platform.advance(99)
  expect(told).toBe(false)
  await platform.advance(101)
  expect([await slow, told]).toEqual(['late', true])
  const stop = new AbortController()
  const stopped = withDeadline(platform, 1e9, stop.signal, () => new Promise<string>(() => {}), () => 'late')
  stop.abort()
  expect(await stopped).toBe('late')
})

test('withDeadline: what the work says in the grace counts, and nothing is said to be late then', async () => {
  const platform = fakePlatform()
  const said: string[] = []
  const explains = (signal: AbortSignal): Promise<string> => new Promise((resolve) => signal.addEventListener('abort', () => void platform.sleep(50).then(() => resolve('what was late'))))
  const slow = withDeadline(platform, 100, new AbortController().signal, explains, () => String(said.push('late')))
  await platform.advance(1000)
  expect([await slow, said]).toEqual(['what was late', []])
})

test('withDeadline: work that throws, work that rejects and a `late` that throws all reject, and let go of the longer life', async () => {
  const platform = fakePlatform()
  const longer = new AbortController()
  const fails = (why: string) => (): never => {
    throw new Error(why)
  }
  await expect(withDeadline(platform, 100, longer.signal, fails('at once'), () => 'late')).rejects.toThrow('at once')
  await expect(withDeadline(platform, 100, longer.signal, async () => fails('later')(), () => 'late')).rejects.toThrow('later')
  const late = expect(withDeadline(platform, 100, longer.signal, () => new Promise<string>(() => {}), fails('too late'))).rejects.toThrow('too late')
  await platform.advance(1000)
  await late
  expect(getEventListeners(longer.signal, 'abort')).toEqual([])
})

test('latest: the newest only, the first at once, the next after the gap', async () => {
  const platform = fakePlatform()
  const latest = createLatest<number>(platform, 250)
  const seen: string[] = []
  const reading = (async () => {
    for await (const value of latest.values(new AbortController().signal)) seen.push(`${value} at ${platform.now()}`)
  })()
  latest.put(1)
  await platform.advance(100)
  latest.put(2)
  latest.put(3)
  await platform.advance(1000)
  latest.put(4)
  latest.end()
  await reading
  expect(seen).toEqual(['1 at 0', '3 at 250', '4 at 1100'])
})

test('slots: who is urgent goes before all others, in order', async () => {
  const slots = createSlots(1)
  const never = new AbortController().signal
  await slots.take(never)
  const order: string[] = []
  const leave = new AbortController()
  const waits = [['a', false], ['b', true], ['c', true]] as const
  const all = waits.map(([name, urgent]) => slots.take(never, urgent).then(() => order.push(name)))
  const left = slots.take(leave.signal, true)
  leave.abort()
  expect(await left).toBe(false)
  for (const turn of [1, 2, 0]) {
    slots.give()
    await all[turn]
  }
  expect(order).toEqual(['b', 'c', 'a'])
})

test('slots: no more than there are, first come first served, and a waiter may leave', async () => {
  const slots = createSlots(1)
  const never = new AbortController().signal
  const order: string[] = []
  expect(await slots.take(never)).toBe(true)
  expect(slots.tryTake()).toBe(false)
  const leave = new AbortController()
  const left = slots.take(leave.signal)
  const waits = slots.take(never).then((taken) => order.push(`second ${taken}`))
  leave.abort()
  expect(await left).toBe(false)
  slots.give()
  await waits
  expect(order).toEqual(['second true'])
  expect(slots.free()).toBe(0)
  slots.give()
  expect(slots.free()).toBe(1)
})

test('addresses: the next one after a failure, another one to confirm', () => {
  const addresses = createAddresses(['a', 'b', 'c'])
  expect([addresses.pick(false), addresses.pick(true)]).toEqual(['a', 'b'])
  addresses.failed('a')
  expect([addresses.pick(false), addresses.pick(true)]).toEqual(['b', 'c'])
  expect(createAddresses(['only']).pick(true)).toBe('only')
})

// --- the loop, with a source that polls

test('poll: each interval, with jitter; a hint after a calm is followed at once, and those that come with it together', async () => {
  const platform = fakePlatform()
  let hint = (): void => {}
  const hosts = [1]
  const { source, asks } = polled(() => listed(...hosts), { changes: { kind: 'poll', every: 10_000, hint: () => new Promise((resolve) => (hint = resolve)) } })
  const reader = read({ platform, ref }, createDiscoverer(source, platform, trust))
  await platform.advance(60_000)
  expect(asks.length).toBeGreaterThanOrEqual(6)
  expect(asks.length).toBeLessThanOrEqual(8)
  hosts.push(2)
  const before = asks.length
  hint()
  await platform.advance(1)
  expect(asks.length).toBe(before + 1)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80')
  hosts.push(3)
  hint()
  await platform.advance(97)
  expect(asks.length).toBe(before + 1)
  await platform.advance(3)
  expect(asks.length).toBe(before + 2)
  await reader.stop()
})

test('block: beyond a hundred services those that would hold a connection are polled, those that share one are not', async () => {
  for (const shared of [false, true]) {
    const platform = fakePlatform()
    let follows = 0
    const versioned = { ...listed(1), token: 'v1' }
    const read1 = async (ask: Ask, signal: AbortSignal): Promise<Reading> => {
      if (ask.purpose !== 'follow') return versioned
      follows++
      await platform.sleep(ask.wait, signal)
      return versioned
    }
    const discoverer = createDiscoverer({ registry: 'r', needs: [], changes: { kind: 'block', wait: 45_000, shared }, read: read1 }, platform, trust)
    const readers = Array.from({ length: 150 }, (_, i) => read({ platform, ref: { ...ref, name: `web${i}` } }, discoverer))
    await platform.advance(5000)
    expect(follows).toBe(shared ? 150 : 100)
    await Promise.all(readers.map((reader) => reader.stop()))
  }
})

test('poll: a feed of hints that fails leaves the poll as it is', async () => {
  const platform = fakePlatform()
  const { source, asks } = polled(() => listed(1), { changes: { kind: 'poll', every: 10_000, hint: () => Promise.reject(new Error('cut')) } })
  const reader = read({ platform, ref }, createDiscoverer(source, platform, trust))
  await platform.advance(60_000)
  expect(asks.length).toBeLessThanOrEqual(8)
  await reader.stop()
})

test('poll: an unchanged answer ends trouble, and a full reading is asked for without a version now and then', async () => {
  const platform = fakePlatform()
  let trouble = false
  const { source, asks } = polled((ask) => {
    if (trouble) return { kind: 'failed', message: 'x' }
    return ask.token === 'v1' ? { kind: 'unchanged', token: 'v1' } : { ...listed(1), token: 'v1' }
  })
  const reader = read({ platform, ref }, createDiscoverer(source, platform, trust))
  await platform.advance(30_000)
  trouble = true
  await platform.advance(30_000)
  expect(summary(reader.last())).toBe('stale failed 10.0.0.1:80')
  trouble = false
  await platform.advance(400_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:80')
  expect(asks.filter(({ token }) => token === undefined).length).toBeGreaterThanOrEqual(3)
  expect(reader.sets.map((set) => set.kind)).toEqual(['ready', 'stale', 'ready'])
  await reader.stop()
})

test.each<readonly [string, Reading]>([
  ['unchanged', { kind: 'unchanged', token: 'v1' }],
  ['a list', { ...listed(1), token: 'v1' }],
  ['not-found', { kind: 'not-found', message: 'x', token: 'v1' }],
])('block: a source that is woken by the deadline and answers out of what it knows (%s) confirms nothing', async (_, remembered) => {
  const platform = fakePlatform()
  const first: Reading = { ...listed(1), token: 'v1' }
  // The registry is silent after its first answer.
  const source: Source = { registry: 'r', needs: [], changes: { kind: 'block', wait: 45_000 }, read: async ({ purpose }, signal) => (purpose === 'follow' ? platform.sleep(Infinity, signal).then(() => remembered) : first) }
  const reader = read({ platform, ref }, createDiscoverer(source, platform, trust))
  await platform.advance(45_000 * (17 / 16) + 5050)
  expect(reader.last()).toMatchObject({ kind: 'stale', at: START, cause: { outcome: 'failed', message: 'no answer within 53 s' } })
  expect(reader.attempts.map(({ believed }) => believed)).toEqual([true, false])
  await reader.stop()
})

test('what a source was told before the question is as old as it says', async () => {
  const platform = fakePlatform()
  let answer: Reading = { ...listed(1), age: 4000 }
  const { source } = polled(() => answer)
  const reader = read({ platform, ref }, createDiscoverer(source, platform, { ...trust, allowEmpty: true }))
  await platform.advance(10)
  expect(reader.last()).toMatchObject({ kind: 'ready', at: START - 4000 })
  expect(reader.attempts[0]).toMatchObject({ at: START - 4000, believed: true })
  answer = { kind: 'not-found', message: 'x', age: 20_000 }
  await platform.advance(11_000)
  expect(reader.last()).toMatchObject({ kind: 'absent' })
  expect(reader.attempts[1]?.at).toBeLessThan(START)
  await reader.stop()
})

test('no more than eight questions to one registry at once, and everyone gets a turn', async () => {
  const platform = fakePlatform()
  let open = 0
  let most = 0
  const { source } = polled(() => listed(1), {
    read: async (_, signal) => {
      most = Math.max(most, ++open)
      await platform.sleep(1000, signal)
      open--
      return listed(1)
    },
  })
  const discoverer = createDiscoverer(source, platform, trust)
  const readers = Array.from({ length: 40 }, (_, n) => read({ platform, ref: { ...ref, name: `s${n}` } }, discoverer))
  await platform.advance(6000)
  expect(most).toBe(8)
  expect(readers.every((reader) => reader.last().kind === 'ready')).toBe(true)
  await Promise.all(readers.map((reader) => reader.stop()))
})

test('stated: what the registry says is meant is believed at once', async () => {
  const platform = fakePlatform()
  let answer: Reading = listed(1, 2, 3, 4)
  const { source } = polled(() => answer)
  const reader = read({ platform, ref }, createDiscoverer(source, platform, trust))
  await platform.advance(10)
  answer = { kind: 'listed', instances: [], stated: true }
  await platform.advance(11_000)
  expect(summary(reader.last())).toBe('ready')
  await reader.stop()
})

test('latest: a clock that moves on between two looks makes no negative sleep', async () => {
  const slept: number[] = []
  let now = 0
  const platform = { ...fakePlatform(), now: () => (now += 6), sleep: async (ms: number) => void slept.push(ms) }
  const latest = createLatest<number>(platform, 10)
  const values = latest.values(new AbortController().signal)
  for (const value of [1, 2, 3]) {
    latest.put(value)
    expect(await values.next()).toEqual({ done: false, value })
  }
  expect(slept.filter((ms) => ms <= 0)).toEqual([])
})
