// The rules of discovery/README.md that the machinery keeps for every registry, each by a test that fails without it. What a registry
// does of its own (watchdogs, leaders, events) is in its own tests, and what all must do in test/suites/discoverer.ts.
import { expect, test } from 'vitest'
import { admit } from '../../../discovery/admit.ts'
import { consul } from '../../../discovery/consul.ts'
import { createDiscoverer } from '../../../discovery/discoverer.ts'
import { ask, later } from '../../../discovery/http.ts'
import { k8s } from '../../../discovery/k8s.ts'
import type { Ask, Instance, Reading, Source } from '../../../discovery/reading.ts'
import type { Discoverer } from '../../../src/model/discoverer.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakePlatform, START } from '../../support/fake-platform.ts'
import { listed, polled, ref, trust } from '../../support/scripted-source.ts'

const reading = (platform: ReturnType<typeof fakePlatform>, discoverer: Discoverer): Reader => read({ platform, ref }, discoverer)

// --- changes are given out four times a second

test('hints without end: a question each 100 ms, a set each 250 ms', async () => {
  const platform = fakePlatform()
  let n = 0
  const { source, asks } = polled(() => listed(1, 2, (n++ % 200) + 3), { changes: { kind: 'poll', every: 10_000, hint: async () => {} } })
  const reader = reading(platform, createDiscoverer(source, platform, trust))
  await platform.advance(10_000)
  const gaps = reader.times.slice(1).map((time, at) => time - (reader.times[at] ?? 0))
  expect(Math.min(...gaps)).toBe(250)
  expect(asks.length).toBeLessThanOrEqual(101)
  await reader.stop()
})

// --- five outcomes, never merged

test.each<readonly [string, () => Reading, string, string, string]>([
  ['instances', () => listed(2), 'ok-with-data', 'ready 10.0.0.2:80', 'ready 10.0.0.2:80'],
  ['none', () => listed(), 'ok-empty', 'ready', 'stale guarded 10.0.0.1:80'],
  ['an unknown service', () => ({ kind: 'not-found', message: 'x' }), 'not-found', 'absent', 'stale guarded 10.0.0.1:80'],
  ['no rights', () => ({ kind: 'denied', message: 'x' }), 'denied', 'pending denied', 'stale denied 10.0.0.1:80'],
  ['trouble', () => ({ kind: 'failed', message: 'x' }), 'failed', 'pending failed', 'stale failed 10.0.0.1:80'],
  ['an exception', () => { throw new Error('x') }, 'failed', 'pending failed', 'stale failed 10.0.0.1:80'],
  ['instances none of which can be used', () => ({ kind: 'listed', instances: [{ id: '1', host: '10.0.0.1', port: 0, health: 'passing' }] }), 'failed', 'pending failed', 'stale failed 10.0.0.1:80'],
  ['more instances than one service may have', () => ({ kind: 'listed', instances: crowd(10_001) }), 'failed', 'pending failed', 'stale failed 10.0.0.1:80'],
])('%s is an outcome of its own, at first and after endpoints', async (_, answer, outcome, first, later) => {
  for (const [before, wanted] of [[undefined, first], [listed(1), later]] as const) {
    const platform = fakePlatform()
    let next = before === undefined ? answer : () => before
    const reader = reading(platform, createDiscoverer(polled(() => next()).source, platform, trust))
    await platform.advance(10)
    next = answer
    await platform.advance(before === undefined ? 10 : 11_000)
    expect([reader.attempts.at(-1)?.outcome, summary(reader.last())]).toEqual([outcome, wanted])
    await reader.stop()
  }
})

const crowd = (count: number): Instance[] => Array.from({ length: count }, (_, n) => ({ id: String(n), host: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, port: 80, health: 'unknown' }))

test('ten thousand instances of one service are not too many', async () => {
  const platform = fakePlatform()
  const reader = reading(platform, createDiscoverer(polled(() => ({ kind: 'listed', instances: crowd(10_000) })).source, platform, trust))
  await platform.advance(10)
  expect(reader.attempts[0]).toMatchObject({ outcome: 'ok-with-data', count: 10_000, rejected: [] })
  await reader.stop()
})

