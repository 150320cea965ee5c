// The route store against a real Redis: what reaches a gateway, and what does not when Redis fails in one of its many ways.
import { readFile } from 'node:fs/promises'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { lastGoodFile } from '../../src/node/store/disk.ts'
import { publish, type PublishOptions, type Published } from '../../src/node/store/publish.ts'
import type { RedisClient } from '../../src/node/store/redis-client.ts'
import { openRedisStore, type OpenRedisOptions } from '../../src/node/store/redis.ts'
import { parseAck } from '../../src/store/ack.ts'
import { packText } from '../../src/store/blob.ts'
import { sha256OfText } from '../../src/store/digest.ts'
import { loadLastGood, withLastGood } from '../../src/store/last-good.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { startRedis } from '../support/servers/redis.ts'
import { describeWithServers } from '../support/servers.ts'
import { KEYS } from '../support/store-events.ts'
import { byHand, drill, eventually, loggedPlatform, parse, publisher, yamlOf, type Drill, type LoggedPlatform } from '../support/store-drill.ts'

type RunningRedis = Awaited<ReturnType<typeof startRedis>>

let platform: LoggedPlatform
let open: Drill[] = []

function gateway(url: string, options: Partial<OpenRedisOptions> = {}): Drill {
  const started = drill(openRedisStore({ url, prefix: 'fairlead', gatewayId: 'gw-1', platform, parse, ...options }))
  open.push(started)
  return started
}

const push = (client: RedisClient, text: string, options: Partial<PublishOptions> = {}): Promise<Published> => publish({ client, prefix: 'fairlead', text, by: 'test', note: '', ...options })

async function ackOf(hand: Redis, id = 'gw-1'): Promise<ReturnType<typeof parseAck>> {
  return parseAck(id, (await hand.get(`${KEYS.acks}${id}`)) ?? '')
}

beforeEach(() => {
  platform = loggedPlatform()
})

afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()))
  open = []
})

