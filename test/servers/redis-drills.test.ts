// Failure drills on a real Redis that tables come from, while load runs: no request fails, what is shown is true, and recovery needs
// nobody.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { publish } from '../../src/node/store/publish.ts'
import { parseAck } from '../../src/store/ack.ts'
import { drill, type DrillPlan } from '../support/drill/drill.ts'
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
        const redis = d.fault('redis')
        const [since, connections] = [performance.now(), redis.accepted]
        redis.blackhole()
        await d.until('it is said', () => d.logs.some((line) => /^warn the route store cannot be read; the running table stays .*no answer in time/.test(line)))
        await push(d.table({ web: { to: [{ service: 'next', weight: 1 }] } }))
        // Both connections are given up and made anew, again and again.
        await d.until('it has tried again and again', () => redis.accepted >= connections + 6)
        expect(redis.accepted - connections).toBeLessThan(4 + (2 * (performance.now() - since)) / TIMEOUT)
        expect(await d.origin()).toBe('redis:v2')
        await d.serves('web', ['a', 'b'])
        await redis.pass()
        await d.uses('web', ['c'])
        expect(await d.origin()).toBe('redis:v3')
        await d.until('a publisher is told', async () => parseAck('drill', (await hand.get(`${KEYS.acks}drill`)) ?? '')?.running === 3)
        await d.until('hints are heard again', listens)
      } finally {
        hand.disconnect()
      }
    }))
})