test('an answer that lacks rights for a part is followed, keeps what was known of it, and is neither ready nor believed', async () => {
  const platform = fakePlatform()
  let answer: Reading = listed(1, 2)
  const reader = reading(platform, createDiscoverer(polled(() => answer).source, platform, trust))
  await platform.advance(10)
  const denied = { message: 'no rights there', isOf: (id: string) => id === '2' }
  answer = { ...listed(1), denied }
  await platform.advance(11_000)
  expect(reader.last()).toMatchObject({ kind: 'stale', at: START, cause: { outcome: 'denied', message: 'no rights there' } })
  answer = { ...listed(1, 3), denied }
  await platform.advance(11_000)
  expect(summary(reader.last())).toBe('stale denied 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80')
  expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'denied', message: 'no rights there', believed: false })
  answer = listed(1, 2, 3)
  await platform.advance(11_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80')
  await reader.stop()
})

const bad = (id: string): Instance => ({ id, host: '10.0.0.99', port: 0, health: 'unknown' })
const row = (id: string): Extract<Reading, { kind: 'listed' }> => ({ kind: 'listed', instances: [], rejected: [{ id, reason: 'is no row' }] })
const and = (reading: Extract<Reading, { kind: 'listed' }>, other: Reading): Reading => (other.kind === 'listed' ? { ...reading, instances: [...reading.instances, ...other.instances], rejected: other.rejected ?? [] } : reading)

test.each<readonly [string, Reading, Reading, string, string]>([
  ['an entry that was always refused', and(listed(1), { kind: 'listed', instances: [bad('x')] }), { kind: 'listed', instances: [bad('x')] }, 'stale guarded 10.0.0.1:80', 'ready'],
  ['a row that was always refused', and(listed(1), row('#1')), row('#1'), 'stale guarded 10.0.0.1:80', 'ready'],
  ['another one’s entry', listed(1), { kind: 'listed', instances: [bad('x')] }, 'stale guarded 10.0.0.1:80', 'ready'],
  ['what one in service says now', listed(1, 2), { kind: 'listed', instances: [bad('1')] }, 'stale failed 10.0.0.1:80 10.0.0.2:80', 'stale failed 10.0.0.1:80 10.0.0.2:80'],
  ['a row that nobody had before, and that may be anyone’s', listed(1), row('#0'), 'stale failed 10.0.0.1:80', 'stale failed 10.0.0.1:80'],
  ['a row that cannot be one that was said to have left', listed(1), { ...row('#0'), left: new Set(['1']) }, 'ready', 'ready'],
  ['a row that may be one of which that was not said', listed(1, 2), { ...row('#0'), left: new Set(['1']) }, 'stale failed 10.0.0.1:80 10.0.0.2:80', 'stale failed 10.0.0.1:80 10.0.0.2:80'],
  ['a note about all', { ...listed(1), notes: [{ id: 'web', reason: 'is odd' }] }, { kind: 'listed', instances: [], notes: [{ id: 'web', reason: 'is odd' }] }, 'stale guarded 10.0.0.1:80', 'ready'],
])('where only %s is left, the last good endpoints stay until that is confirmed, or for as long as it may be they', async (_, before, only, first, later) => {
  const platform = fakePlatform()
  let answer = before
  const reader = reading(platform, createDiscoverer(polled(() => answer).source, platform, trust))
  await platform.advance(10)
  answer = only
  await platform.advance(12_000)
  expect(summary(reader.last())).toBe(first)
  expect(reader.attempts.at(-1)?.rejected).toHaveLength(1)
  await platform.advance(45_000)
  expect(summary(reader.last())).toBe(later)
  await reader.stop()
})

// --- sudden emptiness

