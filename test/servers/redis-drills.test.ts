// Failure drills on a real Redis that tables come from, while load runs: no request fails, what is shown is true, and recovery needs
// nobody.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { publish } from '../../src/node/store/publish.ts'
import { parseAck } from '../../src/store/ack.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { startRedis } from '../support/servers/redis.ts'
import { describeWithServers } from '../support/servers.ts'
import { byHand, publisher } from '../support/store-drill.ts'
import { KEYS } from '../support/store-events.ts'
import { makeTempDirectory } from '../support/temp.ts'

/** Longest time that a client waits for an answer or for a connection, milliseconds. */
const TIMEOUT = 2000

describeWithServers(['redis'], 'a gateway at a Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeEach(async () => {
    server = await startRedis()
    temp = await makeTempDirectory()
  })
  afterEach(() => Promise.all([server.stop(), temp.remove()]))

  const plan = (): DrillPlan => ({
    upstreams: { redis: server.address },
    store: ({ redis }) => ({ redis: `redis://${redis}` }),
    registries: () => ({ file: { path: temp.directory } }),
    services: { web: { from: 'file/web', backends: ['a', 'b'] }, next: { from: 'file/next', backends: ['c'] } },
    before: async (backend) => {
      for (const [service, names] of [['web', ['a', 'b']], ['next', ['c']]] as const) await writeFile(join(temp.directory, service), names.map((name) => `127.0.0.1 ${backend(name).port}\n`).join(''))
    },
    speed: 10,
  })
  async function push(text: string): Promise<void> {
    const client = publisher(server.url)
    await publish({ client, prefix: 'fairlead', text, by: 'test', note: '' })
    client.close()
  }

  test('that is parted from it for longer than anything waits: the table stays, and what was published meanwhile is in force afterwards', () =>
    drill(plan(), async (d) => {
      const hand = byHand(server.url)
      try {
        const listens = async (): Promise<boolean> => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1
        await push(d.table({ web: { to: [{ service: 'next', weight: 1 }] } }))
        await d.uses('web', ['c'])
        await push(d.table({}))
        await d.uses('web', ['a', 'b'])
        await d.until('hints are heard', listens)
        expect(await d.origin()).toBe('redis:v2')
        const heard = (await d.store('live')).lastSuccess
        const redis = d.fault('redis')
        const [since, connections] = [performance.now(), redis.accepted]
        redis.blackhole()
        await d.until('it is said', () => d.logs.some((line) => /^warn the route store cannot be read; the running table stays .*no answer in time/.test(line)))
        const parted = await d.store('unreachable')
        expect(parted).toMatchObject({ store: 'redis', lastError: { message: expect.stringMatching(/^Redis at .*no answer in time/) } })
        expect(parted.lastSuccess).toBeGreaterThanOrEqual(heard ?? Infinity)
        expect(parted.since).toBeGreaterThan(parted.lastSuccess ?? Infinity)
        await push(d.table({ web: { to: [{ service: 'next', weight: 1 }] } }))
        // Both connections are given up and made anew, again and again.
        await d.until('it has tried again and again', () => redis.accepted >= connections + 6)
        expect(redis.accepted - connections).toBeLessThan(4 + (2 * (performance.now() - since)) / TIMEOUT)
        expect(await d.origin()).toBe('redis:v2')
        expect(await d.store('unreachable')).toMatchObject({ since: parted.since, lastSuccess: parted.lastSuccess })
        await d.serves('web', ['a', 'b'])
        await redis.pass()
        await d.uses('web', ['c'])
        expect(await d.origin()).toBe('redis:v3')
        await d.store('live')
        await d.until('a publisher is told', async () => parseAck('drill', (await hand.get(`${KEYS.acks}drill`)) ?? '')?.running === 3)
        await d.until('hints are heard again', listens)
      } finally {
        hand.disconnect()
      }
    }))

  test('that is flushed, went back, or holds an invalid version: the table stays, and which of it is said, until it is repaired', () =>
    drill(plan(), async (d) => {
      const hand = byHand(server.url)
      try {
        for (let version = 1; version < 4; version++) await push(d.table({}))
        await d.until('the third version is in force', async () => parseAck('drill', (await hand.get(`${KEYS.acks}drill`)) ?? '')?.running === 3)
        const pointer = async (): Promise<string> => (await hand.get(KEYS.current)) ?? ''
        const third = await pointer()
        await d.store('live')
        await push('routes: [{ match: web.drill/**, to: nothing }]')
        expect(await d.store('refused')).toMatchObject({ lastError: { message: expect.stringMatching(/^redis:v4: .*nothing/) } })
        await hand.set(KEYS.current, third)
        await d.store('live')
        await hand.set(KEYS.current, third.replace('"version":3', '"version":2'))
        expect(await d.store('behind')).toMatchObject({ lastError: { message: expect.stringMatching(/^redis:v2: the store went back from version 3 to 2/) } })
        await hand.set(KEYS.current, third)
        await d.store('live')
        await hand.flushall()
        expect(await d.store('absent')).toMatchObject({ lastError: { message: expect.stringMatching(/\(version 3\) is gone/) } })
        await d.serves('web', ['a', 'b'])
        await push(d.table({ web: { to: [{ service: 'next', weight: 1 }] } }))
        await d.uses('web', ['c'])
        await d.store('live')
      } finally {
        hand.disconnect()
      }
    }))

  test('that is down when it starts: the last good table serves from disk, and it is said how Redis is, until it is back', () =>
    drill(plan(), async (d) => {
      await push(d.table({ web: { to: [{ service: 'next', weight: 1 }] } }))
      await d.uses('web', ['c'])
      await d.until('it is saved', async () => (await d.store('live')).lastGood?.savedAt !== undefined)
      const { lastGood } = await d.store('live')
      expect(lastGood).toEqual({ savedAt: expect.any(Number) })
      await d.restart(() => d.fault('redis').refuse())
      const down = await d.store('unreachable')
      expect(await d.origin()).toBe('disk')
      expect(down).toMatchObject({ lastError: { message: expect.stringMatching(/^Redis at .*nothing listens there/) }, lastGood })
      expect(down.lastSuccess).toBeUndefined()
      await d.serves('web', ['c'])
      await d.fault('redis').pass()
      await d.store('live')
      await d.serves('web', ['c'])
    }))

  test('that repeats the password in an error: nobody is shown it', () =>
    drill({ ...plan(), store: ({ redis }) => ({ redis: `redis://ann:s3cr3t@${redis}` }) }, async (d) => {
      expect(await d.store('unreachable')).toMatchObject({ lastError: { message: expect.stringMatching(/user or password is wrong/) } })
      d.fault('redis').answer('-ERR what is ann:s3cr3t, s3cr3t\r\n')
      d.fault('redis').cut()
      await d.until('it repeats it', async () => /what is ann:\*+, \*+/.test((await d.store('unreachable')).lastError?.message ?? ''))
      expect(JSON.stringify([await d.store('unreachable'), await d.metrics(), d.logs])).not.toContain('s3cr3t')
      await d.serves('web', ['a', 'b'])
    }))
})