describeWithServers(['redis'], 'a gateway on Redis', () => {
  let server: RunningRedis
  let hand: Redis
  let client: RedisClient

  beforeAll(async () => {
    server = await startRedis()
    hand = byHand(server.url)
    client = publisher(server.url)
  })

  afterAll(async () => {
    hand.disconnect()
    client.close()
    await server.stop()
  })

  beforeEach(() => hand.flushall())

  it('sees a publication at once, and acknowledges it', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await eventually(async () => (await ackOf(hand))?.status === 'applied')
    const times: number[] = []
    for (let version = 2; version <= 11; version++) {
      await push(client, yamlOf('a', `b${version}`))
      const start = performance.now()
      await gw.sees(`table redis:v${version} a b${version}`)
      times.push(performance.now() - start)
    }
    // By the hint: the poll is 4 to 6 s away. The median, since this machine may be busy.
    expect(times.toSorted((a, b) => a - b)[5]).toBeLessThan(2000)
    expect(await ackOf(hand)).toMatchObject({ version: 11, running: 11, status: 'applied' })
    expect(await hand.pttl(`${KEYS.acks}gw-1`)).toBeGreaterThan(50_000)
  })

  it('goes on through a flush, and takes the new history loudly', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await hand.flushall()
    await gw.sees(/^unavailable redis .*\(version 1\) is gone/)
    await push(client, yamlOf('b'))
    await gw.sees(/^table redis:v\d b$/)
    expect(platform.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('flushed or restored') }])
  })

  it('refuses an invalid version with every reason, says so to the publisher, and takes the next', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await push(client, 'routes:\n  - { name: x, mach: /a }\n  - { name: y, match: /b, to: }\n')
    await gw.sees(/^rejected redis:v2 .*mach/)
    await eventually(async () => (await ackOf(hand))?.version === 2)
    expect(await ackOf(hand)).toMatchObject({ status: 'rejected', running: 1, error: expect.stringContaining('mach') })
    await push(client, yamlOf('c'))
    await gw.sees('table redis:v3 c')
  })

  it('keeps its table when a version without routes does not say that it means it', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await push(client, 'routes: []\n')
    await gw.sees(/^rejected redis:v2 the table has no routes/)
    await push(client, yamlOf())
    await gw.sees('table redis:v3')
  })

  it('refuses a blob that somebody changed', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    const pointer = JSON.parse((await hand.get(KEYS.current)) ?? '') as object
    await hand.set(`${KEYS.versions}2`, yamlOf('evil'))
    await hand.set(KEYS.current, JSON.stringify({ ...pointer, version: 2, bytes: yamlOf('evil').length }))
    await hand.publish(KEYS.notify, 'x')
    await gw.sees(/^rejected redis:v2 .*SHA-256/)
  })

  it('takes packed versions', async () => {
    const many = Array.from({ length: 5000 }, (_, number) => `r${number}`)
    const published = await push(client, yamlOf(...many))
    expect(published).toMatchObject({ kind: 'published' })
    expect((await hand.getBuffer(`${KEYS.versions}1`))?.subarray(0, 2).toString('hex')).toBe('1f8b')
    const gw = gateway(server.url)
    await gw.sees(/^table redis:v1 r0 .* r4999$/)
  })

  it('takes a table set by hand, by polling, and at once after a publish by hand', async () => {
    await hand.set(KEYS.plain, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees(/^table redis:plain-\w+ a$/)
    await hand.set(KEYS.plain, yamlOf('b'))
    const asked = performance.now()
    await hand.publish(KEYS.notify, 'x')
    await gw.sees(/^table redis:plain-\w+ b$/)
    expect(performance.now() - asked).toBeLessThan(3000)
    await hand.set(KEYS.plain, JSON.stringify({ routes: [{ name: 'c', match: '/c', respond: { status: 204 } }] }))
    await gw.sees(/^table redis:plain-\w+ c$/)
    await hand.set(KEYS.plain, 'routes: [')
    await gw.sees(/^rejected redis:plain-\w+ /)
    await hand.del(KEYS.plain)
    await gw.sees(/^unavailable redis \{fairlead\}:routes is gone/)
    await push(client, yamlOf('d'))
    await gw.sees('table redis:v1 d')
  })

  it('hears keyspace notifications where they are on', async () => {
    await hand.config('SET', 'notify-keyspace-events', 'K$')
    await hand.set(KEYS.plain, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees(/ a$/)
    await eventually(async () => String(await hand.client('LIST')).includes('sub=3'))
    const times: number[] = []
    for (const name of ['b', 'c', 'd']) {
      await hand.set(KEYS.plain, yamlOf(name))
      const start = performance.now()
      await gw.sees(new RegExp(` ${name}$`))
      times.push(performance.now() - start)
    }
    await hand.config('SET', 'notify-keyspace-events', '')
    // The poll is 4 to 6 s away.
    expect(Math.min(...times)).toBeLessThan(3000)
  })

  it('asks Redis for no configuration', async () => {
    await hand.config('RESETSTAT')
    const gw = gateway(server.url)
    await gw.sees(/^unavailable/)
    const stats = await hand.info('commandstats')
    expect(stats).toContain('cmdstat_getrange')
    expect(stats).not.toContain('cmdstat_config|set')
    expect(stats).not.toContain('cmdstat_keys')
    expect(stats).not.toContain('cmdstat_scan')
  })

  it('sees changes by polling after its subscription was cut, and hears again afterwards', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await eventually(async () => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1)
    await hand.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await push(client, yamlOf('b'))
    await gw.sees('table redis:v2 b')
    await eventually(async () => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1)
    await push(client, yamlOf('c'))
    const asked = performance.now()
    await gw.sees('table redis:v3 c')
    expect(performance.now() - asked).toBeLessThan(3000)
  })

  it('reads no more often than each 25 ms in a flood of hints', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await eventually(async () => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1)
    await hand.config('RESETSTAT')
    const start = performance.now()
    for (let round = 0; round < 20; round++) {
      const pipeline = hand.pipeline()
      for (let hint = 0; hint < 1000; hint++) pipeline.publish(KEYS.notify, 'x')
      await pipeline.exec()
    }
    await push(client, yamlOf('b'))
    await gw.sees('table redis:v2 b')
    const reads = Number(/cmdstat_getrange:calls=(\d+)/.exec(await hand.info('commandstats'))?.[1])
    expect(reads).toBeLessThan((performance.now() - start) / 25 + 20)
    expect(gw.lines).toHaveLength(2)
  })

  it('calls a key of another type a matter of configuration', async () => {
    await hand.hset(KEYS.current, 'a', '1')
    const gw = gateway(server.url)
    await gw.sees(/^rejected redis Redis at 127\.0\.0\.1:\d+: the key holds something that is not a string/)
    await hand.del(KEYS.current)
    await hand.lpush(KEYS.plain, 'a')
    await gw.sees(/^rejected redis .*not a string/)
  })

  it('leaves without a trace', async () => {
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await eventually(async () => (await ackOf(hand)) !== undefined)
    await gw.stop()
    await eventually(async () => (await hand.exists(`${KEYS.acks}gw-1`)) === 0)
    await eventually(async () => !String(await hand.client('LIST')).includes('fairlead:gw-1'))
  })

  it('listens as soon as it may, not only after the next connection', async () => {
    await hand.call('ACL', 'SETUSER', 'deaf', 'on', '>pw', 'resetchannels', '+get', '+getrange', '+set', '+ping', '~{fairlead}:routes:*', '&{fairlead}:routes:*')
    await push(client, yamlOf('a'))
    const inHaste = { ...platform, sleep: (ms: number, signal?: AbortSignal) => platform.sleep(ms / 50, signal) }
    const gw = gateway(server.url.replace('//', '//deaf:pw@'), { platform: inHaste })
    await gw.sees('table redis:v1 a')
    await eventually(() => platform.lines.length > 0)
    expect(platform.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('cannot listen for hints') }])
    expect(await hand.pubsub('NUMSUB', KEYS.notify)).toEqual([KEYS.notify, 0])
    await hand.call('ACL', 'SETUSER', 'deaf', '+subscribe')
    await eventually(async () => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1)
    expect(platform.lines).toHaveLength(1)
  })

  it('never reads another database than the one of its URL, which may be another environment’s', async () => {
    await push(client, yamlOf('a'))
    const beyond = publisher(`${server.url}/99`)
    await expect(push(beyond, yamlOf('b'))).rejects.toThrow(/no such database/)
    const gw = gateway(`${server.url}/99`)
    await gw.sees(/^rejected redis Redis at 127\.0\.0\.1:\d+: there is no such database/)
    await hand.call('ACL', 'SETUSER', 'unplaced', 'on', '>pw', 'resetchannels', '+get', '+getrange', '+set', '+subscribe', '+ping', '~{fairlead}:routes:*', '&{fairlead}:routes:*')
    const denied = gateway(`${server.url.replace('//', '//unplaced:pw@')}/1`, { gatewayId: 'gw-2' })
    await denied.sees(/^unavailable redis Redis at .*lacks a right.*select/)
    await push(client, yamlOf('c'))
    await hand.call('ACL', 'SETUSER', 'unplaced', '+select')
    const other = publisher(`${server.url}/1`)
    await push(other, yamlOf('d'))
    await denied.sees('table redis:v1 d')
    expect([...gw.lines, ...denied.lines].filter((line) => line.startsWith('table'))).toEqual(['table redis:v1 d'])
    expect(platform.lines).toEqual([])
    beyond.close()
    other.close()
  })

  it('needs no more than the rights of a reader', async () => {
    await hand.call('ACL', 'SETUSER', 'reader', 'on', '>pw', 'resetchannels', '+get', '+subscribe', '+ping', '+info', '~{fairlead}:routes:*', '&{fairlead}:routes:*')
    await push(client, yamlOf('a'))
    const gw = gateway(server.url.replace('//', '//reader:pw@'))
    await gw.sees('table redis:v1 a')
    await eventually(async () => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1)
    await push(client, yamlOf('b'))
    await gw.sees('table redis:v2 b')
    expect(platform.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('cannot acknowledge') }])
    await hand.call('ACL', 'SETUSER', 'reader', 'resetkeys', '~other')
    await gw.sees(/^unavailable redis Redis at .*lacks a right/)
    await hand.call('ACL', 'SETUSER', 'reader', 'resetkeys', '~{fairlead}:routes:*')
    await gw.sees('confirmed redis:v2')
  })
})