/** Five instances, then none; gives what was asked for and what was said of it. */
async function vanishing(more: { readonly hold: number; readonly every: number }) {
  const platform = fakePlatform()
  let answer = listed(1, 2, 3, 4, 5)
  const { source, asks } = polled(() => answer, { hold: more.hold, changes: { kind: 'poll', every: more.every } })
  const reader = reading(platform, createDiscoverer(source, platform, trust))
  await platform.advance(10)
  answer = listed()
  await platform.advance(more.every * 1.1)
  const confirmations = (): number => asks.filter(({ purpose }) => purpose === 'confirm').length
  return { platform, reader, confirmations }
}

test('emptiness is believed after two confirmations, however soon it might be, and no attempt before counts as a success', async () => {
  const { platform, reader, confirmations } = await vanishing({ hold: 1, every: 60_000 })
  await platform.advance(3000)
  expect([confirmations(), summary(reader.last()).slice(0, 13)]).toEqual([1, 'stale guarded'])
  await platform.advance(12_000)
  expect([confirmations(), summary(reader.last())]).toEqual([2, 'ready'])
  expect(reader.attempts.map(({ believed }) => believed)).toEqual([true, false, false, true])
})

test('and not before its time, whatever number of answers says so: only those that were asked for to confirm it count', async () => {
  const { platform, reader, confirmations } = await vanishing({ hold: 30_000, every: 1000 })
  await platform.advance(28_000)
  expect(summary(reader.last()).slice(0, 13)).toBe('stale guarded')
  expect(confirmations()).toBeGreaterThanOrEqual(2)
  await platform.advance(14_000)
  expect(summary(reader.last())).toBe('ready')
})

test('one question in two that fails is no outage, and does not keep an emptiness from being confirmed', async () => {
  const platform = fakePlatform()
  let answer: Reading = listed(1, 2, 3)
  let asked = 0
  const { source } = polled(({ purpose }) => (purpose !== 'confirm' && ++asked % 2 === 0 ? { kind: 'failed', message: 'cut' } : answer), { changes: { kind: 'poll', every: 1000 } })
  const reader = reading(platform, createDiscoverer(source, platform, trust))
  await platform.advance(10)
  answer = listed()
  await platform.advance(45_000)
  expect(summary(reader.last())).toBe('ready')
})

/** Twenty instances, then those that `answer` gives for each 300 ms. */
async function shrinking(answer: (step: number) => Reading) {
  const platform = fakePlatform()
  let step = 0
  const { source } = polled(() => answer(step), { changes: { kind: 'poll', every: 300, hint: (_, signal) => platform.sleep(300, signal) } })
  const reader = reading(platform, createDiscoverer(source, platform, trust))
  await platform.advance(300)
  return { platform, reader, next: async (steps: number) => { for (const end = step + steps; step < end; ) { step++; await platform.advance(600) } } }
}
const from = (first: number): number[] => Array.from({ length: 21 - first }, (_, n) => n + first)
const held = (reader: Reader, set = reader.last()): readonly number[] => endpointsOf(set).filter((endpoint) => endpoint.held === true).map(({ id }) => Number(id.slice(2)))

test('a mass failure that is seen in small steps is held like one that is seen at once, with all that was lost before', async () => {
  const { reader, next } = await shrinking((step) => listed(...from(step + 1)))
  await next(10)
  expect(summary(reader.last())).toBe(`ready ${from(11).map((n) => `10.0.0.${n}:80`).join(' ')}`)
  await next(1)
  expect(reader.last()).toMatchObject({ kind: 'stale', cause: { outcome: 'guarded', message: expect.stringMatching(/^11 of 20 endpoints vanished/) } })
  expect(held(reader)).toHaveLength(11)
  await next(8)
  expect(endpointsOf(reader.last())).toHaveLength(20)
  expect(held(reader)).toHaveLength(19)
  await next(60)
  expect(summary(reader.last())).toBe('ready')
})

test('what a dead node makes critical is held in its last good form, in small steps too', async () => {
  const { reader, next } = await shrinking((step) => ({ kind: 'listed', instances: listed(...from(1)).instances.map((each, n) => (n < step ? { ...each, health: 'critical' as const, presumed: true } : each)) }))
  await next(15)
  expect(held(reader)).toHaveLength(15)
  expect(endpointsOf(reader.last()).every(({ health }) => health === 'unknown')).toBe(true)
})

