// The adapters of serversets and Curator against a real ZooKeeper, written to by the libraries that services use.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { curator } from '../../discovery/curator.ts'
import { Hub } from '../../discovery/hub.ts'
import { serverset } from '../../discovery/serverset.ts'
import { endpointsOf, type Endpoint, type EndpointSet } from '../../src/model/endpoint.ts'
import { nodeCapabilities } from '../../src/node/capabilities.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { describeWithServers } from '../support/servers.ts'
import { leaderOf, startEnsemble, startSecureZooKeeper, startZooKeeper, type RealZooKeeper } from '../support/servers/zookeeper.ts'
import { startCuratorWriter, startServersetWriter, type Writer } from '../support/servers/zookeeper-writers.ts'
import { makeTempDirectory } from '../support/temp.ts'

/** Session timeout of writers, milliseconds: longer than a JVM stands still on a loaded machine. */
const SESSION = 10_000
/** That of one that is to be killed: how long it stays listed, milliseconds. */
const SHORT = 4000

interface Watched {
  readonly hub: Hub
  readonly sets: EndpointSet[]
  readonly key: string
}

const open: Hub[] = []
const writers: Writer[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((hub) => hub.close()))
  await Promise.all(writers.splice(0).map((writer) => writer.kill()))
})

/** Watches one reference; `sets` grows with each change. */
function watch(servers: readonly RealZooKeeper[], key: string, registry: object = {}): Watched {
  const platform = nodePlatform(() => {})
  const type = key.startsWith('zk/') ? serverset : curator
  const discoverer = type.create(type.type, { address: servers.map(({ address }) => address), sessionTimeout: '8s', ...registry }, platform, nodeCapabilities)
  const sets: EndpointSet[] = []
  const hub = new Hub({ discoverers: new Map([[type.type, discoverer]]), platform, onChange: (_, set) => void sets.push(set) })
  open.push(hub)
  hub.setRefs([key])
  return { hub, sets, key }
}

function writing(writer: Writer): Writer {
  writers.push(writer)
  return writer
}

const text = (set: EndpointSet): string => {
  const cause = set.kind === 'stale' || set.kind === 'pending' ? ` ${set.cause?.outcome ?? ''}` : ''
  return `${set.kind}${cause} ${endpointsOf(set).map(({ port }) => port).sort().join(',')}`.trim()
}

const becomes = (watched: Watched, wanted: string): Promise<void> => vi.waitFor(() => expect(text(watched.hub.get(watched.key))).toBe(wanted), { timeout: 30_000, interval: 20 })
const endpoint = (watched: Watched, port: number): Endpoint | undefined => endpointsOf(watched.hub.get(watched.key)).find((each) => each.port === port)
const shows = (watched: Watched, port: number, wanted: object): Promise<void> => vi.waitFor(() => expect(endpoint(watched, port)).toMatchObject(wanted), { timeout: 20_000, interval: 20 })
const trouble = (watched: Watched): string => watched.hub.status()[0]?.lastError?.message ?? ''

