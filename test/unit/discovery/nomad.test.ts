// What is Nomad's own: the index of the table, the event stream and its ways of misleading, namespaces, rights, tags, several
// agents. Over a fake of its wire, under virtual time. The checks of allocations are in nomad-checks.test.ts.
import { afterEach, expect, test } from 'vitest'
import type { Capabilities } from '../../../discovery/adapter.ts'
import { nomad } from '../../../discovery/nomad.ts'
import { Departures } from '../../../discovery/nomad/departures.ts'
import { parseRef } from '../../../src/model/discoverer.ts'
import { endpointsOf, type Endpoint } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakeNomad, type FakeNomad, type Seen } from '../../support/fake-nomad.ts'
import { json, plain, wire, type Row } from '../../support/nomad-wire.ts'
import { fakePlatform, START, type FakePlatform } from '../../support/fake-platform.ts'
import { expectToldOnce } from '../../support/told-once.ts'

interface World {
  readonly platform: FakePlatform
  readonly registry: FakeNomad
  readonly reader: Reader
}

const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

interface Setup {
  readonly rows?: readonly (Row | Record<string, unknown>)[]
  readonly options?: object
  readonly ref?: string
  /** What a run before this one knew. */
  readonly last?: readonly Endpoint[]
  readonly prepare?: (registry: FakeNomad, platform: FakePlatform) => Capabilities | undefined | void
}

const three: readonly Row[] = [1, 2, 3].map((n) => ({ id: `${n}`, address: `10.0.0.${n}` }))
const ready = 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080'
const kept = (outcome: string): string => ready.replace('ready', `stale ${outcome}`)

/** Watches a service until it is known and its event stream is there. Checks are left out, they have their own tests. */
async function watch({ rows = three, options = {}, ref = 'main/web', last, prepare = () => undefined }: Setup = {}): Promise<World> {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  registry.put('web', rows)
  const capabilities = prepare(registry, platform) ?? {}
  const parsed = parseRef(ref)
  if (parsed === undefined) throw new Error(ref)
  const reader = read({ platform, ref: parsed }, nomad.create('main', { checks: false, ...options }, platform, capabilities), last && { endpoints: last, at: START })
  readers.push(reader)
  await platform.advance(500)
  return { platform, registry, reader }
}

const lists = (registry: FakeNomad): readonly Seen[] => registry.seen.filter(({ path }) => path.startsWith('/v1/service'))
const streams = (registry: FakeNomad): readonly Seen[] => registry.seen.filter(({ path }) => path === '/v1/event/stream')
const asked = ({ path, query }: Seen): string => `${path}?${query.toString()}`
const noStream = ({ path }: Seen): Response | undefined => (path === '/v1/event/stream' ? plain(403, 'Permission denied') : undefined)

// --- questions

test('any server is listed, the stream of services is opened, and the list is read again, since what happened before it is not heard', async () => {
  const { registry } = await watch()
  expect(registry.seen.map(asked)).toEqual(['/v1/service/web?namespace=default&stale=true', '/v1/event/stream?topic=Service&namespace=default', expect.stringMatching(/^\/v1\/service\/web\?/)])
})

test('options of the registry and of the reference reach the questions', async () => {
  const options = { token: 'secret', region: 'eu', namespaces: ['shop'] }
  const { registry } = await watch({ options, ref: 'main/web?filter=JobID%20%3D%3D%20"x"' })
  expect(registry.seen.slice(0, 2).map(asked)).toEqual(['/v1/service/web?region=eu&namespace=shop&filter=JobID+%3D%3D+%22x%22&stale=true', '/v1/event/stream?topic=Service&region=eu&namespace=shop'])
  expect(registry.seen.every(({ token }) => token === 'secret')).toBe(true)
  const other = await watch({ options, ref: 'main/web?namespace=default&region=us' })
  expect(asked(other.registry.seen[0] as Seen)).toBe('/v1/service/web?region=us&namespace=default&stale=true')
})

test.each([
  ['unix:/alloc/secrets/api.sock', '/alloc/secrets/api.sock', 'http://localhost'],
  ['unix:///alloc/secrets/api.sock', '/alloc/secrets/api.sock', 'http://localhost'],
  ['https://nomad:4646/behind/', undefined, 'https://nomad:4646'],
])('the address %s', async (address, socketPath, origin) => {
  const { registry, reader } = await watch({ options: { address }, ref: 'main/a b', prepare: (fake) => fake.answerWith(() => plain(500, 'x')) })
  expect(registry.seen[0]).toMatchObject({ socketPath, origin, path: address.startsWith('unix') ? '/v1/service/a%20b' : '/behind/v1/service/a%20b' })
  expect(reader.attempts[0]?.message).toBe(`${address}: 500 x`)
})

test('a socket that is not there is named', async () => {
  const gone = (): Promise<Response> => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'connect' }) }))
  const { reader } = await watch({ options: { address: 'unix:/secrets/api.sock' }, prepare: (fake) => fake.answerWith(gone) })
  expect(reader.attempts[0]?.message).toBe('unix:/secrets/api.sock: there is no such socket')
})

