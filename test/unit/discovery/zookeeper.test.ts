// What is ZooKeeper's own, for serversets and Curator alike: sessions, watches, several servers, rights, sizes. Over a fake of its
// wire, under virtual time.
import { afterEach, describe, expect, test } from 'vitest'
import type { Capabilities } from '../../../discovery/adapter.ts'
import { curator } from '../../../discovery/curator.ts'
import { serverset } from '../../../discovery/serverset.ts'
import { createWatches } from '../../../discovery/zookeeper/watches.ts'
import { parseRef } from '../../../src/model/discoverer.ts'
import { endpointsOf, type Endpoint } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { fakeZooKeeper, type FakeZooKeeper } from '../../support/fake-zookeeper.ts'

interface World {
  readonly platform: FakePlatform
  readonly registry: FakeZooKeeper
  readonly reader: Reader
  /** What was asked since the last call, pings left out. */
  fresh(): string[]
  endpoint(port: number): Endpoint | undefined
}

const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

interface Setup {
  readonly nodes?: Readonly<Record<string, unknown>>
  readonly options?: object
  readonly ref?: string
  readonly seed?: number
  readonly prepare?: (registry: FakeZooKeeper, platform: FakePlatform) => Partial<Capabilities> | undefined
}

const member = (port: number, more: object = {}): object => ({ serviceEndpoint: { host: '10.0.0.1', port }, additionalEndpoints: {}, status: 'ALIVE', ...more })
const instance = (port: number, more: object = {}): object => ({ name: 'web', address: '10.0.0.1', port, sslPort: null, payload: null, ...more })
const three = { '/web/member_1': member(1), '/web/member_2': member(2), '/web/member_3': member(3) }
const ready = 'ready 10.0.0.1:1 10.0.0.1:2 10.0.0.1:3'
const kept = (outcome: string): string => ready.replace('ready', `stale ${outcome}`)

async function watch({ nodes = three, options = {}, ref = 'main/web', seed = 1, prepare = () => undefined }: Setup = {}, adapter = serverset): Promise<World> {
  const platform = fakePlatform({ seed })
  const registry = fakeZooKeeper(platform)
  for (const [path, content] of Object.entries(nodes)) put(registry, path, content)
  const capabilities = { connect: registry.connect, ...prepare(registry, platform) }
  const parsed = parseRef(ref)
  if (parsed === undefined) throw new Error(ref)
  const reader = read({ platform, ref: parsed }, adapter.create('main', options, platform, capabilities))
  readers.push(reader)
  await platform.advance(10)
  let at = 0
  const fresh = (): string[] => {
    const news = registry.seen.slice(at).filter(({ what }) => what !== 'ping')
    at = registry.seen.length
    return news.map(({ what, path }) => `${what} ${path}`.trim())
  }
  return { platform, registry, reader, fresh, endpoint: (port) => endpointsOf(reader.last()).find((each) => each.port === port) }
}

const put = (registry: FakeZooKeeper, path: string, content: unknown): void => registry.set(path, typeof content === 'string' ? content : JSON.stringify(content))
const ensemble = { address: ['a', 'b', 'c'] }