describeWithServers(['redis'], 'the rights in docs/reference/redis.md', () => {
  it('are enough to publish, to read, to listen and to acknowledge, and for nothing else', async () => {
    const server = await startRedis()
    const hand = byHand(server.url)
    const documented = await readFile(new URL('../../docs/reference/redis.md', import.meta.url), 'utf8')
    for (const line of documented.split('\n').filter((text) => text.startsWith('ACL SETUSER'))) {
      const [, , name = '', ...rules] = line.replace('PASSWORD', 'pw').split(/ (?![^(]*\))/)
      await hand.call('ACL', 'SETUSER', name, ...rules)
    }
    const client = publisher(server.url.replace('//', '//fairlead-publisher:pw@'))
    expect(await push(client, yamlOf('a'))).toMatchObject({ kind: 'published', version: 1 })
    const gw = gateway(server.url.replace('//', '//fairlead-gateway:pw@'))
    await gw.sees('table redis:v1 a')
    await eventually(async () => (await ackOf(hand))?.status === 'applied')
    await eventually(async () => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1)
    expect(await push(client, yamlOf('b'))).toMatchObject({ kind: 'published', version: 2 })
    await gw.sees('table redis:v2 b')
    expect(platform.lines).toEqual([])
    const asGateway = byHand(server.url.replace('//', '//fairlead-gateway:pw@'))
    await expect(asGateway.set(KEYS.current, 'x')).rejects.toThrow(/NOPERM/)
    await expect(asGateway.get('other')).rejects.toThrow(/NOPERM/)
    asGateway.disconnect()
    client.close()
    hand.disconnect()
    await gw.stop()
    await server.stop()
  })
})