test.each(['nomad:4646', 'ftp://nomad', 'unix:api.sock', 'http://user:password@nomad:4646'])('the address %s is refused', (address) => {
  expect(() => nomad.create('main', { address }, fakePlatform())).toThrow()
})

// --- tokens

test('a token file is read before each question, those of streams too', async () => {
  let files: ReturnType<typeof fakeFiles> | undefined
  const { platform, registry, reader } = await watch({
    options: { tokenFile: '/secrets/nomad_token' },
    prepare(_, world) {
      files = fakeFiles(world, ['/secrets'])
      files.write('/secrets/nomad_token', 'one\n')
      return { files }
    },
  })
  expect(new Set(registry.seen.map(({ token }) => token))).toEqual(new Set(['one']))
  files?.write('/secrets/nomad_token', 'two\n')
  registry.cut()
  await platform.advance(1000)
  expect([lists(registry).at(-1)?.token, streams(registry).at(-1)?.token]).toEqual(['two', 'two'])
  files?.remove('/secrets/nomad_token')
  await platform.advance(50_000)
  expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'failed', message: 'the token file /secrets/nomad_token is missing or empty' })
})

test('a token file where files cannot be read is refused when it is configured', () => {
  expect(() => nomad.create('main', { tokenFile: '/t' }, fakePlatform())).toThrow(/registry main: tokenFile needs files/)
})

// --- indexes

test('after an event any server is asked to come as far as that event', async () => {
  const { platform, registry } = await watch()
  registry.put('web', three.slice(0, 2))
  await platform.advance(200)
  expect(asked(lists(registry).at(-1) as Seen)).toBe(`/v1/service/web?namespace=default&stale=true&index=${registry.index - 1}&wait=1000ms`)
  await platform.advance(60_000)
  expect(lists(registry).at(-1)?.query.has('index')).toBe(false)
})

test('a server that lags behind the event is waited for, then the leader says', async () => {
  const { platform, registry, reader } = await watch()
  registry.lag(true)
  registry.put('web', three.slice(0, 2))
  await platform.advance(900)
  expect(summary(reader.last())).toBe(ready)
  await platform.advance(600)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  expect(asked(lists(registry).at(-1) as Seen)).toBe('/v1/service/web?namespace=default')
})

test('an older list of a server that lags does not bring back what left', async () => {
  const { platform, registry, reader } = await watch()
  registry.lag(true)
  registry.put('web', three.slice(0, 2))
  await platform.advance(300_000)
  expect(reader.sets.map(summary)).toEqual([ready, 'ready 10.0.0.1:8080 10.0.0.2:8080'])
})

test('nor does it when it is read anew to see whether anything was missed', async () => {
  const { platform, registry, reader } = await watch()
  registry.lag(true)
  registry.put('web', [...three.slice(0, 2), { id: '4', address: '10.0.0.4' }])
  await platform.advance(1_200_000)
  expect(reader.sets.map(summary)).toEqual([ready, 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.4:8080'])
})

test('a state that was restored counts anew: the leader confirms it, and it is followed', async () => {
  const { platform, registry, reader } = await watch()
  registry.index = 3
  registry.putSilently('web', three.slice(0, 2))
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
  registry.put('web', three)
  await platform.advance(300)
  expect(summary(reader.last())).toBe(ready)
})

test('index 0 with an empty list is denied, not empty, and asked for once in 5 s at most', async () => {
  const { platform, registry, reader } = await watch({ options: { namespaces: ['*'] } })
  registry.acl({})
  registry.answerWith(({ path }) => (path === '/v1/services' ? json([], { 'x-nomad-index': '0' }) : undefined))
  registry.cut()
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(kept('denied'))
  const denied = lists(registry).length - 1
  await platform.advance(120_000)
  const times = lists(registry).slice(denied).map(({ at }) => at)
  expect(times.length).toBeGreaterThan(3)
  expect(Math.min(...times.slice(1).map((at, n) => at - (times[n] ?? 0)))).toBeGreaterThanOrEqual(5000)
  expect(reader.attempts.at(-1)?.message).toMatch(/answers without an index.*read-job/)
})

test.each([
  ['a list without an index', () => json([]), /no list with an index; is this a Nomad agent/],
  ['an index that is no number', () => json([], { 'x-nomad-index': '-1' }), /no list with an index/],
  ['an object where a list should be', () => json({}, { 'x-nomad-index': '9' }), /no list with an index/],
  ['a page of a proxy', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), /no JSON but text\/html/],
  ['half a body', () => new Response('[{"ID":', { headers: { 'content-type': 'application/json', 'x-nomad-index': '9' } }), /no JSON/],
  ['a leader that is lost, with its index', () => plain(500, 'No cluster leader', { 'x-nomad-index': '1' }), /500 No cluster leader$/],
  ['a foreign region without a path', () => plain(500, 'No path to region'), /No path to region/],
  ['a redirect', () => new Response(null, { status: 307, headers: { location: 'http://elsewhere/' } }), /307/],
  ['a server cut off from its leader', () => json([], { 'x-nomad-index': '900', 'x-nomad-lastcontact': '60000' }), /no contact with a leader for more than 15 s/],
  ['a server that has never known a leader', () => json([], { 'x-nomad-index': '1', 'x-nomad-knownleader': 'false', 'x-nomad-lastcontact': '9223372036854' }), /no contact with a leader since it started/],
] as const)('%s is failed', async (_, answer, message) => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(({ path }) => (path === '/v1/event/stream' ? undefined : answer()))
  registry.cut()
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(kept('failed'))
  expect(reader.attempts.at(-1)?.message).toMatch(message)
})

