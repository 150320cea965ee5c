// Failure drills on a real Consul whose endpoints change much, fast, or backwards, or whose index goes wrong, while load runs: no request
// fails that could have succeeded, and what is shown is true. Instances are put into the catalogue itself: an agent tells its server of them when it likes.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { AT_ONCE, changesWhile, countsWhile, crowd, flaps, forEach, knows, type Member } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { httpAnswer } from '../support/drill/fault-proxy.ts'
import { callConsul, enter, strike, strikeAll } from '../support/servers/consul-client.ts'
import { startConsul } from '../support/servers/consul.ts'
import { describeWithServers } from '../support/servers.ts'

/** Instances in a storm. */
const CROWD = 1000
/** Answers without news that cost no wait, and the question that finds that there are none left. */
const FREE = 4

describeWithServers(['consul'], 'a gateway at a Consul', () => {
  let server: Awaited<ReturnType<typeof startConsul>>
  beforeAll(async () => {
    server = await startConsul()
  })
  afterAll(() => server.stop())
  afterEach(() => strikeAll(server.url))

  /** `web` with these backends, the first `listed` of them in the catalogue before the gateway starts. */
  function plan(backends: readonly string[], { listed = backends.length, host, speed = 1, wait = '60s' }: { readonly listed?: number; readonly host?: string; readonly speed?: number; readonly wait?: string } = {}): DrillPlan {
    return {
      upstreams: { consul: server.address },
      // By default longer than a drill waits for anything: what is seen was told, and not found at the end of a question.
      registries: ({ consul }) => ({ consul: { address: `http://${consul}`, wait } }),
      speed,
      services: { web: { from: 'consul/web', backends } },
      before: async (backend) => {
        for (const name of backends.slice(0, listed)) await enter(server.url, backend(name))
      },
      ...(host === undefined ? {} : { host }),
    }
  }

  test('where one instance crashes and comes back again and again: no request is lost, and few sets are put in force', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await strike(server.url, d.backend('c'))
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await enter(server.url, d.backend('c'))
      }
      const { changes, most } = await changesWhile(d, 'consul/web', () => flaps(d, 'web', crashes, returns))
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      // It is told when it leaves for good.
      await strike(server.url, d.backend('c'))
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
    }))

  test('where a thousand instances are replaced by a thousand others: the set is never a part of itself, and no request is lost', () =>
    drill(plan(['a', 'b', 'c'], { listed: 0, host: '0.0.0.0' }), async (d) => {
      await forEach(members(d, 1), (each) => enter(server.url, each))
      await knows(d, 'consul/web', CROWD)
      for (const wave of [1, 2]) {
        const old = members(d, wave)
        const seen = await countsWhile(d, 'web', 'consul/web', () =>
          forEach(members(d, wave + 1), async (each, index) => {
            await enter(server.url, each)
            await strike(server.url, old[index] ?? each)
          }),
        )
        await knows(d, 'consul/web', CROWD)
        expect(seen.filter((count) => count < CROWD || count > CROWD + AT_ONCE)).toEqual([])
        await d.uses('web', ['a', 'b', 'c'])
      }
    }))

  test('that answers at once with the very index it was asked for is asked once a second, and followed when it blocks again', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      const consul = d.fault('consul')
      const list = await callConsul(server.url, 'GET', 'health/service/web')
      consul.answer(httpAnswer('200 OK', await list.text(), { 'content-type': 'application/json', 'x-consul-index': list.headers.get('x-consul-index') ?? '' }))
      // Each such question has a connection of its own.
      const [began, before] = [performance.now(), consul.accepted]
      await d.until('it was asked again and again', () => consul.accepted - before >= 8)
      expect(consul.accepted - before).toBeLessThanOrEqual(FREE + (performance.now() - began) / 1000)
      await d.sees('web', 'live a,b,c')
      await strike(server.url, d.backend('c'))
      await consul.pass()
      await d.sees('web', 'live a,b')
      await enter(server.url, d.backend('c'))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    }))

  test.each([
    ['with an index of 1, as one without a leader', '1'],
    ['with an index that is far ahead', '9999999999'],
  ])('that answers 500 %s: nothing is taken from that, and its own index is followed again', (_, index) =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      d.fault('consul').answer(httpAnswer('500 Internal Server Error', 'No cluster leader', { 'x-consul-index': index }))
      await d.sees('web', 'stale a,b,c', { cause: /500 No cluster leader/, since: Date.now() })
      await d.serves('web', ['a', 'b', 'c'])
      await strike(server.url, d.backend('c'))
      await d.fault('consul').pass()
      await d.sees('web', 'live a,b')
      await enter(server.url, d.backend('c'))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    }))

  test('whose state is put back to an older one: the index goes back, and what is listed then is followed anew', () =>
    // Consul wakes no question for an index that went back: that is found when the question ends.
    drill(plan(['a', 'b', 'c', 'd'], { listed: 3, speed: 5, wait: '10s' }), async (d) => {
      await d.sees('web', 'live a,b,c')
      const snapshot = new Uint8Array(await (await callConsul(server.url, 'GET', 'snapshot')).arrayBuffer())
      await strike(server.url, d.backend('c'))
      // Many changes, so that an index of then is far ahead of whatever comes after the restore.
      for (let turn = 0; turn < 50; turn++) {
        await enter(server.url, d.backend('d'))
        await strike(server.url, d.backend('d'))
      }
      await enter(server.url, d.backend('d'))
      await d.sees('web', 'live a,b,d')
      const before = await indexOf(server.url)
      await callConsul(server.url, 'PUT', 'snapshot', snapshot)
      await d.until('the index has gone back', async () => (await indexOf(server.url)) < before)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      await strike(server.url, d.backend('b'))
      await d.sees('web', 'live a,c')
      await enter(server.url, d.backend('d'))
      await d.sees('web', 'live a,c,d')
      await d.uses('web', ['a', 'c', 'd'])
    }))
})

const members = (d: Drill, wave: number): readonly Member[] => crowd(d, ['a', 'b', 'c'], wave, CROWD)

/** Of the list of `web`. */
async function indexOf(url: string): Promise<number> {
  return Number((await callConsul(url, 'GET', 'health/service/web')).headers.get('x-consul-index'))
}
