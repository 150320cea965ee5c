// Drills of what comes over the wire of a real Redis, while load runs: floods of hints, connections that are cut for them, nonsense, and
// certificates that nobody trusts. The table in force stays, no request fails, and recovery needs nobody.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import tls from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { begins, goesOn, listens, push, redisPlan, stays, withHand } from '../support/redis-drill.ts'
import { freePorts } from '../support/server-process.ts'
import { startRedis, type RedisOptions } from '../support/servers/redis.ts'
import { describeWithServers } from '../support/servers.ts'
import { KEYS } from '../support/store-events.ts'
import { makeTempDirectory } from '../support/temp.ts'

type RealRedis = Awaited<ReturnType<typeof startRedis>>

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))

/** Hints of a flood, and bytes of each: 100 MB in all. */
const HINTS = 100_000
const HINT = 'x'.repeat(1000)
/** What the gateway may hold on to of that, and the load beside it, bytes. */
const HELD = 40e6
/** Least time between two looks at the pointer, milliseconds. */
const GAP = 25

describeWithServers(['redis'], 'a gateway at a Redis', () => {
  let server: RealRedis | undefined
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeEach(async () => {
    temp = await makeTempDirectory()
  })
  afterEach(async () => {
    await server?.stop()
    server = undefined
    await temp.remove()
  })

  async function start(options: RedisOptions = {}): Promise<RealRedis> {
    server = await startRedis(options)
    return server
  }
  const plan = ({ address }: { readonly address: string }, more: { readonly scheme?: string; readonly speed?: number } = {}): DrillPlan =>
    redisPlan(temp.directory, { upstreams: { redis: address }, store: ({ redis }) => ({ redis: `${more.scheme ?? 'redis'}://${redis}` }) }, more.speed)

  async function flood(hand: Redis, hints: number, atOnce = 1000): Promise<void> {
    for (let sent = 0; sent < hints; sent += atOnce) {
      const some = hand.pipeline()
      for (let hint = 0; hint < atOnce; hint++) some.publish(KEYS.notify, HINT)
      await some.exec()
    }
  }

  test('whose channel is flooded with hints looks forty times a second at most, and keeps none of them', async () => {
    const { url, address } = await start()
    await drill(plan({ address }, { speed: 1 }), async (d) => {
      await begins(d, url)
      await withHand(url, async (hand) => {
        const looks = async (): Promise<number> => Number(/cmdstat_getrange:calls=(\d+)/.exec(await hand.info('commandstats'))?.[1])
        const { since } = await d.store('live')
        const held = heldBytes()
        await flood(hand, HINTS)
        expect(heldBytes() - held).toBeLessThan(HELD)
        // Few at a time leave this process room for many looks.
        const [before, began] = [await looks(), performance.now()]
        await flood(hand, 3000, 3)
        // One look more in each 5 s is for a key that the pointer overrules.
        expect((await looks()) - before).toBeLessThanOrEqual((1 + (performance.now() - began) / GAP) * 1.02 + 1)
        // The next version is heard of among them.
        const flooding = flood(hand, 10_000)
        await push(url, d.table({}))
        await d.uses('web', ['a', 'b'])
        await flooding
        expect(await d.store('live')).toMatchObject({ since })
      })
    })
  })

  test('that cuts who listens too slowly is listened to again, and the store was never in trouble', async () => {
    const { url, address } = await start({ args: ['--client-output-buffer-limit', 'pubsub', '1kb', '1kb', '1'] })
    await drill(plan({ address }), async (d) => {
      await begins(d, url)
      await withHand(url, async (hand) => {
        const listener = async (): Promise<string> => /^id=(\d+) /m.exec(String(await hand.call('CLIENT', 'LIST', 'TYPE', 'pubsub')))?.[1] ?? ''
        const { since } = await d.store('live')
        for (let cuts = 0; cuts < 3; cuts++) {
          const cut = await listener()
          await flood(hand, 1000)
          await d.until('the connection is another', async () => !['', cut].includes(await listener()) && (await listens(hand)))
          await d.serves('web', ['c'])
        }
        await goesOn(d, url)
        expect(await d.store('live')).toMatchObject({ since })
      })
    })
  })

  test('that begins to talk nonsense, or is no Redis any more, is given up each time, and understood again', async () => {
    const { url, address } = await start()
    await drill(plan({ address }), async (d) => {
      await begins(d, url)
      const redis = d.fault('redis')
      for (const nonsense of ['$2147483647\r\n', '$99999999999999999999\r\n', '*1\r\n'.repeat(10_000), '*2147483647\r\n', '\0\0\0\0', '+OK', 'HTTP/1.1 400 Bad Request\r\n\r\n', ':\r\n$-7\r\n*-2\r\n', `${'+'.repeat(1_000_000)}`]) {
        redis.answer(nonsense)
        redis.cut()
        await stays(d, 'unreachable', /^Redis at .*: ./)
        await redis.pass()
        await d.store('live')
        await d.serves('web', ['c'])
      }
      await goesOn(d, url)
    })
  })

  test('whose certificate is exchanged for one that nobody trusts is not talked to, with TLS or without, until it has the right one', async () => {
    const [port = 0] = await freePorts(1)
    const right = { cert: fixture('self-signed.pem'), key: fixture('self-signed-key.pem') }
    const wrong = { cert: fixture('engine/stranger.pem'), key: fixture('engine/stranger-key.pem') }
    const { url } = await start({ args: ['--tls-port', String(port), '--tls-cert-file', right.cert, '--tls-key-file', right.key, '--tls-auth-clients', 'no'] })
    const before = tls.getCACertificates()
    tls.setDefaultCACertificates([...before, await readFile(right.cert, 'utf8')])
    try {
      await drill(plan({ address: `127.0.0.1:${port}` }, { scheme: 'rediss' }), async (d) => {
        await begins(d, url)
        await withHand(url, async (hand) => {
          const has = ({ cert, key }: typeof right): Promise<unknown> => hand.call('CONFIG', 'SET', 'tls-cert-file', cert, 'tls-key-file', key)
          const gateways = async (): Promise<number> => String(await hand.call('CLIENT', 'LIST')).split(' name=fairlead:drill').length - 1
          await has(wrong)
          d.fault('redis').cut()
          await stays(d, 'unreachable', /the TLS handshake failed; it is not tried without TLS/)
          expect(await gateways()).toBe(0)
          await has(right)
          await d.store('live')
          await d.until('both connections are there', async () => (await gateways()) === 2)
          await goesOn(d, url)
        })
      })
    } finally {
      tls.setDefaultCACertificates(before)
    }
  })
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are held on to. */
function heldBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