describe('questions', () => {
  test('the first reading catches up with the leader, lists the children and reads each; a change reads what it is about', async () => {
    const { platform, registry, reader, fresh } = await watch()
    expect(fresh()).toEqual(['connect', 'hello', 'sync /web', 'getChildren2 /web', 'getData /web/member_1', 'getData /web/member_2', 'getData /web/member_3'])
    put(registry, '/web/member_4', member(4))
    await platform.advance(500)
    expect(fresh()).toEqual(['getChildren2 /web', 'getData /web/member_4'])
    put(registry, '/web/member_2', member(2, { status: 'STOPPING' }))
    await platform.advance(500)
    expect(fresh()).toEqual(['getData /web/member_2'])
    registry.remove('/web/member_1')
    await platform.advance(500)
    expect(fresh()).toEqual(['getChildren2 /web'])
    expect(summary(reader.last())).toBe('ready 10.0.0.1:2 10.0.0.1:3 10.0.0.1:4')
  })

  test('transactions that follow each other are told apart, although no double could', async () => {
    const { platform, registry, endpoint } = await watch()
    const seen: (string | undefined)[] = []
    for (const status of ['WARNING', 'DEAD', 'ALIVE', 'WARNING', 'DEAD', 'ALIVE']) {
      put(registry, '/web/member_1', member(1, { status }))
      await platform.advance(500)
      seen.push(endpoint(1)?.health)
    }
    expect(seen).toEqual(['warning', 'critical', 'passing', 'warning', 'critical', 'passing'])
  })

  test('in a calm only the list is read, each 45 s, and everything about each 5 min', async () => {
    const { platform, fresh } = await watch()
    fresh()
    await platform.advance(180_000)
    expect(new Set(fresh())).toEqual(new Set(['getChildren2 /web']))
    await platform.advance(220_000)
    expect(fresh()).toContain('getData /web/member_1')
  })

  test('a change that comes right behind an answer is not lost', async () => {
    const { platform, registry, endpoint } = await watch({
      prepare: (fake) => {
        fake.delay = 20
        return undefined
      },
    })
    await platform.advance(30)
    // The answers to getData are on their way now.
    put(registry, '/web/member_1', member(1, { status: 'WARNING' }))
    await platform.advance(1000)
    expect(endpoint(1)?.health).toBe('warning')
  })

  test('a member that comes right behind the list is not lost', async () => {
    const { platform, registry, reader } = await watch({
      prepare: (fake) => {
        fake.delay = 20
        return undefined
      },
    })
    await platform.advance(50)
    // The answer to getChildren is on its way now.
    put(registry, '/web/member_4', member(4))
    await platform.advance(1000)
    expect(summary(reader.last())).toBe(`${ready} 10.0.0.1:4`)
  })

  test('a member that goes between the list and its data is passed over', async () => {
    const { platform, registry, reader } = await watch({
      prepare: (fake) => {
        fake.delay = 20
        return undefined
      },
    })
    await platform.advance(60)
    registry.remove('/web/member_2')
    await platform.advance(1000)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:3')
    expect(reader.attempts.every(({ outcome, rejected }) => outcome === 'ok-with-data' && rejected.length === 0)).toBe(true)
  })

  test('a service that is not there is waited for, and its parents need not be there either', async () => {
    const { platform, registry, reader, fresh } = await watch({ nodes: {}, ref: 'main/a/b/web' })
    expect(summary(reader.last())).toBe('absent')
    expect(fresh().slice(-2)).toEqual(['getChildren2 /a/b/web', 'exists /a/b/web'])
    put(registry, '/a/b/web/member_1', member(1))
    await platform.advance(500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1')
  })

  test.each(['../web', 'a//b', 'a/.', 'x%00y'])('%s is no path of nodes, and nothing is asked', async (name) => {
    const { registry, reader } = await watch({ ref: `main/${name}` })
    expect(reader.last()).toMatchObject({ kind: 'pending', cause: { outcome: 'failed', message: expect.stringContaining('is no path of nodes') } })
    expect(registry.seen).toEqual([])
  })

  test('all services of a registry share one session, which ends with the last of them', async () => {
    const platform = fakePlatform()
    const registry = fakeZooKeeper(platform)
    for (const name of ['a', 'b', 'c']) put(registry, `/${name}/member_1`, member(1))
    const discoverer = serverset.create('main', {}, platform, { connect: registry.connect })
    const all = ['a', 'b', 'c'].map((name) => read({ platform, ref: { registry: 'main', name, options: {} } }, discoverer))
    await platform.advance(10)
    expect(all.map((each) => summary(each.last()))).toEqual(Array(3).fill('ready 10.0.0.1:1'))
    expect(registry.sessions()).toBe(1)
    expect(registry.seen.filter(({ what }) => what === 'connect')).toHaveLength(1)
    await Promise.all(all.slice(1).map((each) => each.stop()))
    put(registry, '/b/member_2', member(2))
    await platform.advance(500)
    expect(registry.sessions()).toBe(1)
    await all[0]?.stop()
    expect(registry.sessions()).toBe(0)
    expect(registry.seen.at(-1)?.what).toBe('closeSession')
  })
})

describe('sessions', () => {
  test('a ping each third of the session keeps it alive through hours of calm', async () => {
    const { platform, registry, reader } = await watch()
    await platform.advance(3_600_000)
    expect(reader.sets).toHaveLength(1)
    expect(registry.seen.filter(({ what }) => what === 'hello')).toHaveLength(1)
  })

  test('a frozen server is left after two thirds of the session, and another goes on with it: no set is touched', async () => {
    const { platform, registry, reader, fresh } = await watch({ options: ensemble })
    fresh()
    const first = registry.seen[0]?.server ?? ''
    registry.behave('frozen', first)
    await platform.advance(8000)
    expect(fresh()).toEqual(['connect', 'hello', 'setWatches'])
    expect(registry.seen.at(-1)?.server).not.toBe(first)
    expect(registry.sessions()).toBe(1)
    put(registry, '/web/member_4', member(4))
    await platform.advance(500)
    expect(reader.sets.map(summary)).toEqual([ready, `${ready} 10.0.0.1:4`])
  })

  test('a server that answers pings but no questions is left within the session timeout', async () => {
    const { platform, registry, reader } = await watch({ options: ensemble })
    registry.behave('mute', registry.seen[0]?.server)
    put(registry, '/web/member_4', member(4))
    await platform.advance(12_000)
    expect(summary(reader.last())).toBe(`${ready} 10.0.0.1:4`)
  })

  test('a change while it was between two servers is told by the second', async () => {
    const { platform, registry, reader } = await watch({ options: ensemble })
    registry.behave('refuses', registry.seen[0]?.server)
    put(registry, '/web/member_4', member(4))
    put(registry, '/web/member_1', member(1, { status: 'STOPPING' }))
    await platform.advance(1500)
    expect(summary(reader.last())).toBe(`${ready} 10.0.0.1:4`)
    expect(endpointsOf(reader.last())[0]?.draining).toBe(true)
  })

  test('the only server frozen: stale once it is noticed, with what was tried', async () => {
    const { platform, registry, reader } = await watch()
    registry.behave('frozen')
    await platform.advance(6500)
    expect(summary(reader.last())).toBe(ready)
    await platform.advance(6500)
    expect(summary(reader.last())).toBe(kept('failed'))
    expect(reader.attempts.at(-1)?.message).toMatch(/^127\.0\.0\.1:2181: no answer within 5 s$/)
    registry.behave('up')
    await platform.advance(21_000)
    expect(summary(reader.last())).toBe(ready)
  })

  test('an expired session is made anew, with everything read and watched again', async () => {
    const { platform, registry, reader, fresh } = await watch()
    fresh()
    registry.expire()
    await platform.advance(1000)
    expect(fresh()).toEqual(['connect', 'hello', 'connect', 'hello', 'sync /web', 'getChildren2 /web', 'getData /web/member_1', 'getData /web/member_2', 'getData /web/member_3'])
    expect(reader.sets).toHaveLength(1)
    put(registry, '/web/member_4', member(4))
    await platform.advance(500)
    expect(summary(reader.last())).toBe(`${ready} 10.0.0.1:4`)
  })

  test('an ensemble without quorum accepts and closes: failed, with a word on why', async () => {
    const { platform, registry, reader } = await watch({ options: ensemble })
    registry.behave('closes')
    await platform.advance(2000)
    expect(summary(reader.last())).toBe(kept('failed'))
    expect(reader.attempts.at(-1)?.message).toMatch(/[abc]:2181: the server closed the connection at once; it has no quorum/)
    registry.behave('up')
    await platform.advance(21_000)
    expect(summary(reader.last())).toBe(ready)
  })

  test('a server that lost its data and counts anew gets a new session; the emptiness is held, not believed', async () => {
    const { platform, registry, reader } = await watch()
    registry.wipe()
    await platform.advance(20_000)
    expect(registry.sessions()).toBe(1)
    expect(summary(reader.last())).toBe(kept('guarded'))
    for (const [path, content] of Object.entries(three)) put(registry, path, content)
    await platform.advance(1000)
    expect(summary(reader.last())).toBe(ready)
  })

  test('another protocol at the port', async () => {
    const { platform, reader } = await watch({ prepare: (fake) => void fake.behave('garbage') })
    await platform.advance(500)
    expect(reader.last()).toMatchObject({ kind: 'pending', cause: { message: expect.stringMatching(/^127\.0\.0\.1:2181: .*not ZooKeeper’s protocol/) } })
  })

  test('a server that mixes up its answers is not believed, and left', async () => {
    const { platform, reader } = await watch({ options: ensemble, prepare: (fake) => void fake.behave('mixes') })
    await platform.advance(500)
    expect(reader.last()).toMatchObject({ kind: 'pending', cause: { message: expect.stringMatching(/^[abc]:2181: the server mixed up its answers/) } })
  })

  test('servers are tried in an order of each gateway’s own', async () => {
    const firsts = await Promise.all([1, 2, 3, 4, 5, 6].map(async (seed) => (await watch({ options: ensemble, seed })).registry.seen[0]?.server))
    expect(new Set(firsts).size).toBeGreaterThan(1)
  })

  test('watches are armed again in messages below the limit of the server', () => {
    const watches = createWatches()
    for (let n = 0; n < 5000; n++) watches.add('data', `/services/web/${'x'.repeat(30)}${n}`, () => {})
    for (let n = 0; n < 10; n++) watches.add('child', `/services/${n}`, () => {})
    const batches = watches.batches()
    expect(batches.length).toBeGreaterThan(1)
    expect(batches.every(({ data, exist, child }) => [...data, ...exist, ...child].reduce((sum, path) => sum + path.length + 4, 12) < 2 ** 17)).toBe(true)
    expect(batches.flatMap(({ data }) => data)).toHaveLength(5000)
    expect(batches.flatMap(({ child }) => child)).toHaveLength(10)
  })
})

describe('after an outage', () => {
  test('every loss is held for a minute, however small: members lose their sessions with it', async () => {
    const { platform, registry, reader } = await watch()
    registry.behave('refuses')
    await platform.advance(10_000)
    registry.behave('up')
    await platform.advance(21_000)
    expect(summary(reader.last())).toBe(ready)
    registry.remove('/web/member_3')
    await platform.advance(500)
    expect(summary(reader.last())).toBe(kept('guarded'))
    put(registry, '/web/member_9', member(3))
    await platform.advance(500)
    expect(summary(reader.last())).toBe(ready)
    await platform.advance(60_000)
    registry.remove('/web/member_9')
    await platform.advance(500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
  })

  test('and it is believed after that minute, not before: a session of 60 s ends that late', async () => {
    const { platform, registry, reader } = await watch()
    registry.expire()
    await platform.advance(1000)
    registry.remove('/web/member_3')
    await platform.advance(59_000)
    expect(summary(reader.last())).toBe(kept('guarded'))
    await platform.advance(13_000)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
  })

  test('a session that expired is one, however short', async () => {
    const { platform, registry, reader } = await watch()
    registry.expire()
    await platform.advance(1000)
    registry.remove('/web/member_3')
    await platform.advance(500)
    expect(summary(reader.last())).toBe(kept('guarded'))
  })

  test.each<[string, boolean]>([
    ['is left for one that is not', false],
    ['catches up first where there is no other', true],
  ])('a server that is behind %s: nobody comes back who is gone', async (_, isAlone) => {
    const { platform, registry, reader } = await watch({ options: ensemble })
    const used = registry.seen[0]?.server ?? ''
    const behind = ['a:2181', 'b:2181', 'c:2181'].filter((server) => server !== used)
    for (const server of behind) registry.fallBehind(server)
    registry.remove('/web/member_3')
    await platform.advance(500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
    const before = reader.sets.length
    if (isAlone) registry.behave('refuses', used)
    registry.expire()
    await platform.advance(20_000)
    put(registry, '/web/member_4', member(4))
    await platform.advance(1000)
    expect(reader.sets.slice(before).map(summary).filter((each) => each.includes(':3'))).toEqual([])
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2 10.0.0.1:4')
    expect(registry.seen.findLast(({ what }) => what === 'getChildren2')?.server === used).toBe(!isAlone)
  })

  test('a change of servers within a moment is no outage', async () => {
    const { platform, registry, reader } = await watch({ options: ensemble })
    registry.behave('refuses', registry.seen[0]?.server)
    await platform.advance(1000)
    registry.remove('/web/member_3')
    await platform.advance(500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
  })
})

describe('rights', () => {
  test('credentials are sent on each connection, before anything is asked', async () => {
    const { platform, registry, fresh } = await watch({ options: { auth: 'reader:secret' } })
    expect(fresh().slice(0, 4)).toEqual(['connect', 'hello', 'auth reader:secret', 'sync /web'])
    registry.expire()
    await platform.advance(1000)
    expect(fresh().filter((each) => each.startsWith('auth'))).toEqual(['auth reader:secret'])
  })

  test('credentials of a file are read again before each connection, and never shown', async () => {
    let files: ReturnType<typeof fakeFiles> | undefined
    const { platform, registry, reader, fresh } = await watch({
      options: { authFile: '/run/auth' },
      prepare: (_, clock) => {
        files = fakeFiles(clock, [])
        files.write('/run/auth', 'reader:first\n')
        return { files }
      },
    })
    expect(fresh()).toContain('auth reader:first')
    files?.write('/run/auth', 'reader:second')
    registry.refuses = 'reader:first'
    registry.expire()
    await platform.advance(1000)
    expect(fresh()).toContain('auth reader:second')
    registry.refuses = 'reader:second'
    registry.expire()
    await platform.advance(3000)
    expect(summary(reader.last())).toBe(kept('denied'))
    expect(reader.attempts.at(-1)?.message).toBe('127.0.0.1:2181: the server refuses the credentials: the authentication failed')
    files?.remove('/run/auth')
    await platform.advance(60_000)
    expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'failed', message: expect.stringContaining('/run/auth is missing') })
    expect(JSON.stringify([reader.attempts, platform.lines])).not.toMatch(/first|second/)
  })

  test.each(['/web', '/web/member_1'])('credentials that are changed in their file are used on the connection that stands, once %s may not be read with the old ones', async (path) => {
    const files = fakeFiles(fakePlatform(), [])
    files.write('/run/auth', 'reader:first')
    const { platform, registry, reader, fresh } = await watch({ options: { authFile: '/run/auth' }, prepare: () => ({ files }) })
    fresh()
    registry.deny(path, 'reader:second')
    put(registry, '/web/member_4', member(4))
    // Everything is read again by then.
    await platform.advance(400_000)
    expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'denied' })
    expect(fresh().filter((each) => /^(auth|connect)/.test(each))).toEqual([])
    files.write('/run/auth', 'reader:second')
    await platform.advance(15_000)
    expect(summary(reader.last())).toBe(`${ready} 10.0.0.1:4`)
    expect(fresh().filter((each) => /^(auth|connect)/.test(each))).toEqual(['auth reader:second'])
  })

  test('children that may not be read are left out and named; when that takes some away, it is denied', async () => {
    const { platform, registry, reader } = await watch({ prepare: (fake) => void fake.deny('/web/member_3') })
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
    expect(reader.attempts.at(-1)?.rejected).toEqual([{ id: 'member_3', reason: 'may not be read' }])
    registry.allow('/web/member_3')
    put(registry, '/web/member_4', member(4))
    await platform.advance(1000)
    expect(summary(reader.last())).toBe(`${ready} 10.0.0.1:4`)
    registry.deny('/web/member_2')
    put(registry, '/web/member_2', member(2))
    await platform.advance(1000)
    expect(summary(reader.last())).toBe(`stale denied ${ready.slice(6)} 10.0.0.1:4`)
    for (const name of registry.children('/web')) registry.deny(`/web/${name}`)
    await platform.advance(400_000)
    expect(reader.attempts.at(-1)?.message).toMatch(/no child of \/web may be read/)
  })

  test('rights that are taken without an event are noticed when the list is read again', async () => {
    const { platform, registry, reader } = await watch()
    registry.deny('/web')
    await platform.advance(46_000)
    expect(summary(reader.last())).toBe(kept('denied'))
  })
})