describeWithServers(['zookeeper', 'zookeeper-writers'], 'serversets of a real ZooKeeper', () => {
  let server: RealZooKeeper
  beforeAll(async () => {
    server = await startZooKeeper()
  })
  afterAll(() => server.stop())

  test('members of Finagle’s own library that join and leave', async () => {
    const web = watch([server], 'zk/prod/web')
    await becomes(web, 'absent')
    const writer = writing(startServersetWriter(server.address, '/prod/web', SESSION))
    await writer.say('join 127.0.0.1 1001 0 a http=2001 health=3001')
    await becomes(web, 'ready 1001')
    expect(endpoint(web, 1001)).toMatchObject({ id: 'zk/member_0000000000', host: '127.0.0.1', weight: 1, zone: 'a', health: 'passing', draining: false, meta: { zone: 'a', shard: '0' } })
    await writer.say('join 127.0.0.1 1002 1 -')
    await becomes(web, 'ready 1001,1002')
    const named = watch([server], 'zk/web?endpoint=http', { path: '/prod' })
    await becomes(named, 'ready 2001')
    await writer.say('leave 1002')
    await becomes(web, 'ready 1001')
    expect(web.hub.status()[0]).toMatchObject({ mode: 'live', failures: 0, rejected: [] })
  })

  test('weights of vectors multiply, a status changes in place, and a bad node costs only itself', async () => {
    const nodes = writing(startCuratorWriter(server.address, '/', 'x', SESSION))
    const member = (port: number, shard: number): string => JSON.stringify({ serviceEndpoint: { host: '127.0.0.1', port }, additionalEndpoints: {}, status: 'ALIVE', shard })
    await nodes.say(`put /w/web/member_0000000001 ${member(1001, 1)}`)
    await nodes.say(`put /w/web/member_0000000002 ${member(1002, 2)}`)
    await nodes.say('put /w/web/vector_0000000001 {"vector":[{"select":"inet=127.0.0.1:1001","weight":2.0,"priority":1},{"select":"shard=1","weight":3,"priority":2}]}')
    await nodes.say('put /w/web/member_0000000003 {"serviceEndpoint":')
    await nodes.say('put /w/web/lock nothing')
    const web = watch([server], 'zk/w/web')
    await becomes(web, 'ready 1001,1002')
    await shows(web, 1001, { weight: 6, meta: { priority: '2' } })
    expect(web.hub.status()[0]?.rejected).toEqual([{ id: 'member_0000000003', reason: 'is no JSON' }])
    await nodes.say('put /w/web/vector_0000000001 {"vector":[{"select":"member=member_0000000002","weight":5}]}')
    await shows(web, 1002, { weight: 5 })
    await shows(web, 1001, { weight: 1 })
    await nodes.say('put /w/web/member_0000000001 {"serviceEndpoint":')
    await vi.waitFor(() => expect(web.hub.status()[0]?.rejected.map(({ reason }) => reason)).toContain('is no JSON; its last good data are used'), { timeout: 20_000 })
    expect(text(web.hub.get(web.key))).toBe('ready 1001,1002')
    for (const [status, wanted] of [['STARTING', { health: 'critical', draining: false }], ['ALIVE', { health: 'passing', draining: false }], ['STOPPING', { health: 'maintenance', draining: true }]] as const) {
      await nodes.say(`put /w/web/member_0000000002 ${member(1002, 2).replace('ALIVE', status)}`)
      await shows(web, 1002, wanted)
    }
  })

  test('a member that is killed leaves with its session, and one that comes back in time stays', async () => {
    const writer = writing(startServersetWriter(server.address, '/k/web', SHORT))
    const other = writing(startServersetWriter(server.address, '/k/web', SESSION))
    const steady = writing(startServersetWriter(server.address, '/k/web', SESSION))
    await writer.say('join 127.0.0.1 1001 1 -')
    await other.say('join 127.0.0.1 1002 2 -')
    await steady.say('join 127.0.0.1 1003 3 -')
    const web = watch([server], 'zk/k/web')
    await becomes(web, 'ready 1001,1002,1003')
    const before = web.sets.length
    other.pause()
    await new Promise((resolve) => setTimeout(resolve, 500))
    other.resume()
    await writer.kill()
    await becomes(web, 'ready 1002,1003')
    expect(web.sets.length).toBe(before + 1)
  })
})

describeWithServers(['zookeeper', 'zookeeper-writers'], 'Curator’s service discovery in a real ZooKeeper', () => {
  let server: RealZooKeeper
  let writer: Writer
  beforeAll(async () => {
    server = await startZooKeeper()
  })
  afterAll(() => server.stop())

  test.each(['new', 'compatible'] as const)('instances that Curator registers, updates in place and takes away, in its %s form', async (mode) => {
    writer = writing(startCuratorWriter(server.address, `/${mode}`, 'web', SESSION, mode))
    await writer.say('register a 127.0.0.1 1001 true 7 z1')
    await writer.say('register b 127.0.0.1 1002 true - -')
    const web = watch([server], 'curator/web', { base: `/${mode}` })
    await becomes(web, 'ready 1001,1002')
    expect(endpoint(web, 1001)).toMatchObject({ id: 'curator/a', host: '127.0.0.1', weight: 7, zone: 'z1', health: 'unknown', draining: false, meta: { weight: '7', zone: 'z1' } })
    await writer.say('update b 127.0.0.1 1003 true 2 z2')
    await becomes(web, 'ready 1001,1003')
    expect(endpoint(web, 1003)).toMatchObject({ id: 'curator/b', weight: 2, zone: 'z2' })
    await writer.say('update b 127.0.0.1 1003 false 2 z2')
    if (mode === 'new') await shows(web, 1003, { draining: true, health: 'maintenance' })
    await writer.say('put /new/web/bad {"name":"web"}')
    await writer.say('unregister b')
    await becomes(web, 'ready 1001')
    expect(web.hub.status()[0]?.rejected.map(({ id }) => id)).toEqual(mode === 'new' ? ['bad'] : [])
  })

  test('what may not be read is denied, and read with the right credentials', async () => {
    writer = writing(startCuratorWriter(server.address, '/acl', 'web', SESSION))
    await writer.say('register a 127.0.0.1 1001 true - -')
    await writer.say('allow /acl/web reader:secret')
    const without = watch([server], 'curator/web', { base: '/acl' })
    await becomes(without, 'pending denied')
    expect(trouble(without)).toMatch(/^127\.0\.0\.1:\d+: the children of \/acl\/web may not be read; check auth/)
    await becomes(watch([server], 'curator/web', { base: '/acl', auth: 'reader:wrong' }), 'pending denied')
    const reader = watch([server], 'curator/web', { base: '/acl', auth: 'reader:secret' })
    await becomes(reader, 'ready 1001')
    await writer.say('register b 127.0.0.1 1002 true - -')
    await becomes(reader, 'ready 1001,1002')
    await writer.say('allow /acl/web/b reader:another')
    const partial = watch([server], 'curator/web', { base: '/acl', auth: 'reader:secret' })
    await becomes(partial, 'ready 1001')
    expect(partial.hub.status()[0]?.rejected).toEqual([{ id: 'b', reason: 'may not be read' }])
    // No event tells of rights that are taken away; the reader finds out when it looks again.
    await writer.say('allow /acl/web reader:another')
    await vi.waitFor(() => expect(text(reader.hub.get(reader.key))).toBe('stale denied 1001,1002'), { timeout: 55_000, interval: 200 })
  })
})