test('a server that stays without a leader is told of once, however long it lasts', async () => {
  const { platform, registry, reader } = await watch()
  registry.headers['x-nomad-lastcontact'] = '20000'
  registry.cut()
  registry.put('web', three.slice(0, 2))
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(kept('failed'))
  await expectToldOnce({ platform, reader }, () => (registry.headers['x-nomad-lastcontact'] = '80000'))
  expect(summary(reader.last())).toBe(kept('failed'))
})

test('what a server says that has not heard its leader for some seconds is so old, and not confirmed now', async () => {
  const { platform, registry, reader } = await watch()
  registry.headers['x-nomad-lastcontact'] = '9000'
  registry.put('web', three.slice(0, 2))
  await platform.advance(300)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  const said = reader.attempts.at(-1)?.at ?? 0
  expect(platform.wallClock() - said).toBeGreaterThanOrEqual(9000)
  expect(reader.last()).toMatchObject({ at: said })
})

test.each(['Permission denied', 'ACL token not found'])('403 %s is denied', async (text) => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(() => plain(403, text))
  registry.cut()
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(kept('denied'))
  expect(reader.attempts.at(-1)?.message).toBe(`http://127.0.0.1:4646: 403 ${text}; check the token, which needs read-job in the namespace`)
})

test('an agent that refuses more connections is left alone for as long as it says', async () => {
  const { platform, registry } = await watch()
  registry.answerWith(({ path }) => (path === '/v1/event/stream' ? undefined : plain(429, 'too many connections', { 'retry-after': '20' })))
  registry.cut()
  await platform.advance(1500)
  const before = lists(registry).length
  await platform.advance(18_000)
  expect(lists(registry).length).toBe(before)
})

// --- the event stream