describe('sizes', () => {
  test('a node over 1 MiB costs only itself, and not the session', async () => {
    const { reader, registry } = await watch({ nodes: { ...three, '/web/member_9': 'x'.repeat(1_100_000) } })
    expect(summary(reader.last())).toBe(ready)
    expect(reader.attempts.at(-1)?.rejected).toEqual([{ id: 'member_9', reason: expect.stringMatching(/^has 11000\d\d bytes; at most 1 MiB is read$/) }])
    expect(registry.seen.filter(({ what }) => what === 'connect')).toHaveLength(1)
  })

  test('a list of children over 1 MiB is refused whole, with a word on why', async () => {
    const { reader } = await watch({ nodes: Object.fromEntries(Array.from({ length: 6000 }, (_, n) => [`/web/${'x'.repeat(200)}${n}`, 'x'])) })
    expect(reader.last()).toMatchObject({ kind: 'pending', cause: { message: expect.stringMatching(/the list of the children of \/web has \d+ bytes; at most 1 MiB is read/) } })
  })

  test('5,000 members are read in one go, and one that changes costs one question', async () => {
    const nodes = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`/web/member_${n}`, member(n + 1)]))
    const { platform, registry, reader, fresh } = await watch({ nodes })
    await platform.advance(1000)
    expect(endpointsOf(reader.last())).toHaveLength(5000)
    fresh()
    put(registry, '/web/member_7', member(60_000))
    await platform.advance(1000)
    expect(fresh()).toEqual(['getData /web/member_7'])
  })
})