test.each<readonly [string, (step: number) => Reading]>([
  ['those that are said to have left', (step) => ({ ...listed(...from(step + 1)), left: new Set(from(1).slice(0, step).map(String)) })],
  ['those whose own check fails', (step) => ({ kind: 'listed', instances: listed(...from(1)).instances.map((each, n) => (n < step ? { ...each, health: 'critical' as const } : each)) })],
  ['those in maintenance', (step) => ({ kind: 'listed', instances: listed(...from(1)).instances.map((each, n) => (n < step ? { ...each, health: 'maintenance' as const, draining: true } : each)) })],
  ['those that others replace', (step) => listed(...from(1).map((n) => (n <= step ? n + 100 : n)))],
  ['those that come and go under new addresses', (step) => listed(...from(1).slice(0, 3), 100 + step)],
])('%s are let go at once, however many', async (_, answer) => {
  const { reader, next } = await shrinking(answer)
  await next(18)
  expect(reader.sets.filter(({ kind }) => kind !== 'ready')).toEqual([])
})

const inMaintenance = (reading: Extract<Reading, { kind: 'listed' }>, to: number): Reading => ({ ...reading, instances: reading.instances.map((each) => (Number(each.id) <= to ? { ...each, health: 'maintenance', draining: true } : each)) })

test.each<readonly [string, readonly Reading[]]>([
  ['what a feed says to have left later', [listed(1, 2, 3, 4, 5, 6), listed(3, 4, 5, 6), { ...listed(3, 4, 5, 6), left: new Set(['1', '2']) }, listed(5, 6)]],
  ['what goes into maintenance meanwhile', [listed(...from(1)), listed(...from(1).slice(0, 18)), inMaintenance(listed(...from(1).slice(0, 18)), 12), inMaintenance(listed(...from(1).slice(0, 17)), 12)]],
])('%s makes no mass failure of what left without a word', async (_, answers) => {
  const { reader, next } = await shrinking((step) => answers[step] ?? listed())
  await next(answers.length - 1)
  expect(reader.sets.filter(({ kind }) => kind !== 'ready')).toEqual([])
})

test('what came back is not held with those that leave later', async () => {
  const answers = [from(1), from(4), from(1), from(1).slice(0, 9)]
  const { reader, next } = await shrinking((step) => listed(...(answers[step] ?? [])))
  await next(3)
  expect(new Set(reader.sets.flatMap((set) => held(reader, set)))).toEqual(new Set(from(10)))
})

test('small losses that are long apart are no mass failure', async () => {
  const { platform, reader, next } = await shrinking((step) => listed(...from(step + 1)))
  for (let lost = 0; lost < 17; lost++) {
    await next(1)
    await platform.advance(14_000)
  }
  expect(reader.sets.filter(({ kind }) => kind !== 'ready')).toEqual([])
})

/** Answers each 600 ms, and the set after the last of them. */
async function after(...answers: readonly Reading[]): Promise<Reader> {
  const { reader, next } = await shrinking((step) => answers[Math.min(step, answers.length - 1)] ?? listed())
  await next(answers.length - 1)
  return reader
}

test('what was added while a suspicion is confirmed is held with the others when it vanishes, too', async () => {
  const reader = await after(listed(1, 2, 3), listed(), listed(4, 5), listed())
  expect(summary(reader.last())).toBe('stale guarded 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80')
  expect(held(reader)).toEqual([1, 2, 3, 4, 5])
})

