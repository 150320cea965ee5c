// Failure drills on a real Consul while load runs: no request fails that could have succeeded, what is shown is true, and
// recovery needs nobody. Instances are put into the catalogue itself: an agent tells its server of them when it likes.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { get } from '../support/drill/ask.ts'
import { HELD } from '../support/drill/backend.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { withSecretFile } from '../support/secret-file.ts'
import { callConsul, enter, strike, strikeAll } from '../support/servers/consul-client.ts'
import { startConsulCluster, type ConsulCluster } from '../support/servers/consul-cluster.ts'
import { startConsul } from '../support/servers/consul.ts'
import { describeWithServers } from '../support/servers.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'

type RealConsul = Awaited<ReturnType<typeof startConsul>>

/** `web` with these backends at one Consul, all of them in the catalogue before the gateway starts. */
function plan(server: RealConsul, backends: readonly string[], more: { readonly registry?: object; readonly token?: string } = {}): DrillPlan {
  return {
    upstreams: { consul: server.address },
    registries: ({ consul }) => ({ consul: { address: `http://${consul}`, wait: '10s', ...more.registry } }),
    services: { web: { from: 'consul/web', backends } },
    before: async (backend) => {
      for (const name of backends) await enter(server.url, backend(name), more.token)
    },
  }
}

const cutOff = /failed|no answer|refused|reset|closed|socket/i