describeWithServers(['zookeeper', 'zookeeper-writers'], 'a real ZooKeeper over TLS', () => {
  const pem = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/engine/${name}.pem`, import.meta.url))
  let server: Awaited<ReturnType<typeof startSecureZooKeeper>>
  let directory: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeAll(async () => {
    directory = await makeTempDirectory()
    const identity = join(directory.directory, 'identity.pem')
    await writeFile(identity, (await Promise.all([pem('alpha-key'), pem('alpha')].map((path) => readFile(path, 'utf8')))).join(''))
    server = await startSecureZooKeeper(identity, pem('ca'))
  })
  afterAll(async () => {
    await server.stop()
    await directory.remove()
  })

  test('both sides prove who they are, and one that cannot is told so', async () => {
    const writer = writing(startCuratorWriter(server.address, '/services', 'web', SESSION))
    await writer.say('register a 127.0.0.1 1001 true - -')
    const tls = { ca: pem('ca'), cert: pem('client'), key: pem('client-key') }
    const web = watch([server], 'curator/web', { address: server.secure, tls })
    await becomes(web, 'ready 1001')
    await writer.say('register b 127.0.0.1 1002 true - -')
    await becomes(web, 'ready 1001,1002')
    const stranger = watch([server], 'curator/web', { address: server.secure, tls: { ...tls, cert: pem('stranger'), key: pem('stranger-key') } })
    await becomes(stranger, 'pending failed')
    const other = watch([server], 'curator/web', { address: server.secure, tls: { ...tls, ca: pem('other-ca') } })
    await becomes(other, 'pending failed')
    expect(trouble(other)).toMatch(/certificate/)
  })
})

describeWithServers(['zookeeper', 'zookeeper-writers'], 'a real ZooKeeper in trouble', () => {
  let server: RealZooKeeper
  beforeAll(async () => {
    server = await startZooKeeper()
  })
  afterAll(() => server.stop())

  test('frozen: left after two thirds of the session, and heard again when it goes on', async () => {
    const writer = writing(startServersetWriter(server.address, '/f/web', 10_000))
    await writer.say('join 127.0.0.1 1001 1 -')
    // The shortest session, so that the silence is noticed soon.
    const web = watch([server], 'zk/f/web', { sessionTimeout: '2s' })
    await becomes(web, 'ready 1001')
    server.pause()
    await becomes(web, 'stale failed 1001')
    expect(trouble(web)).toMatch(/silent for 1 s|no answer within/)
    server.resume()
    await becomes(web, 'ready 1001')
    await writer.say('join 127.0.0.1 1002 2 -')
    await becomes(web, 'ready 1001,1002')
  })

  test('killed and started again with its data: nothing is lost, the session goes on or is made anew', async () => {
    const writer = writing(startServersetWriter(server.address, '/r/web', 10_000))
    await writer.say('join 127.0.0.1 1001 1 -')
    const web = watch([server], 'zk/r/web')
    await becomes(web, 'ready 1001')
    await server.kill()
    await becomes(web, 'stale failed 1001')
    expect(trouble(web)).toMatch(/^127\.0\.0\.1:\d+: .*ECONNREFUSED|closed the connection/)
    await server.restart()
    await becomes(web, 'ready 1001')
    await writer.say('join 127.0.0.1 1002 2 -')
    await becomes(web, 'ready 1001,1002')
  })

  test('started again without its data: held until confirmed, and a service that registers again is followed', async () => {
    const writer = writing(startCuratorWriter(server.address, '/services', 'web', 10_000))
    await writer.say('register a 127.0.0.1 1001 true - -')
    await writer.say('register b 127.0.0.1 1002 true - -')
    const web = watch([server], 'curator/web')
    await becomes(web, 'ready 1001,1002')
    // Runs before the hold begins: a JVM may take as long to start as that lasts.
    const again = writing(startCuratorWriter(server.address, '/services', 'web', 10_000))
    await again.say('put /started yes')
    await writer.kill()
    await server.kill()
    await server.wipe()
    await server.restart()
    await becomes(web, 'stale guarded 1001,1002')
    await again.say('register a 127.0.0.1 1001 true - -')
    await vi.waitFor(() => expect(endpoint(web, 1001)).not.toHaveProperty('held'), { timeout: 20_000 })
    expect(endpoint(web, 1002)).toHaveProperty('held', true)
    expect(web.sets.every((set) => set.kind === 'absent' || set.kind === 'pending' || endpointsOf(set).length === 2)).toBe(true)
  })
})

describeWithServers(['zookeeper', 'zookeeper-writers'], 'an ensemble of three real ZooKeepers', () => {
  let servers: readonly RealZooKeeper[] = []
  beforeAll(async () => {
    servers = await startEnsemble()
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test('the leader lost, the quorum lost: endpoints stay, and changes are seen again by itself', async () => {
    const all = servers.map(({ address }) => address).join(',')
    const [writer, hand] = [writing(startCuratorWriter(all, '/services', 'web', 10_000)), writing(startCuratorWriter(all, '/services', 'hand', 10_000))]
    await writer.say('register a 127.0.0.1 1001 true - -')
    const web = watch(servers, 'curator/web')
    await becomes(web, 'ready 1001')
    await writer.say('register b 127.0.0.1 1002 true - -')
    await becomes(web, 'ready 1001,1002')
    // Curator deletes and creates what it has registered whenever it is connected again, and the quorum must not be lost in between.
    writer.pause()
    const leader = await leaderOf(servers)
    if (leader === undefined) throw new Error('no leader')
    await leader.kill()
    await vi.waitFor(async () => expect(await leaderOf(servers)).toBeDefined(), { timeout: 30_000 })
    const put = (id: string, port: number): Promise<void> => hand.say(`put /services/web/${id} ${JSON.stringify({ name: 'web', id, address: '127.0.0.1', port, payload: {}, serviceType: 'PERMANENT', enabled: true })}`)
    await put('c', 1003)
    await becomes(web, 'ready 1001,1002,1003')
    const second = await leaderOf(servers)
    if (second === undefined) throw new Error('no leader')
    await second.kill()
    await becomes(web, 'stale failed 1001,1002,1003')
    await Promise.all([leader.restart(), second.restart()])
    writer.resume()
    await becomes(web, 'ready 1001,1002,1003')
    await put('d', 1004)
    await becomes(web, 'ready 1001,1002,1003,1004')
    // After such an outage it is not clear what was meant: others may have lost their sessions.
    await hand.say('delete /services/web/d')
    await becomes(web, 'stale guarded 1001,1002,1003,1004')
    const counts = web.sets.map((set) => endpointsOf(set).length)
    expect(counts.every((count, index) => count >= (counts[index - 1] ?? 0))).toBe(true)
  })

  test('one that freezes is left for another before the session ends', async () => {
    const leader = await leaderOf(servers)
    const writer = writing(startCuratorWriter(leader?.address ?? '', '/services', 'calm', 10_000))
    await writer.say('register a 127.0.0.1 1001 true - -')
    const followers = servers.filter((server) => server !== leader)
    const web = watch(followers, 'curator/calm')
    await becomes(web, 'ready 1001')
    // One of the two is the one that it reads from.
    for (const [index, server] of followers.entries()) {
      server.pause()
      await writer.say(`register b${index} 127.0.0.1 ${1002 + index} true - -`)
      await vi.waitFor(() => expect(endpoint(web, 1002 + index)).toBeDefined(), { timeout: 30_000 })
      server.resume()
    }
    expect(web.sets.map(({ kind }) => kind)).toEqual(['ready', 'ready', 'ready'])
  })
})
