// Rarer ways of a real Redis: behind Sentinels and failing over, loading its data, over TLS, cutting slow listeners.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import tls from 'node:tls'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { publish } from '../../src/node/store/publish.ts'
import type { RedisClient } from '../../src/node/store/redis-client.ts'
import { openRedisStore } from '../../src/node/store/redis.ts'
import { freePorts } from '../support/server-process.ts'
import { startRedis, type RedisOptions } from '../support/servers/redis.ts'
import { startSentinel } from '../support/servers/sentinel.ts'
import { describeWithServers } from '../support/servers.ts'
import { byHand, drill, eventually, loggedPlatform, parse, publisher, yamlOf, type Drill, type LoggedPlatform } from '../support/store-drill.ts'
import { KEYS } from '../support/store-events.ts'

const certificate = fileURLToPath(new URL('../fixtures/tls/self-signed.pem', import.meta.url))
const key = fileURLToPath(new URL('../fixtures/tls/self-signed-key.pem', import.meta.url))

let platform: LoggedPlatform
/** Ended after each test, the last first. */
let ends: (() => unknown)[] = []

beforeEach(() => {
  platform = loggedPlatform()
})

afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  ends = []
})

function gateway(url: string): Drill & Pick<ReturnType<typeof openRedisStore>, 'status'> {
  const store = openRedisStore({ url, prefix: 'fairlead', gatewayId: 'gw-1', platform, parse })
  const started = drill(store)
  ends.push(started.stop)
  return { ...started, status: store.status }
}

async function start(options: RedisOptions = {}): Promise<Awaited<ReturnType<typeof startRedis>>> {
  const server = await startRedis(options)
  ends.push(server.stop)
  return server
}

function clientOf(url: string): RedisClient {
  const client = publisher(url)
  ends.push(client.close)
  return client
}

function handOf(url: string): Redis {
  const hand = byHand(url)
  ends.push(() => hand.disconnect())
  return hand
}

const push = (url: string, text: string): ReturnType<typeof publish> => publish({ client: clientOf(url), prefix: 'fairlead', text, by: 'test', note: '' })

describeWithServers(['redis'], 'a gateway', () => {
  it('follows a failover that Sentinels make, and is told of the version that was lost in it', async () => {
    const primary = await start()
    const replica = await start({ args: ['--replicaof', ...primary.address.split(':')] })
    await push(primary.url, yamlOf('a'))
    const atReplica = handOf(replica.url)
    await eventually(async () => (await atReplica.get(KEYS.current)) !== null)
    const sentinel = await startSentinel(primary)
    ends.push(sentinel.stop)
    const { url } = sentinel
    const gw = gateway(url)
    await gw.sees('table redis:v1 a')
    // The replica hears nothing of the next version: asynchronous replication at its worst.
    replica.pause()
    await handOf(primary.url).call('CLIENT', 'KILL', 'TYPE', 'replica')
    await push(primary.url, yamlOf('b'))
    await gw.sees('table redis:v2 b')
    await primary.kill()
    replica.resume()
    await gw.sees(/^rejected redis:v1 the store went back from version 2 to 1/)
    expect(gw.status()).toMatchObject({ mode: 'behind', lastError: { message: expect.stringMatching(/^redis:v1: the store went back from version 2 to 1/) } })
    expect(await push(url, yamlOf('c'))).toMatchObject({ kind: 'published', version: 3 })
    await gw.sees('table redis:v3 c')
    expect(gw.status().mode).toBe('live')
    expect(gw.lines.filter((line) => line.startsWith('table'))).toEqual(['table redis:v1 a', 'table redis:v2 b', 'table redis:v3 c'])
  })

  it('says that Redis is loading, and goes on when it is done', async () => {
    const server = await start({ args: ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'] })
    const hand = handOf(server.url)
    await push(server.url, yamlOf('a'))
    for (let number = 0; number < 500; number++) await hand.set(`filler:${number}`, 'x'.repeat(2000))
    await hand.save()
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    await server.kill()
    const restarted = server.restart()
    await gw.sees(/^unavailable redis .*still loading/)
    expect(gw.status()).toMatchObject({ mode: 'unreachable', lastError: { message: expect.stringMatching(/still loading/) } })
    await restarted
    await gw.sees('confirmed redis:v1')
    expect(gw.status().mode).toBe('live')
  })

  it('talks TLS to whom it trusts, and to nobody else', async () => {
    const [port = 0] = await freePorts(1)
    const server = await start({ args: ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'] })
    await push(server.url, yamlOf('a'))
    const url = `rediss://127.0.0.1:${port}`
    const refused = gateway(url)
    await refused.sees(/^rejected redis Redis at 127\.0\.0\.1:\d+: the TLS handshake failed; it is not tried without TLS/)
    expect(refused.status()).toMatchObject({ mode: 'unreachable', lastError: { message: expect.stringMatching(/^Redis at .* the TLS handshake failed/) } })
    await refused.stop()
    // Giving up in the middle of a handshake makes a second error on the same socket; none of them may escape.
    for (let attempt = 0; attempt < 30; attempt++) await gateway(url).stop()
    const before = tls.getCACertificates()
    tls.setDefaultCACertificates([...before, await readFile(certificate, 'utf8')])
    ends.push(() => tls.setDefaultCACertificates(before))
    await gateway(url).sees('table redis:v1 a')
  })

  it('outlives the cut that a slow listener gets', async () => {
    const server = await start({ args: ['--client-output-buffer-limit', 'pubsub', '1kb', '1kb', '1'] })
    await push(server.url, yamlOf('a'))
    const gw = gateway(server.url)
    await gw.sees('table redis:v1 a')
    const hand = handOf(server.url)
    const heard = async (): Promise<boolean> => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1
    await eventually(heard)
    const hints = hand.pipeline()
    for (let hint = 0; hint < 1000; hint++) hints.publish(KEYS.notify, 'x'.repeat(1000))
    await hints.exec()
    await eventually(async () => !(await heard()))
    await eventually(heard)
    await push(server.url, yamlOf('b'))
    await gw.sees('table redis:v2 b')
  })
})
