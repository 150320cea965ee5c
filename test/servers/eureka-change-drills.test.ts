// Failure drills on a real Eureka whose endpoints change much and fast while load runs: no request fails that could have
// succeeded, and what is shown is true.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AT_ONCE, changesWhile, countsWhile, crowd, flaps, forEach, knows, type Member } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { until } from '../support/drill/until.ts'
import { cancel, countListed, register } from '../support/servers/eureka-client.ts'
import { startEureka, type EurekaServer } from '../support/servers/eureka.ts'
import { describeWithServers } from '../support/servers.ts'

/** Instances in a storm. */
const CROWD = 1000
const SPEED = 10

describeWithServers(['eureka'], 'a gateway at a Eureka', () => {
  let server: EurekaServer
  beforeAll(async () => {
    const [first] = await startEureka(1)
    if (first === undefined) throw new Error('no server')
    server = first
    // A JVM, on a loaded machine.
  }, 240_000)
  afterAll(() => server.stop())

  const plan = (more: Partial<DrillPlan> = {}): DrillPlan => ({
    upstreams: { eureka: server.address },
    registries: ({ eureka }) => ({ eureka: { address: `http://${eureka}/eureka`, every: '3s' } }),
    services: { web: { from: 'eureka/WEB', backends: ['a', 'b', 'c'] } },
    speed: SPEED,
    ...more,
  })

  async function registerAll(all: readonly Member[]): Promise<void> {
    await forEach(all, (each) => register(server.url, each))
    await until('the server lists them', async () => (await countListed(server.url)) === all.length)
  }

  test('where one instance crashes and comes back again and again: no request is lost, and few sets are put in force', () =>
    drill(plan({ before: async (backend) => void (await Promise.all(['a', 'b', 'c'].map((name) => register(server.url, backend(name))))) }), async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await cancel(server.url, d.backend('c'))
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await register(server.url, d.backend('c'))
      }
      const { changes, most } = await changesWhile(d, 'eureka/WEB', () => flaps(d, 'web', crashes, returns), SPEED)
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      // It is told when it leaves for good.
      await cancel(server.url, d.backend('c'))
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
      for (const name of ['a', 'b']) await cancel(server.url, d.backend(name))
    }))

  test('where a thousand instances are replaced by a thousand others: the set is never a part of itself, and no request is lost', () =>
    // The first ones come by a whole list, the others by changes.
    drill(plan({ host: '0.0.0.0', before: (backend) => registerAll(members({ backend }, 1)) }), async (d) => {
      const [old, next] = [members(d, 1), members(d, 2)]
      await knows(d, 'eureka/WEB', CROWD)
      const seen = await countsWhile(d, 'web', 'eureka/WEB', () =>
        forEach(next, async (each, index) => {
          await register(server.url, each)
          await cancel(server.url, old[index] ?? each)
        }),
      )
      await knows(d, 'eureka/WEB', CROWD)
      expect(seen.filter((count) => count < CROWD || count > CROWD + AT_ONCE)).toEqual([])
      await d.uses('web', ['a', 'b', 'c'])
    }))
})

const members = (d: Pick<Drill, 'backend'>, wave: number): readonly Member[] => crowd(d, ['a', 'b', 'c'], wave, CROWD)
