// The health of Nomad's instances, which only the checks of their allocations tell. Over a fake of its wire, in virtual time.
import { afterEach, expect, test } from 'vitest'
import { nomad } from '../../../discovery/nomad.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakeNomad, type FakeNomad, type Seen } from '../../support/fake-nomad.ts'
import { plain, type Row } from '../../support/nomad-wire.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'

const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

interface World {
  readonly platform: FakePlatform
  readonly registry: FakeNomad
  readonly reader: Reader
}

const three: readonly Row[] = [1, 2, 3].map((n) => ({ id: `${n}`, address: `10.0.0.${n}` }))
const isChecks = ({ path }: Seen): boolean => path.endsWith('/checks')
const healths = (reader: Reader): string => endpointsOf(reader.last()).map(({ health }) => health).join(' ')

async function watch(prepare: (registry: FakeNomad, platform: FakePlatform) => void, options: object = {}, rows: readonly Row[] = three): Promise<World> {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  registry.put('web', rows)
  prepare(registry, platform)
  const reader = read({ platform, ref: { registry: 'main', name: 'web', options: {} } }, nomad.create('main', options, platform))
  readers.push(reader)
  await platform.advance(500)
  return { platform, registry, reader }
}

test('the first set has the health that the checks say', async () => {
  const { reader } = await watch((registry) => {
    registry.setChecks('1', ['web', 'success'], ['web', 'success'])
    registry.setChecks('2', ['web', 'success'], ['web', 'failure'])
    registry.setChecks('3', ['web', 'success'], ['web', 'pending'])
  })
  expect(reader.sets).toHaveLength(1)
  expect(healths(reader)).toBe('passing critical critical')
})

test.each<readonly [string, readonly (readonly [string, string])[], string]>([
  ['no checks', [], 'unknown'],
  ['a check that has not run yet', [['web', 'pending']], 'unknown'],
  ['a check of another service in the same allocation', [['other', 'failure']], 'unknown'],
  ['a failure beside one that has not run yet', [['web', 'pending'], ['web', 'failure']], 'critical'],
  ['a status that nobody knows', [['web', 'confused']], 'unknown'],
])('%s', async (_, checks, wanted) => {
  const { reader } = await watch((registry) => registry.setChecks('1', ...checks), {}, three.slice(0, 1))
  expect(healths(reader)).toBe(wanted)
})

test('a check that begins to fail is seen within seconds, without any event, and so is its recovery', async () => {
  const { platform, registry, reader } = await watch((fake) => three.forEach(({ id }) => fake.setChecks(id, ['web', 'success'])))
  expect(healths(reader)).toBe('passing passing passing')
  registry.setChecks('2', ['web', 'failure'])
  await platform.advance(11_500)
  expect(healths(reader)).toBe('passing critical passing')
  expect(reader.last().kind).toBe('ready')
  registry.setChecks('2', ['web', 'success'])
  await platform.advance(11_500)
  expect(healths(reader)).toBe('passing passing passing')
})

test('an allocation is listed before its task begins: where others pass it waits for its checks, which are asked for soon', async () => {
  const { platform, registry, reader } = await watch((fake) => fake.setChecks('1', ['web', 'success']), {}, three.slice(0, 1))
  // Its client has not begun with its checks yet, and says nothing of them.
  registry.put('web', three.slice(0, 2))
  await platform.advance(600)
  expect(healths(reader)).toBe('passing critical')
  registry.setChecks('2', ['web', 'pending'])
  await platform.advance(1000)
  expect(healths(reader)).toBe('passing critical')
  registry.setChecks('2', ['web', 'success'])
  await platform.advance(2500)
  expect(healths(reader)).toBe('passing passing')
})

test('an allocation whose checks have not run gets what there is when the one that passed is gone', async () => {
  const { platform, registry, reader } = await watch((fake) => three.forEach(({ id }) => fake.setChecks(id, ['web', id === '1' ? 'success' : 'pending'])))
  expect(healths(reader)).toBe('passing critical critical')
  registry.put('web', three.slice(1))
  await platform.advance(600)
  expect(healths(reader)).toBe('unknown unknown')
})

test('when the one that passed is stopped since its successor passes now, the successor gets its requests at once', async () => {
  const { platform, registry, reader } = await watch((fake) => {
    fake.setChecks('1', ['web', 'success'])
    fake.setChecks('2', ['web', 'failure'])
  }, {}, three.slice(0, 2))
  expect(healths(reader)).toBe('passing critical')
  registry.setChecks('2', ['web', 'success'])
  registry.put('web', three.slice(1, 2))
  await platform.advance(600)
  expect(reader.sets.map((set) => endpointsOf(set).map(({ health }) => health).join(' '))).toEqual(['passing critical', 'passing'])
})