describe('serversets', () => {
  test.each([
    ['ALIVE', 'passing', false],
    ['WARNING', 'warning', false],
    ['STARTING', 'critical', false],
    ['DEAD', 'critical', false],
    ['STOPPING', 'maintenance', true],
    ['STOPPED', 'maintenance', true],
    ['UNKNOWN', 'unknown', false],
    [undefined, 'unknown', false],
    [4, 'unknown', false],
  ])('status %s is %s, draining %s', async (status, health, draining) => {
    const { endpoint } = await watch({ nodes: { '/web/member_1': member(1, { status }) } })
    expect(endpoint(1)).toMatchObject({ health, draining })
  })

  test('a named endpoint is used in place of the main one, and members without it are passed over', async () => {
    const nodes = { '/web/member_1': member(1, { additionalEndpoints: { http: { host: '10.0.0.2', port: 8 } } }), '/web/member_2': member(2) }
    const { reader } = await watch({ nodes, ref: 'main/web?endpoint=http' })
    expect(summary(reader.last())).toBe('ready 10.0.0.2:8')
    expect(reader.attempts.at(-1)?.rejected).toEqual([])
  })

  test('weights of all selectors that match multiply; priority and shard are metadata', async () => {
    const vector = [
      { select: 'inet=10.0.0.1:1', weight: 2, priority: 3 },
      { select: 'shard=7', weight: 1.5 },
      { select: 'member=member_2', weight: 0 },
    ]
    const { endpoint } = await watch({ nodes: { '/web/member_1': member(1, { shard: 7 }), '/web/member_2': member(2, { shard: -1 }), '/web/member_3': member(3), '/web/vector_0': { vector } } })
    expect(endpoint(1)).toMatchObject({ weight: 3 })
    expect({ ...endpoint(1)?.meta }).toEqual({ shard: '7' })
    expect(endpoint(2)).toMatchObject({ weight: 0, meta: { shard: '-1' } })
    expect(endpoint(3)).toMatchObject({ weight: 1, meta: {} })
  })

  test.each([
    ['{"vector": {}}', 'is no vector: it has no list `vector`'],
    ['{"vector": [{"select": "name=x", "weight": 2}]}', 'has a selector other than inet=host:port, member=name and shard=number'],
    ['{"vector": [{"select": "shard=1", "weight": "2"}]}', 'has a weight or priority that is no number for shard=1'],
    ['{"vector": [{"select": "shard=1", "weight": -1}]}', 'has a weight or priority that is no number for shard=1'],
  ])('a vector %s is refused alone', async (vector, reason) => {
    const { reader } = await watch({ nodes: { ...three, '/web/vector_0': vector } })
    expect(summary(reader.last())).toBe(ready)
    expect(reader.attempts.at(-1)?.rejected).toEqual([{ id: 'vector_0', reason }])
  })

  test('what is neither member nor vector is none of ours, and not even read', async () => {
    const { reader, fresh } = await watch({ nodes: { ...three, '/web/lock': 'x', '/web/nodes_1': '{}' } })
    expect(summary(reader.last())).toBe(ready)
    expect(fresh().filter((each) => /lock|nodes/.test(each))).toEqual([])
  })

  test('a member that becomes unreadable keeps its last good data, and one that never was good is left out', async () => {
    const { platform, registry, reader } = await watch()
    put(registry, '/web/member_1', '{"serviceEndpoint"')
    put(registry, '/web/member_4', '{"serviceEndpoint":{"host":"10.0.0.9"}}')
    await platform.advance(500)
    expect(summary(reader.last())).toBe(ready)
    expect(reader.attempts.at(-1)?.rejected).toEqual([
      { id: 'member_1', reason: 'is no JSON; its last good data are used' },
      { id: 'member_4', reason: 'is no member: it has no serviceEndpoint with host and port' },
    ])
  })

  test('the node of a run before, still there, is one endpoint with the new one', async () => {
    const { reader } = await watch({ nodes: { '/web/member_1': member(1, { status: 'STOPPING' }), '/web/member_2': member(1) } })
    expect(endpointsOf(reader.last())).toMatchObject([{ id: 'main/member_2', port: 1, draining: false }])
  })
})

