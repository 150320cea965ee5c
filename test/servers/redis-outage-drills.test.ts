// Drills on a real Redis that dies, hangs, is slow, loads its data, is demoted or fails over, while load runs: the table in force stays,
// no request fails, and recovery needs nobody.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { begins, goesOn, LEADS_TO_C, listens, push, redisPlan, stays, withHand } from '../support/redis-drill.ts'
import { startRedis, type RedisOptions } from '../support/servers/redis.ts'
import { startSentinel } from '../support/servers/sentinel.ts'
import { describeWithServers } from '../support/servers.ts'
import { eventually } from '../support/store-drill.ts'
import { KEYS } from '../support/store-events.ts'
import { makeTempDirectory } from '../support/temp.ts'

type RealRedis = Awaited<ReturnType<typeof startRedis>>

/** How late Redis answers where it is slow, milliseconds. */
const LATE = 200

describeWithServers(['redis'], 'a gateway at a Redis', () => {
  /** Ended after each test, the last first. */
  let ends: (() => Promise<unknown>)[] = []
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeEach(async () => {
    temp = await makeTempDirectory()
    ends = [temp.remove]
  })
  afterEach(async () => {
    for (const end of ends.toReversed()) await end()
  })

  async function start(options: RedisOptions = {}): Promise<RealRedis> {
    const server = await startRedis(options)
    ends.push(server.stop)
    return server
  }
  /** The gateway reaches Redis through a fault proxy. */
  const plan = (server: RealRedis): DrillPlan => redisPlan(temp.directory, { upstreams: { redis: server.address }, store: ({ redis }) => ({ redis: `redis://${redis}` }) })
  /** The gateway reaches Redis by this URL itself. */
  const direct = (url: string): DrillPlan => redisPlan(temp.directory, { store: () => ({ redis: url }) })

  test('that is killed and comes back as it was costs nothing but news', async () => {
    const server = await start({ durable: true })
    await drill(plan(server), async (d) => {
      await begins(d, server.url)
      await server.kill()
      await stays(d, 'unreachable', /nothing listens there|the connection was cut/)
      await server.restart()
      await d.store('live')
      await d.serves('web', ['c'])
      await goesOn(d, server.url)
    })
  })

  test('that is killed and comes back empty is told from one that is down, until a table is published', async () => {
    const server = await start()
    await drill(plan(server), async (d) => {
      await begins(d, server.url)
      await server.kill()
      await stays(d, 'unreachable', /nothing listens there|the connection was cut/)
      await server.restart()
      await stays(d, 'absent', /\(version 1\) is gone/)
      await push(server.url, d.table({}))
      await d.uses('web', ['a', 'b'])
      await d.store('live')
    })
  })

  test('that hangs is given up, not waited for, and read again when it goes on', async () => {
    const server = await start()
    await drill(plan(server), async (d) => {
      await begins(d, server.url)
      server.pause()
      await stays(d, 'unreachable', /no answer in time/)
      server.resume()
      await goesOn(d, server.url)
    })
  })

  test('that answers late is asked one thing at a time, however many hints there are, and is not given up', async () => {
    const server = await start()
    await drill(plan(server), async (d) => {
      await begins(d, server.url)
      const redis = d.fault('redis')
      const { since } = await d.store('live')
      redis.delay(LATE)
      await withHand(server.url, async (hand) => {
        const asked = async (): Promise<number> => [...(await hand.info('commandstats')).matchAll(/^cmdstat_(?:get|getrange|set):calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0)
        const [before, began, connections] = [await asked(), performance.now(), redis.accepted]
        for (let burst = 0; burst < 5; burst++) {
          const hints = hand.pipeline()
          for (let hint = 0; hint < 200; hint++) hints.publish(KEYS.notify, 'x')
          await hints.exec()
          await d.next('web')
        }
        // Each of its questions waits for the answer to the one before.
        expect((await asked()) - before).toBeLessThanOrEqual((performance.now() - began) / LATE + 1)
        expect(await d.store('live')).toMatchObject({ since })
        await d.serves('web', ['c'])
        await push(server.url, d.table({}))
        await d.uses('web', ['a', 'b'])
        expect(await d.store('live')).toMatchObject({ since })
        expect(redis.accepted).toBe(connections)
      })
    })
  })

  test('that loads its data is treated as one that is down, and read when it has them', async () => {
    const server = await start({ args: ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'] })
    await drill(plan(server), async (d) => {
      await begins(d, server.url)
      await withHand(server.url, async (hand) => {
        for (let number = 0; number < 500; number++) await hand.set(`filler:${number}`, 'x'.repeat(2000))
        await hand.save()
      })
      await server.kill()
      const restarted = server.restart()
      await stays(d, 'unreachable', /still loading/)
      await restarted
      await goesOn(d, server.url)
    })
  })

  test('that becomes a read-only replica is read as before; who publishes there is told, and what is published at the primary comes through', async () => {
    const [server, other] = [await start(), await start()]
    const replicates = (of: RealRedis, from: RealRedis): Promise<void> =>
      withHand(of.url, async (hand) => {
        await hand.replicaof('127.0.0.1', Number(from.address.split(':')[1]))
        await eventually(async () => /master_link_status:up/.test(await hand.info('replication')))
      })
    await drill(plan(server), async (d) => {
      await begins(d, server.url)
      await replicates(other, server)
      await withHand(other.url, (hand) => hand.replicaof('NO', 'ONE'))
      await replicates(server, other)
      await d.until('it is said that it cannot acknowledge', () => d.logs.some((line) => /cannot acknowledge.*read-only replica/.test(line)))
      await expect(push(server.url, d.table({}))).rejects.toThrow(/read-only replica: write to the primary/)
      await d.store('live')
      expect(await d.origin()).toBe('redis:v1')
      await d.serves('web', ['c'])
      await goesOn(d, other.url)
    })
  })

  async function group(): Promise<{ readonly primary: RealRedis; readonly replica: RealRedis; readonly url: string }> {
    const primary = await start({ args: ['--repl-diskless-sync-delay', '0'] })
    const replica = await start({ args: ['--replicaof', ...primary.address.split(':')] })
    const sentinel = await startSentinel(primary)
    ends.push(sentinel.stop)
    return { primary, replica, url: sentinel.url }
  }

  /** The replica has the table too. */
  const copied = (d: Pick<Drill, 'until'>, { url }: RealRedis): Promise<unknown> => withHand(url, (hand) => d.until('the replica has the table', async () => (await hand.get(KEYS.current)) !== null))

  test('that is demoted by its Sentinel is left for the new primary, and the table stays', async () => {
    const { primary, replica, url } = await group()
    await drill(direct(url), async (d) => {
      await begins(d, url, primary.url)
      await copied(d, replica)
      await withHand(url.replace(/^redis\+sentinel(.*)\/main$/, 'redis$1'), (sentinel) => sentinel.call('SENTINEL', 'FAILOVER', 'main'))
      await withHand(replica.url, async (hand) => {
        await d.until('the replica is the primary', async () => /role:master/.test(await hand.info('replication')))
        // The old one takes nobody's word for it until its Sentinel has heard it claim to be primary for 8 s.
        await d.until('hints are heard from the new primary', () => listens(hand))
      })
      expect(await d.origin()).toBe('redis:v1')
      await d.serves('web', ['c'])
      await goesOn(d, url)
    })
  })

  test('that dies behind a Sentinel, and the newest version with it: the table stays, and the next one is taken from the new primary', async () => {
    const { primary, replica, url } = await group()
    await drill(direct(url), async (d) => {
      await begins(d, url, primary.url)
      await copied(d, replica)
      // It hears nothing of the next version: asynchronous replication at its worst.
      replica.pause()
      await withHand(primary.url, (hand) => hand.call('CLIENT', 'KILL', 'TYPE', 'replica'))
      await push(primary.url, d.table({}))
      await d.uses('web', ['a', 'b'])
      const lost = { origin: 'redis:v2', by: ['a', 'b'] }
      await primary.kill()
      await stays(d, 'unreachable', /nothing listens there|the connection was cut/, lost)
      replica.resume()
      await stays(d, 'behind', /the store went back from version 2 to 1/, lost)
      expect(await push(url, d.table(LEADS_TO_C))).toMatchObject({ kind: 'published', version: 3 })
      await d.uses('web', ['c'])
      await d.store('live')
    })
  })
})