test('what checks said holds while they begin anew', async () => {
  const { platform, registry, reader } = await watch((fake) => three.forEach(({ id }) => fake.setChecks(id, ['web', id === '2' ? 'failure' : 'success'])))
  three.forEach(({ id }) => registry.setChecks(id, ['web', 'pending']))
  await platform.advance(60_000)
  expect(healths(reader)).toBe('passing critical passing')
})

test('allocations without checks are known as such, and cost no list a question', async () => {
  const { platform, registry, reader } = await watch(() => undefined, { checksEvery: '10m' })
  await platform.advance(10_000)
  expect(healths(reader)).toBe('unknown unknown unknown')
  // One that opens the set, and one when the stream is there: that there are no checks is no news.
  expect(registry.seen.filter(({ path }) => path === '/v1/service/web')).toHaveLength(2)
  const before = registry.seen.filter(isChecks).length
  for (let turn = 0; turn < 5; turn++) {
    registry.put('web', three.map((row) => ({ ...row, tags: [`t${turn}`] })))
    await platform.advance(1000)
  }
  expect(registry.seen.filter(isChecks)).toHaveLength(before)
})

test('all checks failing is what the registry states, and is believed', async () => {
  const { platform, registry, reader } = await watch((fake) => three.forEach(({ id }) => fake.setChecks(id, ['web', 'success'])))
  three.forEach(({ id }) => registry.setChecks(id, ['web', 'failure']))
  await platform.advance(11_500)
  expect(reader.last().kind).toBe('ready')
  expect(healths(reader)).toBe('critical critical critical')
})

test.each<readonly [string, () => Response | Promise<Response>]>([
  ['denied', () => plain(403, 'Permission denied')],
  ['a client that cannot be reached', () => plain(500, 'No path to node')],
  ['an allocation that is not known', () => plain(404, 'Unknown allocation')],
  ['a list where an object should be', () => new Response('[]')],
  ['no answer', () => new Promise(() => {})],
])('questions for checks that fail change no set: %s', async (_, answer) => {
  const { platform, registry, reader } = await watch((fake) => {
    fake.setChecks('1', ['web', 'success'])
    fake.setChecks('2', ['web', 'failure'])
  })
  const before = reader.last()
  registry.answerWith((seen) => (isChecks(seen) ? answer() : undefined))
  await platform.advance(120_000)
  expect(reader.last()).toBe(before)
  expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
})

test('that checks may not be read is said once', async () => {
  const { platform, reader } = await watch((fake) => fake.answerWith((seen) => (isChecks(seen) ? plain(403, 'Permission denied') : undefined)))
  await platform.advance(120_000)
  expect(healths(reader)).toBe('unknown unknown unknown')
  expect(platform.lines.map(({ message }) => message)).toEqual([expect.stringMatching(/^registry main: the checks of allocations cannot be read, .*403 Permission denied/)])
})

test('what checks say is no change that the event stream should have told', async () => {
  const { platform, registry, reader } = await watch((fake) => three.forEach(({ id }) => fake.setChecks(id, ['web', 'success'])), { checksEvery: '1s' })
  for (let turn = 0; turn < 700; turn++) {
    registry.setChecks('2', ['web', turn % 2 === 0 ? 'failure' : 'success'])
    await platform.advance(1500)
  }
  // Nor is a client that answers at last, of which a list asks that nothing else asked for.
  registry.answerWith((seen) => (isChecks(seen) ? plain(500, 'No path to node') : undefined))
  registry.put('web', [...three, { id: '9', address: '10.0.0.9' }])
  await platform.advance(10_000)
  registry.setChecks('9', ['web', 'success'])
  const asked = registry.seen.filter(({ path }) => path === '/v1/service/web').length
  registry.answerWith((seen) => (isChecks(seen) && registry.seen.filter(({ path }) => path === '/v1/service/web').length === asked ? plain(500, 'No path to node') : undefined))
  await platform.advance(100_000)
  expect(healths(reader).endsWith('passing')).toBe(true)
  expect(reader.attempts.filter(({ missedChange }) => missedChange)).toEqual([])
})

test('a failure that can no longer be asked for is forgotten after three minutes', async () => {
  const { platform, registry, reader } = await watch((fake) => fake.setChecks('2', ['web', 'failure']))
  registry.answerWith((seen) => (isChecks(seen) ? plain(500, 'No path to node') : undefined))
  await platform.advance(170_000)
  expect(healths(reader)).toBe('unknown critical unknown')
  await platform.advance(30_000)
  expect(healths(reader)).toBe('unknown unknown unknown')
})

