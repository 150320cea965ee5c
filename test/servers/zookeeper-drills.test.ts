// Failure drills on a real ZooKeeper while load runs: no request fails that could have succeeded, what is shown is true, and
// recovery needs nobody.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Backend } from '../support/drill/backend.ts'
import { changesWhile, flaps } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { withSecretFile } from '../support/secret-file.ts'
import { describeWithServers } from '../support/servers.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'
import { leaderOf, startEnsemble, startZooKeeper, type RealZooKeeper } from '../support/servers/zookeeper.ts'
import { startCuratorWriter, startServersetWriter, type Writer } from '../support/servers/zookeeper-writers.ts'

/** Session timeout of services, milliseconds. Longer than any trouble here, but where they are meant to lose it. */
const LONG = 10_000
const SHORT = 2000

const writers: Writer[] = []
afterEach(() => Promise.all(writers.splice(0).map((writer) => writer.kill())).then(() => undefined))

function writing(writer: Writer): Writer {
  writers.push(writer)
  return writer
}

let bases = 0
/**
 * `web` below a base of its own at these servers, its backends registered by Curator before the gateway starts, those `later` by the test. After its
 * own connection broke Curator registers everything anew when it likes, which may undo what was said just then: let it add only after that.
 */
function curated(servers: readonly RealZooKeeper[], backends: readonly string[], more: { readonly speed?: number; readonly registry?: object; readonly later?: readonly string[] } = {}): { readonly plan: DrillPlan; readonly writer: Writer; readonly base: string } {
  const base = `/drill${++bases}`
  const writer = writing(startCuratorWriter(servers.map(({ address }) => address).join(','), base, 'web', LONG))
  const plan: DrillPlan = {
    upstreams: Object.fromEntries(servers.map(({ address }, index) => [`zk${index}`, address])),
    registries: (addresses) => ({ curator: { address: Object.values(addresses), base, ...more.registry } }),
    services: { web: { from: 'curator/web', backends: [...backends, ...(more.later ?? [])] } },
    before: async (backend) => {
      for (const name of backends) await writer.say(register(backend(name)))
    },
    ...(more.speed === undefined ? {} : { speed: more.speed }),
  }
  return { plan, writer, base }
}

const register = ({ name, host, port }: Backend): string => `register ${name} ${host} ${port} true - -`
const disable = ({ name, host, port }: Backend): string => `update ${name} ${host} ${port} false - -`

const cutOff = /silent|no answer|refused|reset|closed|unreachable/i

