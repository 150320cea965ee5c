// Failure drills on a real Consul whose endpoints change much, fast, or backwards while load runs: no request fails that could
// have succeeded, and what is shown is true. Instances are put into the catalogue itself: an agent tells its server of them when it likes.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { drill, type Drill, type DrillPlan } from '../support/drill/drill.ts'
import { callConsul, enter, strike, strikeAll, type Registrant } from '../support/servers/consul-client.ts'
import { startConsul } from '../support/servers/consul.ts'
import { describeWithServers } from '../support/servers.ts'

/** How many instances register or leave at the same time. */
const AT_ONCE = 8

/** Instances in a storm. */
const CROWD = 1000

/** Does this for each, a few at a time. */
async function forEach<T>(all: readonly T[], act: (one: T, index: number) => Promise<void>): Promise<void> {
  const rest = all.entries()
  const work = async (): Promise<void> => {
    for (const [index, one] of rest) await act(one, index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

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

  test('where one instance comes and goes ten times a second: no request is lost', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      for (let flap = 0; flap < 25; flap++) {
        await strike(server.url, d.backend('c'))
        await d.next('web', 8)
        await enter(server.url, d.backend('c'))
        await d.next('web', 8)
      }
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      // It is told when it leaves for good.
      await strike(server.url, d.backend('c'))
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
    }))

  test('where a thousand instances are replaced by a thousand others: the set is never a part of itself, and no request is lost', () =>
    drill(plan(['a', 'b', 'c'], { listed: 0, host: '0.0.0.0' }), async (d) => {
      // Every address of 127.0.0.0/8 leads to the same three backends, so that whoever is picked answers.
      const ports = ['a', 'b', 'c'].map((name) => d.backend(name).port)
      const crowd = (wave: number): Registrant[] => Array.from({ length: CROWD }, (_, index) => ({ name: `${wave}-${index}`, host: `127.${wave}.${index >> 8}.${index & 255}`, port: ports[index % ports.length] ?? 0 }))
      await forEach(crowd(1), (each) => enter(server.url, each))
      await knows(d, CROWD)
      for (const wave of [1, 2]) {
        const old = crowd(wave)
        const seen = await countsWhile(d, () =>
          forEach(crowd(wave + 1), async (each, index) => {
            await enter(server.url, each)
            await strike(server.url, old[index] ?? each)
          }),
        )
        await knows(d, CROWD)
        expect(seen.filter((count) => count < CROWD || count > CROWD + AT_ONCE)).toEqual([])
        await d.uses('web', ['a', 'b', 'c'])
      }
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

/** Waits until so many instances are known, and nothing is in doubt. */
async function knows(d: Drill, count: number): Promise<void> {
  const holds = async (): Promise<boolean> => {
    const { mode, endpoints } = await d.watch('consul/web')
    return mode === 'live' && endpoints === count
  }
  await d.until(`${count} instances are known`, holds, async () => JSON.stringify(await d.watch('consul/web')))
}

/** How many instances were known, at each look while `act` ran. */
async function countsWhile(d: Drill, act: () => Promise<void>): Promise<readonly number[]> {
  const counts: number[] = []
  const acting = act().then(() => 'done')
  do counts.push((await d.watch('consul/web')).endpoints)
  while ((await Promise.race([acting, d.next('web', 1)])) !== 'done')
  return counts
}

/** Of the list of `web`. */
async function indexOf(url: string): Promise<number> {
  return Number((await callConsul(url, 'GET', 'health/service/web')).headers.get('x-consul-index'))
}