test('where those that were missing are back, what was added meanwhile is judged like anything else', async () => {
  const few = await after(listed(1, 2, 3), listed(), listed(4), listed(1, 2, 3))
  expect(summary(few.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80')
  const many = await after(listed(1, 2, 3), listed(), listed(4, 5, 6, 7, 8), listed(1, 2, 3))
  expect(held(many)).toEqual([4, 5, 6, 7, 8])
})

test.each<readonly [string, Partial<Instance>, string]>([
  ['was put into maintenance', { health: 'maintenance', draining: true }, 'stale guarded 10.0.0.2:80 10.0.0.3:80'],
  ['was said to be critical', { health: 'critical' }, 'stale guarded 10.0.0.2:80 10.0.0.3:80'],
  ['was given another weight', { weight: 7 }, 'stale guarded 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80'],
])('what %s during a hold is not forgotten when it vanishes', async (_, said, wanted) => {
  const one = listed(1).instances.map((each) => ({ ...each, ...said }))
  const reader = await after(listed(1, 2, 3), listed(), { kind: 'listed', instances: one }, listed(), listed())
  expect(summary(reader.last())).toBe(wanted)
  if (said.weight !== undefined) expect(endpointsOf(reader.last())[0]).toMatchObject({ weight: 7, held: true })
})

test('what is said to have left during a hold is gone at once, and stays so', async () => {
  const reader = await after(listed(1, 2, 3), listed(), listed(4, 5), { ...listed(5), left: new Set(['4', '1']) }, listed(5))
  expect(summary(reader.last())).toBe('stale guarded 10.0.0.2:80 10.0.0.3:80 10.0.0.5:80')
})

test('a server that comes back under another id during a hold is there once', async () => {
  const reader = await after(listed(1, 2, 3), listed(), { kind: 'listed', instances: [{ id: 'new', host: '10.0.0.1', port: 80, health: 'unknown' }] }, listed())
  expect(summary(reader.last())).toBe('stale guarded 10.0.0.2:80 10.0.0.3:80 10.0.0.1:80')
})

test.each([['trouble', 'failed'], ['no rights', 'denied']] as const)('%s is no time of confirmation: after five minutes of it whoever was lost has 30 s to come back', async (_, kind) => {
  const platform = fakePlatform()
  let answer: Reading = listed(1, 2, 3, 4, 5)
  const reader = reading(platform, createDiscoverer(polled(() => answer, { changes: { kind: 'poll', every: 1000 } }).source, platform, trust))
  await platform.advance(10)
  answer = listed()
  await platform.advance(5000)
  expect(summary(reader.last()).slice(0, 13)).toBe('stale guarded')
  answer = { kind, message: 'x' }
  await platform.advance(295_000)
  answer = listed()
  const failures = reader.attempts.length
  while (reader.attempts.length === failures) await platform.advance(100)
  await platform.advance(29_000)
  expect(summary(reader.last())).toBe('stale guarded 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80')
  await platform.advance(13_000)
  expect(summary(reader.last())).toBe('ready')
})

// --- many services behind one registry

/** Two hundred services of a registry whose answers take `takes` milliseconds; undefined is for ever. */
function crowded(takes: () => number | undefined) {
  const platform = fakePlatform()
  const source: Source = { registry: 'r', needs: [], changes: { kind: 'poll', every: 45_000 }, read: async (_, signal) => (await platform.sleep(takes() ?? Infinity, signal), listed(1)) }
  const discoverer = createDiscoverer(source, platform, trust)
  const readers = Array.from({ length: 200 }, (_, n) => read({ platform, ref: { ...ref, name: `s${n}` } }, discoverer))
  const kinds = (): readonly string[] => [...new Set(readers.map((reader) => summary(reader.last()).replace(/ 10.*/, '')))]
  return { platform, readers, kinds, stop: () => Promise.all(readers.map((reader) => reader.stop())) }
}

test('a registry that is only slow lets each service wait for its turn, and fails none', async () => {
  const { platform, readers, kinds, stop } = crowded(() => 9000)
  await platform.advance(240_000)
  expect(kinds()).toEqual(['ready'])
  expect(readers.flatMap((reader) => reader.attempts.filter(({ outcome }) => outcome === 'failed'))).toEqual([])
  await stop()
})

test('a registry that hangs leaves no service live, however many wait for their turn, and all recover by themselves', async () => {
  let takes: number | undefined = 10
  const { platform, readers, kinds, stop } = crowded(() => takes)
  await platform.advance(10_000)
  expect(kinds()).toEqual(['ready'])
  takes = undefined
  await platform.advance(90_000)
  expect(kinds()).toEqual(['stale failed'])
  expect(new Set(readers.map((reader) => reader.attempts.at(-1)?.message))).toEqual(new Set(['no answer within 10 s']))
  takes = 10
  await platform.advance(41_000)
  expect(kinds()).toEqual(['ready'])
  await stop()
})

test('of services that wait none is left behind when its watch ends, and no turn is lost', async () => {
  let takes: number | undefined
  const { platform, readers, kinds, stop } = crowded(() => takes)
  await platform.advance(5000)
  await Promise.all(readers.slice(0, 100).map((reader) => reader.stop()))
  takes = 10
  await platform.advance(50_000)
  expect(kinds()).toEqual(['pending', 'ready'])
  expect(readers.slice(100).every((reader) => reader.last().kind === 'ready')).toBe(true)
  await stop()
})

// --- waits

test.each([['consul', '60s', true], ['consul', '61s', false], ['consul', '1s', true], ['consul', '900ms', false], ['k8s', '5m', true], ['k8s', '301s', false]] as const)('waiting at %s for %s: %s', (type, wait, good) => {
  expect({ consul, k8s }[type].schema.safeParse({ wait, address: 'http://r' }).success).toBe(good)
})

test('what knows endpoints from before starts at a moment of its own, so that a fleet does not start in step; what knows none starts at once', async () => {
  const first = async (seed: number, last?: { readonly endpoints: []; readonly at: number }): Promise<number> => {
    const platform = fakePlatform({ seed })
    let asked = -1
    const { source } = polled(() => ((asked = asked < 0 ? platform.now() : asked), listed(1)))
    const reader = read({ platform, ref }, createDiscoverer(source, platform, trust), last)
    await platform.advance(600)
    await reader.stop()
    return asked
  }
  const seeds = Array.from({ length: 20 }, (_, n) => n + 1)
  expect(new Set(await Promise.all(seeds.map((seed) => first(seed))))).toEqual(new Set([0]))
  const scattered = await Promise.all(seeds.map((seed) => first(seed, { endpoints: [], at: START })))
  expect(new Set(scattered).size).toBe(20)
  expect(Math.min(...scattered)).toBeLessThan(100)
  expect(Math.max(...scattered)).toBeGreaterThan(400)
  expect(Math.max(...scattered)).toBeLessThanOrEqual(500)
})

test('one good answer ends a row of failures: the next question is an ordinary one', async () => {
  const platform = fakePlatform()
  let trouble = true
  const { source, asks } = polled(() => (trouble ? { kind: 'failed', message: 'x' } : { ...listed(1), token: 'v1' }))
  const reader = reading(platform, createDiscoverer(source, platform, trust))
  await platform.advance(60_000)
  trouble = false
  await platform.advance(45_000)
  expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'ok-with-data', believed: true })
  expect(asks.at(-1)).toMatchObject({ purpose: 'full', token: 'v1' })
  await reader.stop()
})

