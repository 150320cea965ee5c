// Failure drills on a real Redis that tables come from, while load runs: no request fails, what is shown is true, and recovery needs
// nobody.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseAck } from '../../src/store/ack.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { LEADS_TO_C, listens, push, redisPlan } from '../support/redis-drill.ts'
import { startRedis } from '../support/servers/redis.ts'
import { describeWithServers } from '../support/servers.ts'
import { byHand } from '../support/store-drill.ts'
import { KEYS } from '../support/store-events.ts'
import { makeTempDirectory } from '../support/temp.ts'

/** Longest time that a client waits for an answer or for a connection, milliseconds. */
const TIMEOUT = 2000
/** A table that was published while it was parted is in force so soon after that, milliseconds: the longest pause between two attempts is 5 s. */
const HEALS_WITHIN = 15_000

describeWithServers(['redis'], 'a gateway at a Redis', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeEach(async () => {
    server = await startRedis()
    temp = await makeTempDirectory()
  })
  afterEach(() => Promise.all([server.stop(), temp.remove()]))

  const plan = (): DrillPlan => redisPlan(temp.directory, { upstreams: { redis: server.address }, store: ({ redis }) => ({ redis: `redis://${redis}` }) })
  const publishes = async (text: string): Promise<void> => void (await push(server.url, text))

  test('that is parted from it for longer than anything waits: the table stays, and what was published meanwhile is in force afterwards', () =>
    drill(plan(), async (d) => {
      const hand = byHand(server.url)
      try {
        await publishes(d.table(LEADS_TO_C))
        await d.uses('web', ['c'])
        await publishes(d.table({}))
        await d.uses('web', ['a', 'b'])
        await d.until('hints are heard', () => listens(hand))
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
        await publishes(d.table(LEADS_TO_C))
        // Both connections are given up and made anew, again and again.
        await d.until('it has tried again and again', () => redis.accepted >= connections + 6)
        expect(redis.accepted - connections).toBeLessThan(4 + (2 * (performance.now() - since)) / TIMEOUT)
        expect(await d.origin()).toBe('redis:v2')
        expect(await d.store('unreachable')).toMatchObject({ since: parted.since, lastSuccess: parted.lastSuccess })
        await d.serves('web', ['a', 'b'])
        const healed = performance.now()
        await redis.pass()
        await d.uses('web', ['c'])
        expect(performance.now() - healed).toBeLessThan(HEALS_WITHIN)
        expect(await d.origin()).toBe('redis:v3')
        await d.store('live')
        await d.until('a publisher is told', async () => parseAck('drill', (await hand.get(`${KEYS.acks}drill`)) ?? '')?.running === 3)
        await d.until('hints are heard again', () => listens(hand))
      } finally {
        hand.disconnect()
      }
    }))

  test('that is flushed, went back, or holds an invalid version: the table stays, and which of it is said, until it is repaired', () =>
    drill(plan(), async (d) => {
      const hand = byHand(server.url)
      try {
        for (let version = 1; version < 4; version++) await publishes(d.table({}))
        await d.until('the third version is in force', async () => parseAck('drill', (await hand.get(`${KEYS.acks}drill`)) ?? '')?.running === 3)
        const pointer = async (): Promise<string> => (await hand.get(KEYS.current)) ?? ''
        const third = await pointer()
        await d.store('live')
        await publishes('routes: [{ match: web.drill/**, to: nothing }]')
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
        await publishes(d.table(LEADS_TO_C))
        await d.uses('web', ['c'])
        await d.store('live')
      } finally {
        hand.disconnect()
      }
    }))

  test('that is down when it starts: the last good table serves from disk, and it is said how Redis is, until it is back', () =>
    drill(plan(), async (d) => {
      await publishes(d.table(LEADS_TO_C))
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