describeWithServers(['zookeeper', 'zookeeper-writers'], 'a gateway at a ZooKeeper', () => {
  let server: RealZooKeeper
  beforeAll(async () => {
    server = await startZooKeeper()
  })
  afterAll(() => server.stop())

  test('that is killed goes on with what it knew, and follows it again when it is back', async () => {
    const { plan, writer } = curated([server], ['a', 'b', 'c'], { later: ['d'] })
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b,c')
      await server.kill()
      await d.sees('web', 'stale a,b,c', { cause: cutOff, since: Date.now() })
      await d.serves('web', ['a', 'b', 'c'])
      await server.restart()
      await d.sees('web', 'live a,b,c')
      await writer.say(register(d.backend('d')))
      await d.sees('web', 'live a,b,c,d')
      await d.uses('web', ['a', 'b', 'c', 'd'])
    })
  })

  test('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () =>
    downAtStart(curated([server], ['a', 'b', 'c']).plan, { ref: 'curator/web' }))

  test('that hangs is asked one question at a time', () => hangs(curated([server], ['a', 'b', 'c']).plan, { upstream: 'zk0', ref: 'curator/web' }))

  test('that is frozen is left, not waited for, and heard again when it goes on', async () => {
    const { plan, writer, base } = curated([server], ['a'], { later: ['b', 'c'] })
    const other = writing(startCuratorWriter(server.address, base, 'web', LONG))
    await drill(plan, async (d) => {
      await other.say(register(d.backend('b')))
      await d.sees('web', 'live a,b')
      server.pause()
      await d.sees('web', 'stale a,b', { cause: cutOff, since: Date.now() })
      // One of them crashes while nobody can say so.
      await d.backend('b').kill()
      await other.kill()
      await d.uses('web', ['a'])
      server.resume()
      await writer.say(register(d.backend('c')))
      await d.sees('web', /^(live|guarded) a,b,c$/)
      await d.sees('web', 'live a,c')
      await d.uses('web', ['a', 'c'])
    })
  })

  test('that is down when the gateway starts: it serves what it knew from before', async () => {
    const { plan } = curated([server], ['a', 'b'])
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b')
      await d.restart(() => server.kill())
      await d.sees('web', 'stale a,b', { cause: cutOff })
      await d.serves('web', ['a', 'b'])
      await server.restart()
      await d.sees('web', 'live a,b')
    })
  })

  test('that comes back without its data is not believed until it has confirmed that', async () => {
    const { plan, writer, base } = curated([server], ['a', 'b', 'c'])
    let again: Writer | undefined
    await comesBackEmpty(plan, {
      ref: 'curator/web',
      hold: 60_000,
      speed: 4,
      async forgets(d) {
        await d.fault('zk0').refuse()
        // The services are stopped in the same accident, and only one comes back.
        await writer.kill()
        await server.kill()
        await server.wipe()
        await server.restart()
        // Nothing may be believed before it registers, and a JVM may take longer to start than the hold lasts.
        again = writing(startCuratorWriter(server.address, base, 'web', LONG))
        await again.say('put /started yes')
        await d.fault('zk0').pass()
      },
      enters: async (d, name) => again?.say(register(d.backend(name))),
    })
  })

  test('that goes away without a word, or answers late, slowly or by half, never takes endpoints away', async () => {
    const { plan, writer } = curated([server], ['a', 'b'])
    await drill(plan, async (d) => {
      const zk = d.fault('zk0')
      await d.sees('web', 'live a,b')
      zk.blackhole()
      await d.sees('web', 'stale a,b', { cause: cutOff, since: Date.now() })
      zk.cut()
      await zk.refuse()
      await d.sees('web', 'stale a,b', { cause: /refused|reset/i, since: Date.now() })
      await zk.pass()
      await d.sees('web', 'live a,b')
      zk.truncate(30)
      zk.cut()
      await d.sees('web', 'stale a,b', { cause: cutOff, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      await zk.pass()
      await d.sees('web', 'live a,b')
      // Slow is not dead: what comes in time is taken.
      zk.delay(200)
      await writer.say(disable(d.backend('b')))
      await d.sees('web', 'live a,b(draining)')
      await writer.say(register(d.backend('b')))
      await d.sees('web', 'live a,b')
      zk.throttle(20_000)
      await writer.say(disable(d.backend('b')))
      await d.sees('web', 'live a,b(draining)')
    })
  })

  test('whose session it lost by being cut off: what changed meanwhile is read, and losses are held first', async () => {
    const { plan, writer } = curated([server], ['a', 'b', 'c', 'd'], { speed: 10, registry: { sessionTimeout: '2s' } })
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b,c,d')
      d.fault('zk0').blackhole()
      await d.sees('web', 'stale a,b,c,d', { cause: cutOff, since: Date.now() })
      await writer.say('unregister d')
      await d.backend('d').stop()
      await d.until('the session has expired', async () => !/zk|web/.test((await server.say('wchc')).replace(/\s/g, '')))
      d.fault('zk0').cut()
      await d.fault('zk0').pass()
      await d.sees('web', 'guarded a,b,c,d', { cause: /1 of 4 endpoints vanished/ })
      await d.serves('web', ['a', 'b', 'c'])
      await d.sees('web', 'live a,b,c')
    })
  })

  test('whose rights it loses is told so, and loses no endpoint by it', async () => {
    const { plan, writer, base } = curated([server], ['a', 'b'], { registry: { auth: 'reader:secret' } })
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b')
      await writer.say(`allow ${base}/web reader:another`)
      await d.sees('web', 'denied a,b', { cause: /may not be read; check auth/ })
      await d.serves('web', ['a', 'b'])
      await writer.say(`allow ${base}/web reader:secret`)
      await d.sees('web', 'live a,b')
    })
  })

  test('whose rights it loses, and gets back by what is in its file then, is told so and loses no endpoint by it', () =>
    withSecretFile('reader:first', async ({ path, rotate }) => {
      const { plan, writer, base } = curated([server], ['a', 'b'], { registry: { authFile: path } })
      await drill(plan, async (d) => {
        await d.sees('web', 'live a,b')
        await writer.say(`allow ${base}/web reader:second`)
        await d.sees('web', 'denied a,b', { cause: /may not be read; check auth/ })
        await d.serves('web', ['a', 'b'])
        await rotate('reader:second')
        await d.sees('web', 'live a,b')
        await writer.say(disable(d.backend('b')))
        await d.sees('web', 'live a,b(draining)')
        await d.uses('web', ['a'])
      })
    }))

  test('where one instance crashes and comes back again and again: no request is lost, and few sets are put in force', async () => {
    const { plan, writer } = curated([server], ['a', 'b', 'c'], { speed: 1 })
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await writer.say('unregister c')
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await writer.say(register(d.backend('c')))
      }
      const { changes, most } = await changesWhile(d, 'curator/web', () => flaps(d, 'web', crashes, returns))
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      await writer.say('unregister c')
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
    })
  })

  test('with a serverset, where one member crashes and comes back again and again: no request is lost, and few sets are put in force', async () => {
    const path = `/drill${++bases}/web`
    const hand = writing(startServersetWriter(server.address, path, LONG))
    const join = ({ host, port }: Backend): Promise<void> => hand.say(`join ${host} ${port} 1 -`)
    const plan: DrillPlan = {
      upstreams: { zk: server.address },
      registries: ({ zk }) => ({ zk: { address: zk } }),
      services: { web: { from: `zk${path}`, backends: ['a', 'b', 'c'] } },
      speed: 1,
      before: async (backend) => {
        for (const name of ['a', 'b', 'c']) await join(backend(name))
      },
    }
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b,c')
      const leaves = (): Promise<void> => hand.say(`leave ${d.backend('c').port}`)
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await leaves()
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await join(d.backend('c'))
      }
      const { changes, most } = await changesWhile(d, `zk${path}`, () => flaps(d, 'web', crashes, returns))
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      await leaves()
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
    })
  })

  test('with a serverset: a member that is killed with its service leaves with its session', async () => {
    const path = `/drill${++bases}/web`
    const own = (): Writer => writing(startServersetWriter(server.address, path, SHORT))
    const [a, b] = [own(), own()]
    const plan: DrillPlan = {
      upstreams: { zk: server.address },
      registries: ({ zk }) => ({ zk: { address: zk } }),
      services: { web: { from: `zk${path}`, backends: ['a', 'b'] } },
      before: async (backend) => {
        await a.say(`join ${backend('a').host} ${backend('a').port} 1 -`)
        await b.say(`join ${backend('b').host} ${backend('b').port} 2 -`)
      },
    }
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b')
      await d.backend('b').kill()
      await b.kill()
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
      await d.backend('b').start()
      await own().say(`join ${d.backend('b').host} ${d.backend('b').port} 2 -`)
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
    })
  })
})

describeWithServers(['zookeeper', 'zookeeper-writers'], 'a gateway at an ensemble of three ZooKeepers', () => {
  let servers: readonly RealZooKeeper[] = []
  beforeAll(async () => {
    servers = await startEnsemble()
  })
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test('that loses its leader, then its quorum, goes on with what it knew and recovers by itself', async () => {
    const { plan, writer } = curated(servers, ['a', 'b', 'c'], { later: ['d', 'e'] })
    await drill(plan, async (d) => {
      await d.sees('web', 'live a,b,c')
      const first = await leaderOf(servers)
      await first?.kill()
      await d.until('another leads', async () => (await leaderOf(servers)) !== undefined)
      await writer.say(register(d.backend('d')))
      await d.sees('web', 'live a,b,c,d')
      const second = await leaderOf(servers)
      await second?.kill()
      await d.sees('web', 'stale a,b,c,d', { cause: /no quorum|refused|closed/, since: Date.now() })
      await d.next('web', 20)
      await Promise.all([first?.restart(), second?.restart()])
      await d.sees('web', 'live a,b,c,d')
      await writer.say(register(d.backend('e')))
      await d.sees('web', 'live a,b,c,d,e')
    })
  })
})