test.each([['5', 5000], ['0', 0], ['999999', 999_999_000], ['', undefined], ['-1', undefined], ['1e3', undefined], ['soon', undefined], ['Wed, 01 Jan 2031 00:00:00 GMT', undefined]])('Retry-After %j: no decision depends on the clock of a registry', (text, wanted) => {
  expect(later(new Headers({ 'retry-after': text })).retryAfter).toBe(wanted)
})

// --- a periodic full reading

test('what the feed did not tell is found by a full reading each five minutes, give or take a minute, and counted', async () => {
  const found: number[] = []
  for (let seed = 1; seed <= 20; seed++) {
    const platform = fakePlatform({ seed })
    let hosts = [1]
    // It says that nothing changed whenever it is asked with its version.
    const { source } = polled(({ token }: Ask) => (token === 'v1' ? { kind: 'unchanged', token } : { ...listed(...hosts), token: 'v1' }))
    const reader = reading(platform, createDiscoverer(source, platform, trust))
    await platform.advance(10)
    hosts = [1, 2]
    await platform.advance(372_000)
    expect(reader.sets.map(summary)).toEqual(['ready 10.0.0.1:80', 'ready 10.0.0.1:80 10.0.0.2:80'])
    expect(reader.attempts.filter(({ missedChange }) => missedChange)).toHaveLength(1)
    found.push(reader.times[1] ?? 0)
    await reader.stop()
  }
  expect(Math.min(...found)).toBeGreaterThanOrEqual(240_000)
  expect(Math.min(...found)).toBeLessThan(270_000)
  expect(Math.max(...found)).toBeGreaterThan(330_000)
})