test('clients that do not answer hold the first set up for a second, and no more than four are asked at once', async () => {
  let open = 0
  let most = 0
  const { platform, reader } = await watch((fake) => {
    fake.answerWith(async (seen, init) => {
      if (!isChecks(seen)) return undefined
      most = Math.max(most, ++open)
      await new Promise((resolve) => init.signal?.addEventListener('abort', resolve))
      open--
      return undefined
    })
  }, {}, Array.from({ length: 20 }, (_, n) => ({ id: `${n}`, address: `10.0.1.${n}` })))
  expect(reader.sets).toEqual([])
  await platform.advance(600)
  expect(endpointsOf(reader.last())).toHaveLength(20)
  await platform.advance(60_000)
  expect(most).toBe(4)
})

test('a client that hung once is asked again', async () => {
  const { platform, registry, reader } = await watch((fake) => three.forEach(({ id }) => fake.setChecks(id, ['web', 'success'])))
  registry.answerWith((seen) => (isChecks(seen) ? new Promise(() => {}) : undefined))
  await platform.advance(12_000)
  registry.recover()
  registry.setChecks('2', ['web', 'failure'])
  await platform.advance(17_500)
  expect(healths(reader)).toBe('passing critical passing')
})

test('an allocation whose client does not answer holds up one list, not each', async () => {
  const { platform, registry, reader } = await watch((fake) => {
    fake.put('web', [...three, { id: 'f', address: '10.0.0.9', node: FROZEN }])
    fake.answerWith((seen) => (seen.path.includes('alloc-f') ? new Promise(() => {}) : undefined))
  })
  await platform.advance(1500)
  expect(endpointsOf(reader.last())).toHaveLength(4)
  registry.put('web', [...three.slice(1), { id: 'f', address: '10.0.0.9', node: FROZEN }])
  await platform.advance(300)
  expect(endpointsOf(reader.last())).toHaveLength(3)
})

const FROZEN = 'f7aa0000-0000-0000-0000-00000000f0f0'

