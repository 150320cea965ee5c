// Failure drills on a real ZooKeeper whose serverset changes much and fast, or holds what is none of it, while load runs: no request
// fails that could have succeeded, and what is shown is true.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { AT_ONCE, countsWhile, crowd, forEach, has, type Member } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { describeWithServers } from '../support/servers.ts'
import { startZooKeeper, type RealZooKeeper } from '../support/servers/zookeeper.ts'
import { startCuratorWriter, type Writer } from '../support/servers/zookeeper-writers.ts'

/** Four thousand writes in turn, on a loaded machine: milliseconds. */
const SLOW = 120_000
/** Members in a storm. */
const CROWD = 1000
const SET = '/storm/web'
const REF = `zk${SET}`
/** Session timeout of the gateway, unlike that of the writer, milliseconds. */
const SESSION = 8000

describeWithServers(['zookeeper', 'zookeeper-writers'], 'a gateway at a ZooKeeper', () => {
  let server: RealZooKeeper
  let hand: Writer
  beforeAll(async () => {
    server = await startZooKeeper()
  })
  afterAll(() => server.stop())
  beforeEach(() => {
    hand = startCuratorWriter(server.address, '/', 'x', 10_000)
  })
  afterEach(async () => {
    try {
      await hand.say(`delete ${SET}`)
    } finally {
      await hand.kill()
    }
  })

  const node = (name: string): string => `${SET}/member_${name}`
  const put = ({ name, host, port }: Member): Promise<void> => hand.say(`put ${node(name)} ${JSON.stringify({ serviceEndpoint: { host, port }, additionalEndpoints: {}, status: 'ALIVE' })}`)
  const remove = ({ name }: Pick<Member, 'name'>): Promise<void> => hand.say(`delete ${node(name)}`)
  const plan = (more: Partial<DrillPlan> = {}): DrillPlan => ({
    upstreams: { zk: server.address },
    registries: ({ zk }) => ({ zk: { address: zk, sessionTimeout: `${SESSION}ms` } }),
    services: { web: { from: REF, backends: ['a', 'b', 'c'] } },
    before: async (backend) => {
      for (const name of ['a', 'b', 'c']) await put(backend(name))
    },
    ...more,
  })

  // What the server lets a client write, and what it lets it read back is a little more.
  const READ = 2 ** 20 - 200
  const PASSED_OVER = 2 ** 20 - 84
  const long = (size: number, before: string, after: string): string => `${before}${'x'.repeat(size - before.length - after.length)}${after}`

  test('with a node of almost 1 MiB that is no member: it is refused alone, and so is one that was good before', () =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      for (const [data, reason] of [
        [long(READ, '', ''), 'is no JSON'],
        ['['.repeat(READ / 2) + ']'.repeat(READ / 2), 'is no member: it has no serviceEndpoint with host and port'],
        ['['.repeat(READ), 'is no JSON'],
        [long(PASSED_OVER, '', ''), 'has 1048580 bytes; at most 1 MiB is read'],
        [long(READ, '{"serviceEndpoint":{"host":"', ''), 'is no JSON'],
        [long(READ, '{"serviceEndpoint":{"host":"', '","port":80},"status":"ALIVE"}'), 'has an address longer than 255 characters'],
      ] as const) {
        await hand.say(`put ${node('odd')} ${data}`)
        await d.until(`it ${reason}`, async () => (await d.watch(REF)).rejected.some((each) => each.id === 'member_odd' && each.reason === reason))
        await d.sees('web', 'live a,b,c')
        await d.serves('web', ['a', 'b', 'c'])
      }
      await hand.say(`put ${node('b')} ${long(PASSED_OVER, '', '')}`)
      await d.until('its last good data are used', async () => (await d.watch(REF)).rejected.some(({ id, reason }) => id === 'member_b' && reason === 'has 1048580 bytes; at most 1 MiB is read; its last good data are used'))
      await d.sees('web', 'live a,b,c')
      await remove({ name: 'odd' })
      await remove({ name: 'b' })
      await d.sees('web', 'live a,c')
      expect((await d.watch(REF)).rejected).toEqual([])
      await put(d.backend('b'))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    }))

  test('where a thousand members are replaced, and a thousand more come and go at once: the set is true in the end, and each is read once', () =>
    drill(plan({ host: '0.0.0.0', before: async () => {}, speed: 1 }), async (d) => {
      const [old = [], next = [], brief = []] = [1, 2, 3].map((wave) => crowd(d, ['a', 'b', 'c'], wave, CROWD))
      await forEach(old, put)
      await has(d, 'web', old)
      const before = await effort(d)
      const seen = await countsWhile(d, 'web', REF, async () => {
        await forEach(next, async (each, index) => {
          await put(each)
          await remove(old[index] ?? each)
        })
        await forEach(brief, async (each) => {
          await put(each)
          await remove(each)
        })
      })
      await has(d, 'web', next)
      await d.uses('web', ['a', 'b', 'c'])
      // A few may go between the list and the reading of what is new in it.
      expect(seen.filter((count) => count < CROWD - 4 * AT_ONCE || count > CROWD + AT_ONCE)).toEqual([])
      // Four thousand events must not cost four thousand readings, nor a reading every member.
      const after = await effort(d)
      const readings = after.readings - before.readings
      expect(readings).toBeLessThan(10 + (2 * (after.at - before.at)) / 250)
      expect(after.questions - before.questions).toBeLessThan(3 * CROWD + 2 * readings)
    }), SLOW)

  /** How often the gateway has read the set, and how many questions it has asked ZooKeeper since its session began. */
  async function effort(d: Drill): Promise<{ readonly at: number; readonly readings: number; readonly questions: number }> {
    const own = await d.until('ZooKeeper tells of the connection', async () => (await server.say('cons')).split('\n').find((line) => line.includes(`to=${SESSION},`)))
    const { attempts } = await d.watch(REF)
    return { at: performance.now(), readings: Object.values(attempts).reduce((sum, count) => sum + count, 0), questions: Number(/recved=(\d+)/.exec(own)?.[1]) }
  }
})