// --- answers and entries are bounded

test('an answer of 32 MiB is read, and one that is longer is given up on its way', async () => {
  const platform = fakePlatform()
  let sent = 0
  const body = (mebibytes: number): ReadableStream<Uint8Array> => new ReadableStream({ pull: (to) => (sent++ < mebibytes ? to.enqueue(new Uint8Array(2 ** 20)) : to.close()) })
  const asking = (mebibytes: number): Promise<number> => {
    sent = 0
    platform.onFetch(() => new Response(body(mebibytes)))
    return ask(platform, { url: 'http://r/', headers: {}, signal: new AbortController().signal }).then(({ body: { byteLength } }) => byteLength)
  }
  expect(await asking(32)).toBe(32 * 2 ** 20)
  await expect(asking(1000)).rejects.toThrow('http://r: the answer is longer than 32 MiB and was refused')
  expect(sent).toBeLessThan(36)
})

const admitted = (...instances: Partial<Instance>[]) => admit(instances.map((instance, n) => ({ id: String(n), host: `10.0.0.${n + 1}`, port: 80, health: 'passing' as const, ...instance })), { registry: 'r', allowLinkLocal: false, at: 1 })

test.each([-1, 65_536, Number.NaN, Infinity, '5', {}])('the weight %j is not used', (weight) => {
  const { endpoints, rejected } = admitted({ weight })
  expect([endpoints[0]?.weight, rejected.length]).toEqual([1, 1])
})

test.each([0, 0.5, 65_535])('the weight %j is used', (weight) => {
  expect(admitted({ weight })).toMatchObject({ endpoints: [{ weight }], rejected: [] })
})

test.each(['', 'a\nb', 'a\u001b[2J', 'x'.repeat(513)])('the id %j is refused: it reaches logs and headers', (id) => {
  expect(admitted({ id }, {})).toMatchObject({ endpoints: [{ id: 'r/1' }], rejected: [{}] })
})

test('128 tags and 128 entries of metadata are taken, those beyond are left out and said', () => {
  const names = Array.from({ length: 130 }, (_, n) => `k${n}`)
  const { endpoints, rejected } = admitted({ tags: names, meta: Object.fromEntries(names.map((name) => [name, 'v'])) })
  expect([endpoints[0]?.tags.length, Object.keys(endpoints[0]?.meta ?? {}).length, rejected.length]).toEqual([128, 128, 2])
  expect(endpoints[0]?.cut).toEqual(['k128', 'k129', 'k128=', 'k129='])
})

test.each(['a\nb', 'x'.repeat(513)])('the name %j is none for metadata', (key) => {
  expect({ ...admitted({ meta: { [key]: 'v', good: 'v' } }).endpoints[0]?.meta }).toEqual({ good: 'v' })
})

test('two entries of one address are one server: the first by id, with the tags and metadata of both', () => {
  const meta = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
  const second = { id: 'b', host: 'h', tags: ['b', 'both'], meta: meta('{"of":"b","b":"1","constructor":"y"}'), weight: 2 }
  const first = { id: 'a', host: 'h', tags: ['a', 'both'], meta: meta('{"of":"a","__proto__":"x"}'), weight: 3 }
  const { endpoints } = admitted(second, first)
  expect(endpoints).toMatchObject([{ id: 'r/a', weight: 3, tags: ['a', 'both', 'b'] }])
  expect(Object.getPrototypeOf(endpoints[0]?.meta)).toBe(null)
  expect(Object.entries(endpoints[0]?.meta ?? {}).sort()).toEqual([['__proto__', 'x'], ['b', '1'], ['constructor', 'y'], ['of', 'a']])
})
