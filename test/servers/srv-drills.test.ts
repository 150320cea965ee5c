// Failure drills on a real name server while load runs: no request fails that could have succeeded, what is shown is true, and
// recovery needs nobody.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changesWhile, countsWhile, crowd, flaps, knows, type Member } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { startKnot, type RealNameServer } from '../support/servers/knot.ts'
import { describeWithServers } from '../support/servers.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { downAtStart } from '../suites/down-at-start.ts'

/** Instances in a storm; more do not fit into a DNS message together with their addresses. */
const CROWD = 1000
/** How many of them are replaced by one change of the zone. */
const STEP = 50
const REF = 'srv/web.example'
/** Of the drill with one instance that comes and goes. */
const SPEED = 3

describeWithServers(['knot'], 'a gateway at a name server', () => {
  let server: RealNameServer
  beforeAll(async () => {
    server = await startKnot()
  })
  afterAll(() => server.stop())

  /** Makes these the instances of `web`. Hosts keep their addresses when a service leaves them. */
  const list = (members: readonly Member[], hosts: readonly Member[] = members): Promise<void> =>
    server.zone([...members.map(({ name, port }) => `web SRV 0 1 ${port} i${name}\n`), ...hosts.map(({ name, host }) => `i${name} A ${host}\n`)].join(''))
  const these = (d: Pick<Drill, 'backend'>, names: readonly string[]): Promise<void> => list(names.map((name) => d.backend(name)), ['a', 'b', 'c'].map((name) => d.backend(name)))

  function plan(more: Partial<DrillPlan> = {}): DrillPlan {
    return {
      registries: () => ({ srv: { servers: server.address } }),
      services: { web: { from: REF, backends: ['a', 'b', 'c'] } },
      before: (backend) => these({ backend }, ['a', 'b', 'c']),
      ...more,
    }
  }

  test('where one instance crashes and comes back again and again, then takes turns with another: no request is lost', () =>
    // Slow enough that answers of long ago, which are remembered for a while, cannot be forgotten before a drill gives up.
    drill(plan({ speed: SPEED }), async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await these(d, ['a', 'b'])
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await these(d, ['a', 'b', 'c'])
      }
      const { changes, most } = await changesWhile(d, REF, () => flaps(d, 'web', crashes, returns), SPEED)
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      await these(d, ['a', 'b'])
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
      await flaps(d, 'web', () => these(d, ['a', 'b']), () => these(d, ['a', 'c']), 10)
      // What looks like a name server that shows some of many each time is put together first, and found out.
      await d.sees('web', 'live a,c')
      await d.uses('web', ['a', 'c'])
    }))

  test('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () =>
    downAtStart(plan(), { ref: REF, goes: () => server.kill(), returns: () => server.restart() }))

  test('that forgets the name is not believed until it has confirmed that', () =>
    comesBackEmpty(plan(), { ref: REF, forgets: () => server.zone(''), enters: (d, name) => these(d, [name]) }))

  test('that hangs, dies or forgets the name takes no endpoint away, and is followed again', () =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      server.pause()
      await d.sees('web', 'stale a,b,c', { cause: /no answer within 2 s/, since: Date.now() })
      await d.serves('web', ['a', 'b', 'c'])
      await d.backend('c').kill()
      await d.uses('web', ['a', 'b'])
      server.resume()
      await these(d, ['a', 'b'])
      await d.sees('web', 'live a,b')
      await server.kill()
      await d.sees('web', 'stale a,b', { cause: /ECONNREFUSED/, since: Date.now() })
      await d.restart()
      await d.sees('web', /^(disk|stale) a,b$/)
      await d.serves('web', ['a', 'b'])
      await server.restart()
      await d.sees('web', 'live a,b')
      await server.zone('')
      await d.sees('web', 'guarded a,b', { cause: /does not know/ })
      await d.serves('web', ['a', 'b'])
      await these(d, ['a'])
      // Until it is sure that b is meant to be gone.
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
    }))

  test('that refuses questions about the zone is told apart from one that is silent, takes no endpoint away, and is followed again', () =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      await server.refuse()
      await d.sees('web', 'denied a,b,c', { cause: /REFUSED/, since: Date.now() })
      await d.serves('web', ['a', 'b', 'c'])
      await d.restart()
      await d.sees('web', 'denied a,b,c', { cause: /REFUSED/ })
      await d.serves('web', ['a', 'b', 'c'])
      await these(d, ['a', 'b'])
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
    }))

  test('where a thousand instances are replaced by a thousand others: the set is never a part of itself, and no request is lost', () =>
    drill(plan({ host: '0.0.0.0', before: (backend) => list(crowd({ backend }, ['a', 'b', 'c'], 1, CROWD)) }), async (d) => {
      await knows(d, REF, CROWD)
      const [old, next] = [1, 2].map((wave) => crowd(d, ['a', 'b', 'c'], wave, CROWD))
      const seen = await countsWhile(d, 'web', REF, async () => {
        for (let done = STEP; done <= CROWD; done += STEP) await list([...(next ?? []).slice(0, done), ...(old ?? []).slice(done)])
        await d.sees('web', /^live (127\.2\.\d+\.\d+:\d+,?){1000}$/)
        // And all of them back in one change.
        await list(old ?? [])
      })
      await d.sees('web', /^live (127\.1\.\d+\.\d+:\d+,?){1000}$/)
      expect([...new Set(seen)]).toEqual([CROWD])
      await d.uses('web', ['a', 'b', 'c'])
    }))
})