describeWithServers(['redis'], 'a Redis that fails', () => {
  let servers: RunningRedis[] = []
  let hands: { disconnect(): void }[] = []

  async function start(args: readonly string[] = []): Promise<RunningRedis> {
    const server = await startRedis({ args })
    servers.push(server)
    return server
  }

  function handOf(server: RunningRedis, login = ''): Redis {
    const hand = byHand(server.url.replace('//', `//${login}`))
    hands.push(hand)
    return hand
  }

  function clientOf(server: RunningRedis, login = ''): RedisClient {
    const client = publisher(server.url.replace('//', `//${login}`))
    hands.push({ disconnect: client.close })
    return client
  }

  afterEach(async () => {
    for (const hand of hands) hand.disconnect()
    await Promise.all(servers.map((server) => server.stop()))
    servers = []
    hands = []
  })

  it('by dying and coming back empty leaves the table in force', async () => {
    const server = await start()
    await push(clientOf(server), yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await server.kill()
    await gw.sees(/^unavailable redis Redis at 127\.0\.0\.1:\d+: (nothing listens there|the connection was cut)/)
    await server.restart()
    await gw.sees(/^unavailable redis .*\(version 1\) is gone/)
    await push(clientOf(server), yamlOf('b'))
    await gw.sees(/^table redis:v\d+ b$/)
  })

  it('by hanging leaves the table in force, and is read again when it wakes', async () => {
    const server = await start()
    const client = clientOf(server)
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    server.pause()
    await gw.sees(/^unavailable redis .*no answer in time/)
    server.resume()
    await gw.sees('confirmed redis:v1')
    await push(client, yamlOf('b'))
    await gw.sees('table redis:v2 b')
  })

  it('by being slow costs nothing but time', async () => {
    const server = await start(['--enable-debug-command', 'yes'])
    const client = clientOf(server)
    await push(client, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    const asleep = handOf(server).call('DEBUG', 'SLEEP', '0.3')
    const pushed = push(client, yamlOf('b'))
    await Promise.all([asleep, pushed])
    await gw.sees('table redis:v2 b')
    expect(gw.lines).toHaveLength(2)
  })

  it('by losing the newest version in a failover is told from a rollback, and the next publication passes it', async () => {
    const server = await start()
    const [client, hand] = [clientOf(server), handOf(server)]
    await push(client, yamlOf('a'))
    const old = await hand.get(KEYS.current)
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await push(client, yamlOf('b'))
    await gw.sees('table redis:v2 b')
    await eventually(async () => (await ackOf(hand))?.running === 2)
    await hand.set(KEYS.current, old ?? '')
    await hand.del(`${KEYS.versions}2`)
    await hand.xtrim(KEYS.log, 'MAXLEN', 1)
    await hand.publish(KEYS.notify, 'x')
    await gw.sees(/^rejected redis:v1 the store went back from version 2 to 1/)
    await eventually(async () => (await ackOf(hand))?.status === 'rejected')
    expect(await push(client, yamlOf('c'))).toMatchObject({ kind: 'published', version: 3, previous: 1 })
    await gw.sees('table redis:v3 c')
    await hand.set(KEYS.current, JSON.stringify({ ...(JSON.parse(old ?? '') as object), rollback: true }))
    await hand.publish(KEYS.notify, 'x')
    await gw.sees('table redis:v1 a')
  })

  it('over to a replica that takes no writes is read, and tells a publisher', async () => {
    const primary = await start()
    await push(clientOf(primary), yamlOf('a'))
    const replica = await start(['--replicaof', ...primary.address.split(':')])
    await eventually(async () => (await handOf(replica).get(KEYS.current)) !== null)
    const gw = gateway(replica.url)
    await gw.sees('table redis:v1 a')
    await expect(push(clientOf(replica), yamlOf('b'))).rejects.toThrow(/read-only replica: write to the primary/)
    await push(clientOf(primary), yamlOf('b'))
    await gw.sees('table redis:v2 b')
    expect(platform.lines).toMatchObject([{ message: expect.stringContaining('cannot acknowledge') }])
  })

  it('by refusing the password is denied, without repeating it', async () => {
    const server = await start(['--requirepass', 'right'])
    await push(clientOf(server, ':right@'), yamlOf('a'))
    const wrong = gateway(server.url.replace('//', '//:wr0ng@'))
    await wrong.sees(/^unavailable redis .*user or password is wrong/)
    expect(JSON.stringify([wrong.lines, platform.lines])).not.toContain('wr0ng')
    await gateway(server.url, { gatewayId: 'gw-2' }).sees(/^unavailable redis .*wants a password/)
    await gateway(server.url.replace('//', '//:right@'), { gatewayId: 'gw-3' }).sees('table redis:v1 a')
  })

  it('by having no connection left says so', async () => {
    const server = await start(['--maxclients', '1'])
    handOf(server)
    await gateway(server.url).sees(/^unavailable redis .*(no connection left|cut)/)
  })

  it('at the start leaves the gateway with the last good table, and takes over when it comes', async () => {
    const server = await start()
    await push(clientOf(server), yamlOf('a'))
    const { directory, remove } = await makeTempDirectory()
    const file = lastGoodFile(directory)
    const first = drill(withLastGood(openRedisStore({ url: server.url, prefix: 'fairlead', gatewayId: 'gw-1', platform, parse }), {}, file, platform))
    await first.sees('table redis:v1 a')
    await eventually(async () => (await file.load()) !== undefined)
    await first.stop()
    await server.kill()

    const load = await loadLastGood(file, parse, platform)
    const mark = load.loaded?.last.mark ?? ''
    const began = performance.now()
    const second = drill(withLastGood(openRedisStore({ url: server.url, prefix: 'fairlead', gatewayId: 'gw-1', platform, parse, resume: mark }), load, file, platform))
    open.push(second)
    await eventually(() => second.lines.length >= 2, () => second.lines)
    expect(second.lines).toEqual(['table disk a', expect.stringMatching(/^unavailable redis .*nothing listens there/)])
    expect(performance.now() - began).toBeLessThan(2500)
    await server.restart()
    await second.sees(/^unavailable redis .*\(version 1\) is gone/)
    await push(clientOf(server), yamlOf('b'))
    await second.sees(/^table redis:v\d+ b$/)
    await second.stop()
    await remove()
  })

  it('by speaking something else is refused without harm', async () => {
    const { createServer } = await import('node:net')
    const answers = ['$2147483647\r\n', `${'*1\r\n'.repeat(10_000)}`, 'HTTP/1.1 400 Bad Request\r\n\r\n', '\0\0\0\0']
    for (const answer of answers) {
      const server = createServer((socket) => socket.on('error', () => undefined).on('data', () => socket.write(answer)))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const gw = gateway(`redis://127.0.0.1:${port}`)
      await gw.sees(/^(unavailable|rejected) redis Redis at/)
      await gw.stop()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    }
  })
})

describeWithServers(['redis'], 'publishing', () => {
  let server: RunningRedis
  let hand: Redis
  let client: RedisClient

  beforeAll(async () => {
    server = await startRedis()
    hand = byHand(server.url)
    client = publisher(server.url)
  })

  afterAll(async () => {
    hand.disconnect()
    client.close()
    await server.stop()
  })

  beforeEach(() => hand.flushall())

  it('lays everything out as readers expect it', async () => {
    const published = await push(client, yamlOf('a'), { by: 'ann@host', note: 'first' })
    const sha256 = await sha256OfText(yamlOf('a'))
    expect(published).toEqual({ kind: 'published', version: 1, epoch: expect.any(String), sha256, bytes: yamlOf('a').length, previous: 0 })
    expect(await hand.get(`${KEYS.versions}1`)).toBe(yamlOf('a'))
    expect(await hand.ttl(`${KEYS.versions}1`)).toBe(-1)
    expect(JSON.parse((await hand.get(KEYS.current)) ?? '')).toEqual({ version: 1, epoch: expect.any(String), sha256, bytes: yamlOf('a').length, schema: 2, writtenAt: expect.stringMatching(/^\d{4}-.*Z$/), by: 'ann@host' })
    const [entry] = await hand.xrange(KEYS.log, '-', '+')
    expect(entry?.[1]).toEqual(['version', '1', 'epoch', expect.any(String), 'sha256', sha256, 'by', 'ann@host', 'note', 'first'])
  })

  it('lets exactly one of many writers win each round, and the others hear who', async () => {
    const clients = Array.from({ length: 8 }, () => publisher(server.url))
    let current = 0
    for (let round = 1; round <= 5; round++) {
      const results = await Promise.all(clients.map((one, index) => push(one, yamlOf(`w${index}`), { expectVersion: current })))
      const [won, ...more] = results.filter((result) => result.kind === 'published')
      expect(more).toEqual([])
      expect(won?.previous).toBe(current)
      current = won?.version ?? 0
      for (const result of results) if (result.kind === 'conflict') expect(result).toMatchObject({ found: current, message: expect.stringMatching(/^conflict: /) })
      // The losers took their blobs away again.
      expect(await hand.keys(`${KEYS.versions}*`)).toHaveLength(round)
    }
    for (const one of clients) one.close()
  })

  it('refuses when another version is in force than was expected', async () => {
    await push(client, yamlOf('a'))
    expect(await push(client, yamlOf('b'), { expectVersion: 7 })).toMatchObject({ kind: 'conflict', found: 1, message: expect.stringContaining('version 7 was expected') })
    expect(await push(client, yamlOf('b'), { expectVersion: 1 })).toMatchObject({ kind: 'published', version: 2 })
  })

  it('never writes over a version that is there', async () => {
    await hand.set(`${KEYS.versions}1`, 'somebody else’s')
    expect(await push(client, yamlOf('a'))).toMatchObject({ version: 2 })
    expect(await hand.get(`${KEYS.versions}1`)).toBe('somebody else’s')
  })

  it('keeps the newest ten, and older ones for an hour', async () => {
    for (let version = 1; version <= 13; version++) await push(client, yamlOf(`a${version}`))
    expect(await hand.exists(...Array.from({ length: 13 }, (_, index) => `${KEYS.versions}${index + 1}`))).toBe(13)
    const entries = await hand.xrange(KEYS.log, '-', '+')
    await hand.del(KEYS.log)
    const longAgo = Date.now() - 2 * 3_600_000
    for (const [index, [, fields]] of entries.entries()) await hand.xadd(KEYS.log, `${longAgo + index}-0`, ...fields)
    await push(client, yamlOf('a14'))
    const left = (await hand.keys(`${KEYS.versions}*`)).map((key) => Number(key.slice(KEYS.versions.length))).toSorted((a, b) => a - b)
    expect(left).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
  })

  it('says what is wrong with a pointer that is none', async () => {
    await hand.set(KEYS.current, 'x')
    await expect(push(client, yamlOf('a'))).rejects.toThrow(/:routes:current is not a pointer/)
  })

  it('packs what it packs the same way as a reader unpacks it', async () => {
    const text = `# ${'x'.repeat(300_000)}\n${yamlOf('a')}`
    await push(client, text)
    expect((await hand.getBuffer(`${KEYS.versions}1`))?.equals(await packText(text))).toBe(true)
  })
})