test('a registration that the servers clean up is gone from the list, whatever the type of its event', async () => {
  const { platform, registry, reader } = await watch()
  registry.put('web', three.slice(0, 2), { removal: 'AllocationUpdated' })
  await platform.advance(300)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

test('all instances that were heard to leave are gone at once: a job that is stopped needs no confirmation', async () => {
  const { platform, registry, reader } = await watch()
  registry.put('web', [])
  await platform.advance(300)
  expect(summary(reader.last())).toBe('ready')
})

test.each([
  ['cleaned up by the servers', { removal: 'NodeDeregistration' }],
  // As a real 1.10 does it when a client misses its heartbeats: all in one frame, with the type of the evaluation's write.
  ['on a node that was lost', { removal: 'PlanResult' }],
  ['gone without a word', { removal: undefined }],
])('all instances that are %s are held', async (_, options) => {
  const { platform, registry, reader } = await watch()
  registry.put('web', [], options)
  await platform.advance(50_000)
  expect(reader.sets.map(summary)).toContain(kept('guarded'))
  await platform.advance(40_000)
  expect(summary(reader.last())).toBe('ready')
})

test('one that was heard to leave does not take along those that vanished before', async () => {
  const four = [...three, { id: '4', address: '10.0.0.4' }]
  const { platform, registry, reader } = await watch({ rows: four })
  registry.put('web', four.slice(3), { removal: 'NodeDeregistration' })
  await platform.advance(300)
  expect(summary(reader.last())).toBe(`${kept('guarded')} 10.0.0.4:8080`)
  registry.put('web', [])
  await platform.advance(300)
  expect(summary(reader.last())).toBe(kept('guarded'))
})

test('what is heard after the stream came back counts, what was heard before the last list does not', async () => {
  const { platform, registry, reader } = await watch()
  registry.cut()
  registry.put('web', [])
  await platform.advance(1000)
  // The buffer of the server tells again what was not heard.
  expect(summary(reader.last())).toBe('ready')
  registry.put('web', three)
  await platform.advance(500)
  expect(summary(reader.last())).toBe(ready)
  registry.putSilently('web', [])
  registry.cut()
  await platform.advance(1000)
  // The same ids left once before; that was another departure.
  expect(summary(reader.last())).toBe(kept('guarded'))
})

test('a departure that is told of again says nothing of the same instance later', async () => {
  const { platform, registry, reader } = await watch()
  registry.putSilently('web', [])
  for (const row of three) registry.write(JSON.stringify({ Index: 90, Events: [{ Topic: 'Service', Type: 'ServiceDeregistration', Namespace: 'default', Key: wire(row)['ID'], Index: 90, Payload: { Service: wire(row) } }] }))
  await platform.advance(500)
  expect(summary(reader.last())).toBe(kept('guarded'))
})

test('an agent that comes back without its state is held, and followed', async () => {
  const { platform, registry, reader } = await watch()
  registry.restartEmpty()
  await platform.advance(1500)
  expect(summary(reader.last())).toBe(kept('guarded'))
  registry.put('web', [{ id: '9', address: '10.0.0.9' }])
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(`${kept('guarded')} 10.0.0.9:8080`)
  await platform.advance(45_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.9:8080')
})

test('a stream that falls silent is given up after 75 s, and what it did not say is found', async () => {
  const { platform, registry, reader } = await watch()
  registry.freeze()
  await platform.advance(74_000)
  expect(streams(registry)).toHaveLength(1)
  await platform.advance(2000)
  expect(streams(registry)).toHaveLength(2)
  expect(platform.lines.map(({ message }) => message)).toEqual([expect.stringContaining('the event stream ended: no sign of life within 75 s')])
  registry.putSilently('web', three.slice(0, 2))
  await platform.advance(50_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

test('a heartbeat each 30 s is a sign of life', async () => {
  const { platform, registry } = await watch()
  await platform.advance(600_000)
  expect(streams(registry)).toHaveLength(1)
  expect(platform.lines).toEqual([])
})

test('what the stream lost is found by the list that is read all the same', async () => {
  const { platform, registry, reader } = await watch()
  registry.putSilently('web', three.slice(0, 2))
  await platform.advance(50_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

const missedIn = (reader: Reader): number => reader.attempts.filter(({ missedChange }) => missedChange).length

test('a change counts as missed when a list showed it that no event had asked for, and only then', async () => {
  const { platform, registry, reader } = await watch()
  registry.putSilently('web', three.slice(0, 2))
  await platform.advance(50_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  expect(missedIn(reader)).toBe(1)
  // Each list is one that an event asks for, those among them that read everything anew.
  for (let second = 0; second < 900; second++) {
    registry.put('web', second % 2 === 0 ? three : three.slice(0, 2))
    await platform.advance(1000)
  }
  expect(missedIn(reader)).toBe(1)
})

test('nothing is missed that nobody could hear: before there is a stream, while it is away, and what was known from before the start', async () => {
  const { platform, registry, reader } = await watch({ prepare: (fake) => fake.answerWith(noStream) })
  registry.put('web', three.slice(0, 2))
  await platform.advance(400_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  registry.recover()
  await platform.advance(60_000)
  registry.putSilently('web', three)
  registry.cut()
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe(ready)
  expect(missedIn(reader)).toBe(0)
})

test('what is believed only once it was confirmed was not missed when it was heard of', async () => {
  const { platform, registry, reader } = await watch()
  registry.put('web', [], { removal: 'AllocationUpdated' })
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe('ready')
  expect(missedIn(reader)).toBe(0)
})

test('without the right to hear events each service is listed every 5 s, and that is said once', async () => {
  const { platform, registry, reader } = await watch({ prepare: (fake) => fake.answerWith(noStream) })
  expect(summary(reader.last())).toBe(ready)
  const before = lists(registry).length
  await platform.advance(60_000)
  expect(lists(registry).length - before).toBe(12)
  registry.put('web', three.slice(0, 2))
  await platform.advance(5500)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  expect(platform.lines.map(({ message }) => message)).toEqual(['registry main: the event stream ended: http://127.0.0.1:4646: 403; each service is listed every few seconds meanwhile'])
  registry.recover()
  await platform.advance(31_000)
  expect(platform.lines.at(-1)?.message).toBe('registry main: the event stream is there')
})

test.each<readonly [string, () => Response, string]>([
  ['ends at once', () => new Response('', { headers: { 'content-type': 'application/json' } }), 'the agent closed it'],
  ['ends after a sign of life', () => new Response('{}\n'), 'the agent closed it'],
  ['is an error in words', () => new Response('{}\nsubscription closed by server, client should resubscribe\n'), 'subscription closed by server'],
  ['is an error as JSON', () => new Response('{}\n{"Error":{"Code":403,"Message":"Permission denied"}}\n{}\n'), 'Permission denied'],
])('a stream that %s is opened again and again more slowly, and costs lists no more than polling does', async (_, answer, reason) => {
  const { platform, registry } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/v1/event/stream' ? answer() : undefined)) })
  await platform.advance(120_000)
  expect(streams(registry).length).toBeLessThan(25)
  expect(lists(registry).length).toBeLessThan(70)
  expect(platform.lines[0]?.message).toContain(reason)
})

test('a stream that lasted is opened again at once when it ends, however often that happens', async () => {
  const { platform, registry } = await watch()
  for (let time = 0; time < 12; time++) {
    await platform.advance(150_000)
    registry.cut()
    await platform.advance(600)
    expect(registry.streams()).toBe(1)
  }
})

test('a line without end is refused, and the list is read', async () => {
  const { platform, registry, reader } = await watch()
  registry.putSilently('web', three.slice(0, 2))
  registry.write('x'.repeat(9 * 2 ** 20))
  await platform.advance(500)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  expect(platform.lines[0]?.message).toContain('a line of the stream is longer than')
})

test('a stream that does not begin is given up', async () => {
  const { platform, registry } = await watch({ prepare: (fake) => fake.answerWith(({ path }) => (path === '/v1/event/stream' ? new Promise(() => {}) : undefined)) })
  await platform.advance(11_500)
  expect(streams(registry)).toHaveLength(2)
  expect(platform.lines[0]?.message).toContain('no answer within 10 s')
})

test('events of other services and of other topics cost no list; one that names none does', async () => {
  const { platform, registry } = await watch()
  const before = lists(registry).length
  registry.put('other', three)
  registry.write('{"Index":1,"Events":[{"Topic":"Job","Type":"JobRegistered","Payload":{}}]}')
  registry.write('{"Index":1,"Events":"none"}')
  await platform.advance(5000)
  expect(lists(registry)).toHaveLength(before)
  registry.write('{"Index":1,"Events":[{"Topic":"Service","Type":"?"}]}')
  await platform.advance(500)
  expect(lists(registry)).toHaveLength(before + 1)
})

test('a change while a list is being read is not lost', async () => {
  const { platform, registry, reader } = await watch()
  let held: (() => void) | undefined
  registry.answerWith(async (seen) => {
    if (!seen.path.startsWith('/v1/service/') || held !== undefined) return undefined
    const old = json(three.map((row) => wire(row)), { 'x-nomad-index': String(registry.index) })
    await new Promise<void>((resolve) => (held = resolve))
    return old
  })
  registry.write('{"Index":1,"Events":[{"Topic":"Service","Type":"?"}]}')
  await platform.advance(200)
  registry.put('web', three.slice(0, 2))
  await platform.advance(1000)
  held?.()
  await platform.advance(500)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

test('all services of a registry share one stream, which ends with the last of them', async () => {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  const discoverer = nomad.create('main', { checks: false }, platform)
  const all = Array.from({ length: 50 }, (_, n) => {
    registry.put(`s${n}`, three)
    return read({ platform, ref: { registry: 'main', name: `s${n}`, options: {} } }, discoverer)
  })
  readers.push(...all)
  await platform.advance(1000)
  expect(registry.streams()).toBe(1)
  const before = lists(registry).length
  registry.put('s7', three.slice(0, 2))
  await platform.advance(500)
  expect(lists(registry)).toHaveLength(before + 1)
  await Promise.all(all.slice(1).map((reader) => reader.stop()))
  expect(registry.streams()).toBe(1)
  await all[0]?.stop()
  await platform.settle()
  expect(registry.streams()).toBe(0)
  const again = read({ platform, ref: { registry: 'main', name: 's1', options: {} } }, discoverer)
  readers.push(again)
  await platform.advance(1000)
  expect(registry.streams()).toBe(1)
})

test('an instance that comes and goes ten times a second costs a few lists and sets a second', async () => {
  const { platform, registry, reader } = await watch()
  const before = lists(registry).length
  for (let flap = 0; flap < 600; flap++) {
    registry.put('web', flap % 2 === 0 ? three.slice(0, 2) : three)
    await platform.advance(100)
  }
  expect(reader.sets.length).toBeLessThan(60 * 4 + 10)
  expect(lists(registry).length - before).toBeLessThan(60 * 10 + 10)
})

test.each([['is there', true], ['begins meanwhile', false]])('a watch that begins beside a stream that %s loses nothing of what happens during its first list', async (_, isThere) => {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  registry.put('web', three)
  registry.put('api', three)
  const discoverer = nomad.create('main', { checks: false }, platform)
  const begin = async (name: string): Promise<Reader> => {
    const reader = read({ platform, ref: { registry: 'main', name, options: {} } }, discoverer)
    readers.push(reader)
    await platform.advance(300)
    return reader
  }
  if (isThere) await begin('web')
  registry.answerWith(async ({ path }) => {
    if (path !== '/v1/service/api') return undefined
    registry.recover()
    const answer = json(three.map((row) => wire(row, 'api')), { 'x-nomad-index': String(registry.index) })
    await platform.sleep(1000)
    return answer
  })
  const reader = await begin('api')
  if (!isThere) await begin('web')
  registry.put('api', three.slice(0, 1))
  await platform.advance(2000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080')
  expect(reader.attempts.filter(({ missedChange }) => missedChange)).toEqual([])
  // One that is quiet, beside it, is listed once.
  const before = lists(registry).length
  await begin('quiet')
  await platform.advance(2000)
  expect(lists(registry)).toHaveLength(before + 1)
})

test('what left one namespace while the next one was listed has left by word', async () => {
  const { platform, registry, reader } = await watch({ options: { namespaces: ['default', 'shop'] } })
  expect(summary(reader.last())).toBe(ready)
  registry.answerWith(async ({ query }) => {
    if (query.get('namespace') !== 'shop') return undefined
    registry.recover()
    registry.put('web', [])
    await platform.sleep(100)
    return undefined
  })
  registry.put('web', [{ ...three[0], tags: ['x'] } as Row, ...three.slice(1)])
  await platform.advance(1000)
  expect(summary(reader.last())).toBe('ready')
})

test('instances that come and go for ever take no memory: those neither listed nor heard of are forgotten after ten minutes', () => {
  const departures = new Departures()
  const list = (index: number, at: number, ...ids: string[]): number => departures.listed(new Set(ids), new Map(ids.map((id) => [id, BigInt(index)])), at).size
  let most = 0
  for (let n = 1; n <= 1000; n++) {
    const at = n * 30_000
    departures.heard(`web-${n - 1}`, BigInt(2 * n), at - 100)
    most = Math.max(most, list(2 * n + 1, at, 'stays', `web-${n}`))
    // One that was forgotten is unknown: what is said of it says nothing.
    departures.heard(`web-${n - 30}`, BigInt(2 * n + 1), at)
  }
  expect(most).toBeGreaterThan(15)
  expect(most).toBeLessThan(25)
  expect(list(3000, 31_000_000, 'stays')).toBeLessThan(25)
  // However long nothing could be listed, what was heard before the next list counts for it.
  departures.heard('stays', 4000n, 31_000_100)
  expect(departures.listed(new Set(), new Map(), 40_000_000)).toContain('stays')
  expect(list(4002, 40_000_001)).toBe(0)
})

// --- namespaces

test('in all namespaces the service is looked for first, then listed where it is', async () => {
  const { registry, reader } = await watch({
    options: { namespaces: ['*'] },
    prepare(fake) {
      fake.put('web', [{ id: '4', address: '10.0.0.4' }], { namespace: 'shop' })
      fake.put('other', three, { namespace: 'else' })
    },
  })
  expect(registry.seen.slice(0, 4).map(asked)).toEqual([
    '/v1/services?namespace=*&stale=true',
    '/v1/service/web?namespace=default&stale=true',
    '/v1/service/web?namespace=shop&stale=true',
    '/v1/event/stream?topic=Service&namespace=*',
  ])
  expect(summary(reader.last())).toBe(`${ready} 10.0.0.4:8080`)
})

test('the namespace is part of the identity: equal ids in two of them are two endpoints', async () => {
  const { reader } = await watch({ options: { namespaces: ['default', 'shop'] }, rows: [{ id: '1', address: '10.0.0.1' }], prepare: (fake) => fake.put('web', [{ id: '1', address: '10.0.0.9' }], { namespace: 'shop' }) })
  expect(endpointsOf(reader.last()).map(({ id }) => id)).toEqual(['main/default/_nomad-task-alloc-1-group-api-web-http', 'main/shop/_nomad-task-alloc-1-group-api-web-http'])
})

test('one namespace that may not be read makes no partial set', async () => {
  const { reader } = await watch({ options: { namespaces: ['default', 'shop'], token: 't' }, prepare: (fake) => fake.acl({ t: ['default'] }) })
  expect(summary(reader.last())).toBe('pending denied')
})

test('a service in no namespace at all is empty, not denied', async () => {
  const { reader } = await watch({ options: { namespaces: ['*'] }, ref: 'main/nothing' })
  expect(summary(reader.last())).toBe('ready')
})

test('a service that appears in another namespace is heard of', async () => {
  const { platform, registry, reader } = await watch({ options: { namespaces: ['*'] } })
  registry.put('web', [{ id: '4', address: '10.0.0.4' }], { namespace: 'shop' })
  await platform.advance(300)
  expect(summary(reader.last())).toBe(`${ready} 10.0.0.4:8080`)
})

test.each([
  ['default', 403],
  ['*', 200],
])('a token that loses its rights in %s keeps what it knew', async (namespace, _status) => {
  const { platform, registry, reader } = await watch({ options: { namespaces: [namespace], token: 't' }, prepare: (fake) => fake.acl({ t: ['default'] }) })
  registry.acl({ t: [] })
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe(kept('denied'))
  registry.acl({ t: ['default'] })
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe(ready)
})

/** A service in the namespaces `default` and `shop`, both of which the token may read. */
function watchBoth(namespaces: readonly string[], rights: readonly string[] = ['default', 'shop'], setup: Setup = {}): Promise<World> {
  return watch({
    ...setup,
    options: { namespaces, token: 't' },
    prepare(fake) {
      fake.put('web', [{ id: '4', address: '10.0.0.4' }], { namespace: 'shop' })
      fake.acl({ t: rights })
    },
  })
}

test.each([[['*']], [['default', 'shop']]])('a token that loses its rights in one namespace of %j keeps what it knew there, however little that was', async (namespaces) => {
  const { platform, registry, reader } = await watchBoth(namespaces)
  registry.acl({ t: ['default'] })
  await platform.advance(600_000)
  expect(summary(reader.last())).toBe(`${kept('denied')} 10.0.0.4:8080`)
  expect(reader.attempts.at(-1)?.message).toContain('read-job in the namespace')
  registry.acl({ t: ['default', 'shop'] })
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe(`${ready} 10.0.0.4:8080`)
  expect(reader.sets.map(summary)).toEqual([`${ready} 10.0.0.4:8080`, `${kept('denied')} 10.0.0.4:8080`, `${ready} 10.0.0.4:8080`])
})

test.each([[['*']], [['default', 'shop']]])('while rights in one namespace of %j are missing, the others are followed and it keeps what it had', async (namespaces) => {
  const { platform, registry, reader } = await watchBoth(namespaces)
  registry.acl({ t: ['default'] })
  await platform.advance(20_000)
  registry.put('web', [...three.slice(0, 2), { id: '5', address: '10.0.0.5' }])
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe('stale denied 10.0.0.1:8080 10.0.0.2:8080 10.0.0.5:8080 10.0.0.4:8080')
  expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'denied', believed: false })
  // An emptiness of the others is one all the same.
  registry.put('web', [], { removal: undefined })
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe('stale denied 10.0.0.4:8080')
  registry.acl({ t: ['default', 'shop'] })
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.4:8080')
})

test.each([[['*']], [['default', 'shop']]])('rights in one namespace of %j that ended before a restart, or meanwhile, are missing after it as well', async (namespaces) => {
  const before = await watchBoth(namespaces)
  const last = endpointsOf(before.reader.last())
  const { platform, registry, reader } = await watchBoth(namespaces, ['default'], { last })
  await platform.advance(600_000)
  expect(summary(reader.last())).toBe(`${kept('denied')} 10.0.0.4:8080`)
  expect(reader.last()).toMatchObject({ at: START, cause: { message: expect.stringContaining('web is kept as it was in the namespace shop') } })
  registry.put('web', [...three.slice(0, 2), { id: '5', address: '10.0.0.5' }])
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe('stale denied 10.0.0.1:8080 10.0.0.2:8080 10.0.0.5:8080 10.0.0.4:8080')
  registry.acl({ t: ['default', 'shop'] })
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.5:8080 10.0.0.4:8080')
})

test('rights that ended before a restart in the only namespace of a service are no emptiness after it', async () => {
  const elsewhere = await watchBoth(['*'], ['default', 'shop'], { rows: [] })
  const { platform, reader } = await watchBoth(['*'], ['default'], { rows: [], last: endpointsOf(elsewhere.reader.last()) })
  await platform.advance(120_000)
  expect(summary(reader.last())).toBe('stale denied 10.0.0.4:8080')
})

test('what is held in a namespace when the rights there end is held on, and no good one again', async () => {
  const { platform, registry, reader } = await watch({
    options: { namespaces: ['default', 'shop'], token: 't' },
    rows: [],
    prepare(fake) {
      fake.put('web', three, { namespace: 'shop' })
      fake.acl({ t: ['default', 'shop'] })
    },
  })
  registry.put('web', [], { namespace: 'shop', removal: 'AllocationUpdated' })
  await platform.advance(2000)
  registry.acl({ t: ['default'] })
  await platform.advance(2000)
  expect(summary(reader.last())).toBe(kept('denied'))
  expect(endpointsOf(reader.last()).every(({ held }) => held)).toBe(true)
})

test('a service that left a namespace is not asked for there for ever, and rights that end there then are no news', async () => {
  const { platform, registry, reader } = await watch({
    options: { namespaces: ['*'], token: 't' },
    prepare(fake) {
      fake.put('web', [{ id: '4', address: '10.0.0.4' }], { namespace: 'shop' })
      fake.acl({ t: ['default', 'shop'] })
    },
  })
  registry.put('web', [], { namespace: 'shop' })
  await platform.advance(1000)
  registry.acl({ t: ['default'] })
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe(ready)
})

// --- registrations

const one = async (row: Row): Promise<Record<string, unknown>> => {
  const { reader } = await watch({ rows: [row] })
  const endpoint = endpointsOf(reader.last())[0]
  return { ...endpoint, meta: { ...endpoint?.meta } }
}

test.each<readonly [string, Row, Record<string, unknown>]>([
  ['the datacenter is the zone', { id: 'a', datacenter: 'dc7' }, { zone: 'dc7', weight: 1, health: 'unknown', draining: false }],
  ['unless a tag says another', { id: 'a', datacenter: 'dc7', tags: ['fairlead.zone=b'] }, { zone: 'b', tags: [] }],
  ['a weight', { id: 'a', tags: ['v2', 'fairlead.weight=5'] }, { weight: 5, tags: ['v2'] }],
  ['a weight of 0', { id: 'a', tags: ['fairlead.weight=0'] }, { weight: 0 }],
  ['metadata', { id: 'a', tags: ['fairlead.meta.version=2=b', 'fairlead.meta.__proto__=x'] }, { meta: JSON.parse('{"version":"2=b","__proto__":"x"}') as object, tags: [] }],
  ['tags of others stay', { id: 'a', tags: ['traefik.enable=true', 'urlprefix-/a', 'fairlead.route=a/**', 'weight=5'] }, { tags: ['traefik.enable=true', 'urlprefix-/a', 'fairlead.route=a/**', 'weight=5'], weight: 1 }],
])('%s', async (_, row, wanted) => {
  const found = await one(row)
  expect(found).toMatchObject(wanted)
})

test('bad registrations are refused alone, each with its reason', async () => {
  const bad: (Row | Record<string, unknown>)[] = [
    { id: 'weight', address: '10.0.0.4', tags: ['fairlead.weight=many'] },
    { id: 'port0', port: 0 },
    { id: 'link-local', address: '169.254.169.254' },
    { ID: 'nowhere', Port: 80 },
    { Nonsense: true },
    { ID: 7 },
  ]
  const { reader } = await watch({ rows: [...three, ...bad] })
  expect(summary(reader.last())).toBe(`${ready} 10.0.0.4:8080`)
  const reasons = reader.attempts[0]?.rejected.map(({ id, reason }) => `${id.replace(/^.*alloc-(.*)-group.*$/, '$1')} ${reason}`) ?? []
  expect(reasons).toHaveLength(6)
  expect(reasons).toEqual(expect.arrayContaining([expect.stringContaining('weight its weight "many" is not a number'), '#7 is not a registration with an ID', '#8 is not a registration with an ID']))
})

test('canaries have their canary_tags for as long as they are canaries, and lose them at once when they are promoted', async () => {
  const canaries: readonly Row[] = [{ id: '7', address: '10.0.0.7', tags: ['canary', 'fairlead.weight=3'] }, { id: '8', address: '10.0.0.8', tags: ['canary', 'fairlead.weight=3'] }]
  const all = await watch({ rows: [...three, ...canaries] })
  expect(endpointsOf(all.reader.last()).map(({ tags, weight }) => `${tags.join()} ${weight}`)).toEqual([' 1', ' 1', ' 1', 'canary 3', 'canary 3'])
  const { platform, registry, reader } = await watch({ rows: [...three, ...canaries], ref: 'main/web?tag=canary' })
  expect(summary(reader.last())).toBe('ready 10.0.0.7:8080 10.0.0.8:8080')
  registry.put('web', [...three, ...canaries.map((row) => ({ ...row, tags: ['v2'] }))])
  await platform.advance(300)
  expect(summary(reader.last())).toBe('ready')
})

test('several tags must all be there', async () => {
  const { reader } = await watch({ rows: [{ id: '1', address: '10.0.0.1', tags: ['v2'] }, { id: '2', address: '10.0.0.2', tags: ['v2', 'eu'] }], ref: 'main/web?tag=v2&tag=eu' })
  expect(summary(reader.last())).toBe('ready 10.0.0.2:8080')
})

// --- several agents

const two = { address: ['http://a:4646', 'http://b:4646'] }

test('agents take turns when they fail, for lists and for the stream', async () => {
  const down = (fake: FakeNomad): void => fake.answerWith(({ origin }) => (origin === 'http://a:4646' ? plain(502, 'bad gateway') : undefined))
  const { registry, platform, reader } = await watch({ options: two, prepare: down })
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(ready)
  expect(registry.seen.slice(0, 3).map(({ origin, path }) => `${origin}${path}`)).toEqual(['http://a:4646/v1/service/web', 'http://b:4646/v1/service/web', 'http://b:4646/v1/event/stream'])
})

test('when an agent fails, an older list of the next one is not taken for the truth', async () => {
  const { platform, registry, reader } = await watch({ options: two })
  registry.lag(true)
  registry.put('web', [...three.slice(0, 2), { id: '4', address: '10.0.0.4' }])
  await platform.advance(1500)
  const now = 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.4:8080'
  expect(summary(reader.last())).toBe(now)
  const sets = reader.sets.length
  registry.answerWith(({ origin }) => (origin === 'http://a:4646' ? plain(502, 'bad gateway') : undefined))
  registry.cut()
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe(now)
  // What left is not back, and what was added is not gone, in no set since.
  expect(reader.sets.slice(sets).map((set) => endpointsOf(set).map(({ host }) => host).join())).not.toContain('10.0.0.1,10.0.0.2,10.0.0.3')
  expect(new Set(reader.sets.slice(sets).map((set) => endpointsOf(set).length))).toEqual(new Set([3]))
})

test('a second agent that is down holds up neither what is confirmed nor what is added', async () => {
  const { registry, platform, reader } = await watch({ options: two, prepare: (fake) => fake.answerWith(({ origin }) => (origin === 'http://b:4646' ? plain(502, 'bad gateway') : undefined)) })
  registry.put('web', [], { removal: 'AllocationUpdated' })
  await platform.advance(20_000)
  expect(summary(reader.last())).toBe(kept('guarded'))
  registry.put('web', [{ id: 'new', address: '10.0.0.9' }])
  await platform.advance(2000)
  expect(summary(reader.last())).toBe(`${kept('guarded')} 10.0.0.9:8080`)
  await platform.advance(20_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.9:8080')
})

test('an empty list is confirmed by the leader through another agent', async () => {
  const { platform, registry } = await watch({ options: two })
  registry.put('web', [], { removal: 'AllocationUpdated' })
  const before = registry.seen.length
  await platform.advance(5000)
  const confirming = registry.seen.slice(before).filter(({ path, query }) => path === '/v1/service/web' && !query.has('stale'))
  expect(confirming.map(({ origin }) => origin)).toEqual(['http://b:4646'])
})

test('a Nomad that hangs leaves none of many services live', async () => {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  const discoverer = nomad.create('main', { checks: false }, platform)
  const many = Array.from({ length: 200 }, (_, n) => {
    registry.put(`s${n}`, three)
    return read({ platform, ref: { registry: 'main', name: `s${n}`, options: {} } }, discoverer)
  })
  readers.push(...many)
  await platform.advance(5000)
  expect(new Set(many.map((reader) => summary(reader.last())))).toEqual(new Set([ready]))
  registry.answerWith(() => new Promise(() => {}))
  registry.freeze()
  await platform.advance(180_000)
  expect(new Set(many.map((reader) => summary(reader.last())))).toEqual(new Set([kept('failed')]))
})