describeWithServers(['consul'], 'a gateway at a Consul', () => {
  let server: RealConsul
  beforeAll(async () => {
    server = await startConsul()
  })
  afterAll(() => server.stop())
  afterEach(() => strikeAll(server.url))

  test('that is killed goes on with what it knew, and follows it again when it is back', () =>
    drill(plan(server, ['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      await server.kill()
      await d.sees('web', 'stale a,b,c', { cause: cutOff, since: Date.now() })
      await d.serves('web', ['a', 'b', 'c'])
      // It forgot everything.
      await d.fault('consul').refuse()
      await server.restart()
      for (const name of ['a', 'b', 'c']) await enter(server.url, d.backend(name))
      await d.fault('consul').pass()
      await d.sees('web', 'live a,b,c')
      await strike(server.url, d.backend('c'))
      await d.sees('web', 'live a,b')
      await d.backend('c').stop()
      await d.uses('web', ['a', 'b'])
    }))

  test('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () => downAtStart(plan(server, ['a', 'b', 'c']), { ref: 'consul/web' }))

  test('that hangs is asked one question at a time', () => hangs(plan(server, ['a', 'b', 'c']), { upstream: 'consul', ref: 'consul/web' }))

  test('that is down when the gateway starts serves what it knew, with its age, and follows it once it is there', () =>
    drill(plan(server, ['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      let since = 0
      await d.restart(async () => {
        await d.fault('consul').refuse()
        since = Date.now()
      })
      await d.sees('web', 'stale a,b', { cause: /refused/i, since })
      await d.serves('web', ['a', 'b'])
      await strike(server.url, d.backend('b'))
      await d.fault('consul').pass()
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
    }))

  test('that hangs is given up, not waited for, and heard again when it goes on', () =>
    drill(plan(server, ['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      server.pause()
      await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
      // One of them crashes while nobody can say so.
      await d.backend('b').kill()
      await d.uses('web', ['a'])
      server.resume()
      await d.until('it takes writes again', () => strike(server.url, d.backend('b')).then(() => true))
      await d.sees('web', 'live a')
    }))

  test('that comes back empty is not believed until it has confirmed that', () =>
    comesBackEmpty(plan(server, ['a', 'b', 'c']), {
      ref: 'consul/web',
      async forgets(d) {
        // The time of the hold begins when it takes writes.
        await d.fault('consul').refuse()
        await server.kill()
        await server.restart()
        await d.fault('consul').pass()
      },
      enters: (d, name) => enter(server.url, d.backend(name)),
    }))

  test('that goes away without a word, or answers late, slowly or by half, never takes endpoints away', () =>
    drill(plan(server, ['a', 'b']), async (d) => {
      const consul = d.fault('consul')
      await d.sees('web', 'live a,b')
      consul.blackhole()
      await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
      consul.cut()
      await consul.refuse()
      await d.sees('web', 'stale a,b', { cause: /refused/i, since: Date.now() })
      await consul.pass()
      await d.sees('web', 'live a,b')
      consul.truncate(200)
      await strike(server.url, d.backend('b'))
      await d.sees('web', 'stale a,b', { cause: cutOff, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      await consul.pass()
      await d.sees('web', 'live a')
      await enter(server.url, d.backend('b'))
      await d.sees('web', 'live a,b')
      // Slow is not dead: what comes in time is taken.
      consul.throttle(20_000)
      await strike(server.url, d.backend('b'))
      await d.sees('web', 'live a')
      consul.delay(200)
      await enter(server.url, d.backend('b'))
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
    }))

  test('whose node goes into maintenance gives it nothing new, and what it has under way is finished', async () => {
    const id = 'web-a'
    const agent = (path: string, body?: object): Promise<Response> => callConsul(server.url, 'PUT', `agent/${path}`, body)
    const here: DrillPlan = {
      ...plan(server, ['b']),
      services: { web: { from: 'consul/web', backends: ['a', 'b'] } },
      async before(backend) {
        const { host: Address, port: Port } = backend('a')
        await agent('service/register', { Name: 'web', ID: id, Address, Port })
        await enter(server.url, backend('b'))
        // An agent that failed to tell its server right after a start does so 15 to 30 s later.
        await vi.waitFor(async () => expect(await (await callConsul(server.url, 'GET', 'health/service/web')).json()).toHaveLength(2), { timeout: 40_000, interval: 50 })
      },
    }
    try {
      await drill(here, async (d) => {
        const [a, b] = [d.backend('a'), d.backend('b')]
        await d.sees('web', 'live a,b')
        const open: Promise<string>[] = []
        await d.until('each of them has an answer under way', () => open.push(get(d.port, 'web.drill', HELD)) > 0 && a.held > 0 && b.held > 0)
        await agent('maintenance?enable=true&reason=kernel')
        await d.sees('web', 'live a(draining),b')
        await d.uses('web', ['b'])
        const before = a.requests
        await d.serves('web', ['b'])
        expect(a.requests).toBe(before)
        a.release()
        b.release()
        expect([...new Set(await Promise.all(open))].toSorted()).toEqual(['200 a', '200 b'])
        await agent('maintenance?enable=false')
        await d.sees('web', 'live a,b')
        await d.uses('web', ['a', 'b'])
      })
    } finally {
      await agent('maintenance?enable=false')
      await agent(`service/deregister/${id}`)
    }
  })
})

const MANAGEMENT = '11111111-2222-3333-4444-555555555555'
const TOKEN = '22222222-3333-4444-5555-666666666666'

describeWithServers(['consul'], 'a gateway with a token', () => {
  let server: RealConsul
  beforeAll(async () => {
    server = await startConsul({ managementToken: MANAGEMENT })
  })
  afterAll(() => server.stop())

  const everything = 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }'
  const policies = async (): Promise<readonly { readonly Name: string; readonly ID: string }[]> =>
    (await (await fetch(`${server.url}/v1/acl/policies`, { headers: { 'x-consul-token': MANAGEMENT } })).json()) as { Name: string; ID: string }[]
  async function allow(rules: string): Promise<void> {
    const id = (await policies()).find(({ Name }) => Name === 'gateway')?.ID
    await callConsul(server.url, 'PUT', id === undefined ? 'acl/policy' : `acl/policy/${id}`, { Name: 'gateway', Rules: rules }, MANAGEMENT)
  }

  test('that loses its rights is told so, and loses no endpoint by it', async () => {
    await allow(everything)
    await callConsul(server.url, 'PUT', 'acl/token', { SecretID: TOKEN, Policies: [{ Name: 'gateway' }] }, MANAGEMENT)
    await drill(plan(server, ['a', 'b'], { registry: { token: TOKEN }, token: MANAGEMENT }), async (d) => {
      await d.sees('web', 'live a,b')
      await allow('service "other" { policy = "read" }')
      await d.sees('web', 'denied a,b', { cause: /right|token|permission/i })
      await d.serves('web', ['a', 'b'])
      await allow(everything)
      await d.sees('web', 'live a,b')
      await strike(server.url, d.backend('b'), MANAGEMENT)
      await d.sees('web', 'live a')
      await callConsul(server.url, 'DELETE', `acl/token/${await accessor()}`, undefined, MANAGEMENT)
      await d.sees('web', 'denied a', { cause: /ACL not found/ })
      await d.serves('web', ['a'])
    })
  })

  test('that is revoked is told so, and asks with the one that is in its file then', async () => {
    await allow(everything)
    const issue = async (): Promise<{ readonly SecretID: string; readonly AccessorID: string }> =>
      (await (await callConsul(server.url, 'PUT', 'acl/token', { Policies: [{ Name: 'gateway' }] }, MANAGEMENT)).json()) as { SecretID: string; AccessorID: string }
    const first = await issue()
    await withSecretFile(first.SecretID, ({ path, rotate }) =>
      drill(plan(server, ['a', 'b'], { registry: { tokenFile: path }, token: MANAGEMENT }), async (d) => {
        await d.sees('web', 'live a,b')
        await callConsul(server.url, 'DELETE', `acl/token/${first.AccessorID}`, undefined, MANAGEMENT)
        await d.sees('web', 'denied a,b', { cause: /ACL not found/ })
        await d.serves('web', ['a', 'b'])
        await rotate((await issue()).SecretID)
        await d.sees('web', 'live a,b')
        await strike(server.url, d.backend('b'), MANAGEMENT)
        await d.sees('web', 'live a')
        await d.uses('web', ['a'])
      }),
    )
  })

  async function accessor(): Promise<string> {
    const self = await fetch(`${server.url}/v1/acl/token/self`, { headers: { 'x-consul-token': TOKEN } })
    return ((await self.json()) as { AccessorID: string }).AccessorID
  }
})

describeWithServers(['consul'], 'a gateway at a cluster', () => {
  let cluster: ConsulCluster
  beforeAll(async () => {
    cluster = await startConsulCluster()
  })
  afterAll(() => cluster.stop())

  test('that loses its leader, and then its quorum, follows whoever can still say something', async () => {
    const { leader, followers: [near, other] } = await cluster.roles()
    if (near === undefined || other === undefined) throw new Error('a cluster of three has two followers')
    await drill(plan(near, ['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      await leader.kill()
      await d.serves('web', ['a', 'b', 'c'])
      // Whoever is no leader answers all the while, and has heard of one a moment ago.
      const modes = new Set<string>()
      await d.until('another leader is elected', async () => {
        modes.add((await d.watch('consul/web')).mode)
        return (await cluster.roles()).leader !== leader
      })
      expect([...modes]).toEqual(['live'])
      await d.until('the cluster takes writes again', () => strike(near.url, d.backend('c')).then(() => true))
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
      // One of three cannot elect: it still answers what it knows to those who do not insist on the leader.
      await other.kill()
      await d.until('the cluster has no leader', () => cluster.roles().then(() => false, () => true))
      await d.serves('web', ['a', 'b'])
      // Nobody has confirmed that for a while, and that is said.
      await d.sees('web', 'stale a,b', { cause: /no contact with a leader for more than \d+ s/ })
      await d.serves('web', ['a', 'b'])
      await Promise.all([leader.restart(), other.restart()])
      await d.until('the cluster takes writes again', () => enter(near.url, d.backend('c')).then(() => true))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
    })
  })
})