/** A service of forty on a client that has just been frozen, and the service `web` of three on another one. */
async function besideFrozen({ big: more = [] }: { readonly big?: readonly Row[] } = {}): Promise<World & { readonly big: Reader; thaw(): void }> {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  const frozen = Array.from({ length: 40 }, (_, n) => ({ id: `f${n}`, address: `10.0.1.${n}`, node: FROZEN }))
  registry.put('big', [...frozen, ...more])
  registry.put('web', three)
  for (const { id } of three) registry.setChecks(id, ['web', 'success'])
  for (const { id } of [...frozen, ...more]) registry.setChecks(id, ['big', 'success'])
  const discoverer = nomad.create('main', {}, platform)
  const [big, reader] = ['big', 'web'].map((name) => read({ platform, ref: { registry: 'main', name, options: {} } }, discoverer)) as [Reader, Reader]
  readers.push(big, reader)
  await platform.advance(2000)
  let hangs = true
  registry.answerWith((seen, init) => (isChecks(seen) && seen.path.includes('alloc-f') && hangs ? new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted')))) : undefined))
  return { platform, registry, reader, big, thaw: () => void (hangs = false) }
}

test('a client that is frozen keeps no other from being asked: a check that begins to fail elsewhere is seen as soon as ever', async () => {
  const { platform, registry, reader } = await besideFrozen()
  // At any time, from the moment on at which it froze.
  for (let round = 0; round < 6; round++) {
    registry.setChecks('2', ['web', 'failure'])
    await platform.advance(12_500)
    expect(healths(reader)).toBe('passing critical passing')
    registry.setChecks('2', ['web', 'success'])
    await platform.advance(12_500)
    expect(healths(reader)).toBe('passing passing passing')
  }
})

test('beside a client that is frozen a new allocation elsewhere is asked for in time, and gets nothing before its task begins', async () => {
  const { platform, registry, reader } = await besideFrozen()
  // Before the others were asked again, while they are, and after.
  for (let n = 0; n < 20; n++) {
    registry.setChecks(`new${n}`, ['web', 'pending'])
    registry.put('web', [...three, { id: `new${n}`, address: '10.0.0.9' }])
    await platform.advance(1500)
    expect(healths(reader), `after ${n * 1.5} s`).toBe('passing passing passing critical')
  }
})

test('allocations of the same service on other clients are asked for as often as ever beside one that is frozen', async () => {
  const { platform, registry, big } = await besideFrozen({ big: [{ id: 'other', address: '10.0.0.9' }] })
  const other = (): string | undefined => endpointsOf(big.last()).find(({ id }) => id.includes('other'))?.health
  expect(other()).toBe('passing')
  for (const [status, health] of [['failure', 'critical'], ['success', 'passing'], ['failure', 'critical']] as const) {
    registry.setChecks('other', ['big', status])
    await platform.advance(12_500)
    expect(other()).toBe(health)
  }
})

test('a client that is frozen is asked by one question at a time, and all of its allocations soon after it goes on', async () => {
  const { platform, registry, big, thaw } = await besideFrozen()
  await platform.advance(20_000)
  const before = registry.seen.filter(({ path }) => path.includes('alloc-f')).length
  await platform.advance(60_000)
  // Each takes 5 s to be late, one a round.
  expect(registry.seen.filter(({ path }) => path.includes('alloc-f')).length - before).toBeLessThanOrEqual(12)
  for (let n = 0; n < 40; n++) registry.setChecks(`f${n}`, ['big', 'failure'])
  thaw()
  await platform.advance(17_500)
  expect(new Set(endpointsOf(big.last()).map(({ health }) => health))).toEqual(new Set(['critical']))
})

test('many clients that are frozen at once keep no other from being asked either, and each of them is asked again', async () => {
  const frozen = Array.from({ length: 30 }, (_, n) => ({ id: `fz${n}`, address: `10.0.2.${n}`, node: `frozen-${n}` }))
  const { platform, registry, reader } = await besideFrozen({ big: frozen })
  await platform.advance(30_000)
  registry.setChecks('2', ['web', 'failure'])
  await platform.advance(12_500)
  expect(healths(reader)).toBe('passing critical passing')
  registry.seen.length = 0
  await platform.advance(120_000)
  const asked = new Set(registry.seen.filter(({ path }) => path.includes('alloc-f')).map(({ path }) => (path.includes('alloc-fz') ? path : FROZEN)))
  expect(asked.size).toBe(31)
})

test('a service of many allocations asks twenty a second at most', async () => {
  const { platform, registry } = await watch(() => undefined, { checksEvery: '1s' }, Array.from({ length: 600 }, (_, n) => ({ id: `${n}`, address: `10.1.${n >> 8}.${n & 255}` })))
  await platform.advance(2000)
  const before = registry.seen.filter(isChecks).length
  await platform.advance(120_000)
  expect((registry.seen.filter(isChecks).length - before) / 120).toBeLessThan(24)
})

test('an agent is not left because a client of it does not answer', async () => {
  const { platform, registry } = await watch((fake) => fake.answerWith((seen) => (isChecks(seen) ? plain(500, 'No path to node') : undefined)), { address: ['http://a:4646', 'http://b:4646'] })
  await platform.advance(60_000)
  expect(new Set(registry.seen.map(({ origin }) => origin))).toEqual(new Set(['http://a:4646']))
})

test('checks are asked for in the namespace and region of the registration, and not when they are turned off', async () => {
  const on = await watch((fake) => fake.put('web', [{ id: '9', address: '10.0.0.9' }], { namespace: 'shop' }), { namespaces: ['*'], region: 'eu' })
  const asked = on.registry.seen.filter(isChecks).map(({ path, query }) => `${path}?${query.toString()}`)
  expect(asked).toContain('/v1/client/allocation/alloc-9/checks?region=eu&namespace=shop')
  expect(asked).toContain('/v1/client/allocation/alloc-1/checks?region=eu&namespace=default')
  const off = await watch(() => undefined, { checks: false })
  await off.platform.advance(60_000)
  expect(off.registry.seen.filter(isChecks)).toEqual([])
})

test('an allocation whose id is no id is not asked for', async () => {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  registry.put('web', [{ ID: 'x', ServiceName: 'web', Address: '10.0.0.1', Port: 1, AllocID: '../../jobs' }])
  const reader = read({ platform, ref: { registry: 'main', name: 'web', options: {} } }, nomad.create('main', {}, platform))
  readers.push(reader)
  await platform.advance(20_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:1')
  expect(registry.seen.filter(isChecks)).toEqual([])
})

test('after the watch has ended nothing is asked for', async () => {
  const { platform, registry, reader } = await watch((fake) => fake.setChecks('1', ['web', 'success']))
  await reader.stop()
  const before = registry.seen.length
  await platform.advance(120_000)
  expect(registry.seen).toHaveLength(before)
})