describe('Curator', () => {
  const at = (nodes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => Object.fromEntries(Object.entries(nodes).map(([id, content]) => [`/services/web/${id}`, content]))

  test.each([
    [{}, { weight: 1, health: 'unknown', draining: false }],
    [{ enabled: false }, { health: 'maintenance', draining: true }],
    [{ enabled: true, payload: { weight: 3, zone: 'a', tags: ['x'] } }, { weight: 3, zone: 'a', tags: ['x'], draining: false }],
    [{ payload: { '@class': 'com.acme.Meta', metadata: { instance_status: 'UP', weight: '4', zone: 'b', tags: 'x, y' } } }, { health: 'passing', weight: 4, zone: 'b', tags: ['x', 'y'] }],
    [{ payload: { metadata: { instance_status: 'OUT_OF_SERVICE' } } }, { health: 'maintenance', draining: true }],
    [{ payload: { metadata: { instance_status: 'DOWN' } } }, { health: 'critical', draining: false }],
    [{ payload: 'text' }, { weight: 1, meta: {} }],
    [{ payload: { version: 2, canary: true, more: {} } }, { meta: { version: '2', canary: 'true' } }],
  ])('%j', async (more, wanted) => {
    const { endpoint, reader } = await watch({ nodes: at({ i1: instance(1, more) }) }, curator)
    expect(endpoint(1)).toMatchObject({ id: 'main/i1', ...wanted })
    expect(reader.attempts.at(-1)?.rejected).toEqual([])
  })

  test('fields of the payload can be named', async () => {
    const payload = { placement: { rack: 'r1' }, share: 9, labels: ['l'] }
    const { endpoint } = await watch({ nodes: at({ i1: instance(1, { payload }) }), options: { zoneField: 'placement.rack', weightField: 'share', tagsField: 'labels' } }, curator)
    expect(endpoint(1)).toMatchObject({ zone: 'r1', weight: 9, tags: ['l'] })
  })

  test('another base, a name with slashes', async () => {
    const { reader } = await watch({ nodes: { '/team/discovery/a/web/i1': instance(1) }, options: { base: '/team/discovery' }, ref: 'main/a/web' }, curator)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1')
  })

  test('sslPort is used only when asked for', async () => {
    const nodes = at({ plain: instance(1), both: instance(2, { sslPort: 12 }), only: instance(3, { port: null, sslPort: 13 }) })
    const plain = await watch({ nodes }, curator)
    expect(summary(plain.reader.last())).toBe('ready 10.0.0.1:2 10.0.0.1:1')
    expect(plain.reader.attempts.at(-1)?.rejected).toEqual([{ id: 'only', reason: 'has no port but an sslPort; write ?ssl=true to use that' }])
    const ssl = await watch({ nodes, ref: 'main/web?ssl=true' }, curator)
    expect(summary(ssl.reader.last())).toBe('ready 10.0.0.1:12 10.0.0.1:13')
  })

  test('an update in place is seen, and keeps the siblings as they are', async () => {
    const { platform, registry, reader, endpoint, fresh } = await watch({ nodes: at({ i1: instance(1), i2: instance(2) }) }, curator)
    const before = endpoint(2)
    fresh()
    put(registry, '/services/web/i1', instance(1, { payload: { weight: 5 } }))
    await platform.advance(500)
    expect(endpoint(1)?.weight).toBe(5)
    expect(endpoint(2)).toBe(before)
    expect(fresh()).toEqual(['getData /services/web/i1'])
    expect(reader.sets).toHaveLength(2)
  })

  test('locks, folders and configuration are passed over in silence, and an instance that cannot be read costs only itself', async () => {
    const others = { locks: '', '_c_7d1-lock-0000000001': '10.0.0.7', note: '"hello"', config: '{"timeout":5,"ports":[80]}', list: '[1]' }
    const { platform, registry, reader } = await watch({ nodes: at({ i1: instance(1), i2: instance(2), ...others, broken: '{"name":"web","addr', nowhere: '{"name":"web","id":"x"}' }) }, curator)
    const told = (): unknown => reader.attempts.at(-1)?.rejected
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
    const unreadable = [
      { id: 'broken', reason: 'is no JSON' },
      { id: 'nowhere', reason: 'is no instance: it has no address' },
    ]
    expect(told()).toEqual(unreadable)
    // One that was an instance is not let go without a word.
    registry.set('/services/web/i1', 'x')
    await platform.advance(500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:1 10.0.0.1:2')
    expect(told()).toEqual([{ id: 'i1', reason: 'is no JSON; its last good data are used' }, ...unreadable])
  })
})

describe('options', () => {
  test.each([
    [{ address: 'zk1' }, 'zk1:2181'],
    [{ address: 'zk1:2182' }, 'zk1:2182'],
    [{ address: '[::1]:2182' }, '::1:2182'],
    [{ address: 'zk1', tls: {} }, 'zk1:2281'],
  ])('%j connects to %s', async (options, server) => {
    const { registry } = await watch({ options })
    expect(registry.seen[0]?.server).toBe(server)
    expect(registry.target()?.tls).toEqual('tls' in options ? { verify: true } : undefined)
  })

  test.each([
    [{ address: 'http://zk1' }, /must be host or host:port/],
    [{ address: [] }, /./],
    [{ sessionTimeout: '1s' }, /must be a duration from 2s to 60s/],
    [{ auth: 'secret' }, /must be user:password/],
    [{ path: 'x' }, /must be a path such as/],
    [{ path: '/x/' }, /must be a path such as/],
    [{ other: 1 }, /other/],
  ])('%j is refused', (options, message) => {
    expect(() => serverset.create('main', options, fakePlatform(), { connect: fakeZooKeeper(fakePlatform()).connect })).toThrow(message)
  })

  test('a runtime without connections or files is told what is missing', () => {
    expect(() => curator.create('main', {}, fakePlatform(), {})).toThrow('registry main needs TCP connections, which this runtime has not')
    expect(() => curator.create('main', { authFile: '/x' }, fakePlatform(), { connect: fakeZooKeeper(fakePlatform()).connect })).toThrow('authFile needs files')
  })
})
