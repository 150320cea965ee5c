// The Eureka adapter against real servers: what a fake could get wrong, and failure drills under load.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { eureka } from '../../discovery/eureka.ts'
import { Hub } from '../../discovery/hub.ts'
import { endpointsOf } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import type { Backend } from '../support/drill/backend.ts'
import { cancel, keepRegistered, register, setStatus, type Registrant } from '../support/servers/eureka-client.ts'
import { startEureka, type EurekaServer } from '../support/servers/eureka.ts'
import { describeWithServers } from '../support/servers.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'

/** Whatever starts a JVM, on a loaded machine: milliseconds. */
const SLOW = 240_000

interface Watched {
  readonly hub: Hub
  /** Paths that were asked so far. */
  readonly asked: string[]
  text(key?: string): string
  becomes(wanted: string, key?: string): Promise<void>
}

const open: Hub[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((hub) => hub.close()))
})

/** Watches references at servers, asking each second. */
function watch(address: string | readonly string[], keys: readonly string[] = ['eureka/WEB']): Watched {
  const asked: string[] = []
  const real = nodePlatform(() => {})
  const world: Platform = {
    ...real,
    fetch(url, init) {
      asked.push(new URL(url).pathname)
      return real.fetch(url, init)
    },
  }
  const hub = new Hub({ discoverers: new Map([['eureka', eureka.create('eureka', { address, every: '1s' }, world)]]), platform: world, onChange: () => {} })
  open.push(hub)
  hub.setRefs(keys)
  const text = (key = keys[0] ?? ''): string => {
    const set = hub.get(key)
    const cause = set.kind === 'stale' || set.kind === 'pending' ? ` ${set.cause?.outcome ?? ''}` : ''
    return `${set.kind}${cause} ${endpointsOf(set).map(({ port, health, draining }) => `${port}${health === 'passing' ? '' : draining ? ' draining' : ` ${health}`}`).join(',')}`.trim()
  }
  return { hub, asked, text, becomes: (wanted, key) => vi.waitFor(() => expect(text(key)).toBe(wanted), { timeout: 20_000, interval: 20 }) }
}

const at = (port: number): Registrant => ({ name: `n${port}`, host: '127.0.0.1', port })

async function clear(server: EurekaServer): Promise<void> {
  const { applications } = (await (await fetch(`${server.url}/apps`, { headers: { accept: 'application/json' } })).json()) as { applications: { application: { name: string; instance: { instanceId: string }[] }[] } }
  for (const { name, instance } of applications.application) for (const { instanceId } of instance) await fetch(`${server.url}/apps/${name}/${instanceId}`, { method: 'DELETE' })
}

describeWithServers(['eureka'], 'a real Eureka', () => {
  let server: EurekaServer
  beforeAll(async () => {
    const [first] = await startEureka(1)
    if (first === undefined) throw new Error('no server')
    server = first
  }, SLOW)
  afterAll(() => server.stop())
  afterEach(() => clear(server))

  test('instances that register, change, drain and leave are followed by changes alone', async () => {
    await register(server.url, at(1001), { metadata: { weight: '8', zone: 'z1', tags: 'v1,canary', version: '1' } })
    const web = watch(server.url)
    await web.becomes('ready 1001')
    expect(endpointsOf(web.hub.get('eureka/WEB'))[0]).toMatchObject({ id: 'eureka/WEB/host-n1001:web', host: '127.0.0.1', weight: 8, zone: 'z1', tags: ['v1', 'canary'], health: 'passing', draining: false })
    expect(endpointsOf(web.hub.get('eureka/WEB'))[0]?.meta['version']).toBe('1')
    await register(server.url, at(1002))
    await register(server.url, at(1003), { status: 'STARTING' })
    await web.becomes('ready 1001,1002,1003 critical')
    await register(server.url, at(1003))
    await web.becomes('ready 1001,1002,1003')
    await fetch(`${server.url}/apps/WEB/host-n1002:web/metadata?weight=3`, { method: 'PUT' })
    await vi.waitFor(() => expect(endpointsOf(web.hub.get('eureka/WEB'))[1]?.weight).toBe(3), { timeout: 10_000 })
    await setStatus(server.url, at(1002), 'OUT_OF_SERVICE')
    await web.becomes('ready 1001,1002 draining,1003')
    await setStatus(server.url, at(1003), 'DOWN')
    await web.becomes('ready 1001,1002 draining,1003 critical')
    await setStatus(server.url, at(1003), undefined)
    await web.becomes('ready 1001,1002 draining,1003')
    await cancel(server.url, at(1002))
    await web.becomes('ready 1001,1003')
    await cancel(server.url, at(1001))
    await cancel(server.url, at(1003))
    await web.becomes('absent')
    // The server's hash and ours were the same all the time.
    expect(web.asked.filter((path) => path === '/eureka/apps')).toHaveLength(1)
    expect(web.asked.filter((path) => path === '/eureka/apps/delta').length).toBeGreaterThan(4)
  })

  test('virtual addresses, and the secure port', async () => {
    await register(server.url, at(1001), { vipAddress: 'money.example,web', secureVipAddress: 'safe', securePort: { $: 8443, '@enabled': 'true' } })
    await register(server.url, at(1002))
    const web = watch(server.url, ['eureka/web?by=vip', 'eureka/Money.Example?by=vip', 'eureka/safe?by=svip', 'eureka/web', 'eureka/none?by=vip'])
    await web.becomes('ready 1001,1002', 'eureka/web?by=vip')
    await web.becomes('ready 1001', 'eureka/Money.Example?by=vip')
    await web.becomes('ready 8443', 'eureka/safe?by=svip')
    await web.becomes('ready 1001,1002', 'eureka/web')
    await web.becomes('absent', 'eureka/none?by=vip')
    expect(web.asked.filter((path) => path === '/eureka/apps')).toHaveLength(1)
  })

  test('who sends no heartbeats is evicted after its lease, where the server has no self-preservation', async () => {
    await register(server.url, at(1001))
    // Long enough to be seen on a loaded machine.
    await register(server.url, at(1002), {}, 5)
    const web = watch(server.url)
    await web.becomes('ready 1001,1002')
    await web.becomes('ready 1001')
  })

  test('a base that is none is said in words', async () => {
    const wrong = watch(server.url.replace('/eureka', ''))
    await wrong.becomes('pending failed')
    expect(wrong.hub.status()[0]?.lastError?.message).toMatch(/404; the address must be the base of the API/)
  })

  describe('under load', () => {
    const plan = (backends: readonly string[], speed: number): DrillPlan => ({
      upstreams: { eureka: server.address },
      registries: ({ eureka: address }) => ({ eureka: { address: `http://${address}/eureka`, every: '3s' } }),
      services: { web: { from: 'eureka/WEB', backends } },
      before: async (backend) => {
        for (const name of backends) await register(server.url, backend(name))
      },
      speed,
    })

    test('a deploy that takes each instance out of service first loses no request', () =>
      drill(plan(['a', 'b', 'c'], 10), async (d) => {
        await d.sees('web', 'live a,b,c')
        for (const [gone, left] of [['a', ['b', 'c']], ['b', ['a', 'c']]] as const) {
          await setStatus(server.url, d.backend(gone), 'OUT_OF_SERVICE')
          await d.uses('web', left)
          await cancel(server.url, d.backend(gone))
          await d.backend(gone).stop()
          await d.sees('web', `live ${left.join(',')}`)
          await d.backend(gone).start()
          await register(server.url, d.backend(gone))
          await d.uses('web', ['a', 'b', 'c'])
        }
      }))

    test('a registry that restarts empty is filled by heartbeats before its emptiness is believed', () =>
      drill(plan(['a', 'b', 'c'], 10), async (d) => {
        await d.sees('web', 'live a,b,c')
        await server.kill()
        await d.sees('web', 'stale a,b,c', { cause: /refused|closed|reset/, since: Date.now() })
        await server.restart()
        await d.sees('web', 'guarded a,b,c', { cause: /does not know|vanished/ })
        await d.serves('web', ['a', 'b', 'c'])
        const stop = keepRegistered([server.url], ['a', 'b', 'c'].map((name) => d.backend(name)))
        await d.sees('web', 'live a,b,c')
        await stop()
        await cancel(server.url, d.backend('c'))
        await d.sees('web', 'live a,b')
      }), SLOW)

    test('a registry that restarts empty holds those that do not come back behind those that do, for three minutes', () =>
      comesBackEmpty(plan(['a', 'b', 'c'], 10), {
        ref: 'eureka/WEB',
        hold: 180_000,
        speed: 10,
        async forgets() {
          await server.kill()
          await server.restart()
        },
        enters: (d, name) => register(server.url, d.backend(name)),
      }), SLOW)

    test('a registry that stays empty is believed in the end', () =>
      drill(plan(['a', 'b'], 20), async (d) => {
        await d.sees('web', 'live a,b')
        await server.kill()
        await server.restart()
        await d.sees('web', 'guarded a,b')
        await d.serves('web', ['a', 'b'])
        await d.excuse('web', async () => {
          await d.until('the emptiness is believed', async () => (await d.watch('eureka/WEB')).mode === 'absent')
        })
      }), SLOW)

    test('a paused server, one out of reach, and one that answers by half take nothing away', () =>
      drill(plan(['a', 'b'], 10), async (d) => {
        const proxy = d.fault('eureka')
        await d.sees('web', 'live a,b')
        server.pause()
        await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
        await d.serves('web', ['a', 'b'])
        server.resume()
        await d.sees('web', 'live a,b')
        proxy.truncate(150)
        proxy.cut()
        await d.sees('web', 'stale a,b', { cause: /closed|reset|no whole JSON|terminated|failed/, since: Date.now() })
        await proxy.pass()
        await d.sees('web', 'live a,b')
        await d.restart(() => proxy.refuse())
        await d.sees('web', 'stale a,b', { cause: /refused/ })
        await d.serves('web', ['a', 'b'])
        await proxy.pass()
        await d.sees('web', 'live a,b')
      }), SLOW)
  })
})

describeWithServers(['eureka'], 'a Eureka in self-preservation', () => {
  let server: EurekaServer
  beforeAll(async () => {
    const [first] = await startEureka(1, { selfPreservation: true })
    if (first === undefined) throw new Error('no server')
    server = first
  }, SLOW)
  afterAll(() => server.stop())

  test('keeps the dead as UP, and no request is lost by it', () =>
    drill(
      {
        upstreams: { eureka: server.address },
        registries: ({ eureka: address }) => ({ eureka: { address: `http://${address}/eureka`, every: '1s' } }),
        services: { web: { from: 'eureka/WEB', backends: ['a', 'b', 'c'] } },
        before: async (backend) => {
          for (const name of ['a', 'b', 'c']) await register(server.url, backend(name), {}, 1)
        },
      },
      async (d) => {
        await d.sees('web', 'live a,b,c')
        await d.backend('b').kill()
        await d.uses('web', ['a', 'c'])
        // Long after two leases of a second and many runs of the eviction.
        for (let turn = 0; turn < 5; turn++) await d.next('web', 100)
        await d.sees('web', 'live a,b,c')
        await d.uses('web', ['a', 'c'])
        await d.backend('b').start()
        await d.uses('web', ['a', 'b', 'c'])
      },
    ))
})

describeWithServers(['eureka'], 'a gateway that announces itself', () => {
  let server: EurekaServer
  beforeAll(async () => {
    const [first] = await startEureka(1)
    if (first === undefined) throw new Error('no server')
    server = first
  }, SLOW)
  afterAll(() => server.stop())

  /** Its status at the registry; undefined when it is not registered. */
  async function status(): Promise<string | undefined> {
    const answer = await fetch(`${server.url}/apps/GATEWAY`, { headers: { accept: 'application/json' } })
    if (answer.status === 404) return undefined
    const { application } = (await answer.json()) as { application: { instance: { status: string }[] } }
    return application.instance.map((each) => each.status).join(',')
  }
  const plan = (more: object = {}): DrillPlan => ({
    upstreams: { eureka: server.address },
    registries: ({ eureka: address }) => ({ eureka: { address: `http://${address}/eureka`, every: '1s', zone: 'z1', announce: { app: 'gateway', host: 'gw-1', port: 4711, heartbeat: '2s', drain: '8s', meta: { team: 'edge' }, ...more } } }),
    services: { web: { from: 'eureka/WEB', backends: ['a'] } },
    before: (backend) => register(server.url, backend('a')),
  })

  test('is UP when it serves, OUT_OF_SERVICE while it still does, and then gone', () =>
    // A drain of 8 s in real time, within which a few requests are answered.
    drill(plan({ drain: '40s' }), async (d) => {
      await d.until('it is UP', async () => (await status()) === 'UP')
      const { application } = (await (await fetch(`${server.url}/apps/GATEWAY`, { headers: { accept: 'application/json' } })).json()) as { application: { instance: object[] } }
      expect(application.instance[0]).toMatchObject({ instanceId: 'gw-1:gateway:4711', hostName: 'gw-1', ipAddr: '127.0.0.1', vipAddress: 'gateway', port: { $: 4711, '@enabled': 'true' }, metadata: { zone: 'z1', team: 'edge' } })
      // The registry knows before its answer has reached the gateway.
      await d.until('the metrics say so', async () => (await d.metrics()).includes('fairlead_announced{registry="eureka",state="up"} 1'))
      // Its first list may be from the registry's cache, which knows of no WEB yet.
      await d.sees('web', 'live a')
      await d.restart(
        () => d.until('it is gone', async () => (await status()) === undefined).then(() => undefined),
        async () => {
          await d.until('it is OUT_OF_SERVICE', async () => (await status()) === 'OUT_OF_SERVICE')
          // fetch does not let the host be another.
          const [answer] = (await once(get({ host: '127.0.0.1', port: d.port, headers: { host: 'web.drill' }, agent: false }), 'response')) as [IncomingMessage]
          answer.resume()
          expect([answer.statusCode, await status()]).toEqual([200, 'OUT_OF_SERVICE'])
        },
      )
      await d.until('it is UP again', async () => (await status()) === 'UP')
    }))

  test('is UP again after it was killed while it drained, and after the registry forgot it or was away', () =>
    drill(plan(), async (d) => {
      await d.until('it is UP', async () => (await status()) === 'UP')
      // What a killed one leaves behind.
      await d.restart(async () => {
        await register(server.url, { name: 'x', host: '127.0.0.1', port: 4711 }, { instanceId: 'gw-1:gateway:4711' }, 90, 'GATEWAY')
        await fetch(`${server.url}/apps/GATEWAY/gw-1:gateway:4711/status?value=OUT_OF_SERVICE`, { method: 'PUT' })
        // The server answers out of a cache.
        await d.until('the leftover is shown', async () => (await status()) === 'OUT_OF_SERVICE')
      })
      await d.until('it is UP', async () => (await status()) === 'UP')
      await d.sees('web', 'live a')
      await server.kill()
      await d.until('that is seen', async () => ((await d.announcements())[0]?.failures ?? 0) > 0)
      await d.serves('web', ['a'])
      await server.restart()
      await register(server.url, d.backend('a'))
      await d.until('it is UP', async () => (await status()) === 'UP')
      await d.sees('web', 'live a')
    }), SLOW)
})

describeWithServers(['eureka'], 'two real Eurekas', () => {
  let servers: readonly EurekaServer[] = []
  beforeAll(async () => {
    servers = await startEureka(2)
  }, SLOW)
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  const pair = (): readonly [EurekaServer, EurekaServer] => {
    const [first, second] = servers
    if (first === undefined || second === undefined) throw new Error('two servers are needed')
    return [first, second]
  }
  const urls = (): string[] => servers.map(({ url }) => url)

  const names = ['a', 'b', 'c']
  const plan = (): DrillPlan => ({
    upstreams: { e1: pair()[0].address, e2: pair()[1].address },
    // The zone says which is used first.
    registries: ({ e1, e2 }) => ({ eureka: { zone: 'z1', address: { z1: `http://${e1}/eureka`, z2: `http://${e2}/eureka` }, every: '3s' } }),
    services: { web: { from: 'eureka/WEB', backends: names } },
    before: async (backend) => {
      for (const name of names) await register(pair()[0].url, backend(name))
      await vi.waitFor(async () => expect(await known(pair()[1])).toBe(3), { timeout: 20_000 })
    },
    speed: 8,
  })
  const known = async ({ url }: EurekaServer): Promise<number> => {
    const { applications } = (await (await fetch(`${url}/apps`, { headers: { accept: 'application/json' } })).json()) as { applications: { application: { instance: unknown[] }[] } }
    return applications.application.reduce((sum, { instance }) => sum + instance.length, 0)
  }
  const beating = (backend: (name: string) => Backend): (() => Promise<void>) => keepRegistered(urls(), names.map(backend))

  test('one that is killed, paused, or both at once: the other takes over, and what was known stays', () =>
    drill(plan(), async (d) => {
      const [first, second] = pair()
      const stop = beating((name) => d.backend(name))
      await d.sees('web', 'live a,b,c')
      await first.kill()
      await d.until('the second server is used', () => d.logs.some((line) => line.includes('going on with')))
      await d.sees('web', 'live a,b,c')
      await cancel(second.url, d.backend('c')).catch(() => undefined)
      await d.serves('web', names)
      await first.restart()
      await d.sees('web', 'live a,b,c')
      second.pause()
      await d.serves('web', names)
      await d.sees('web', /^(live|guarded) a,b,c$/)
      second.resume()
      await d.sees('web', 'live a,b,c')
      await Promise.all([first.kill(), second.kill()])
      await d.sees('web', 'stale a,b,c', { cause: /refused|closed|reset/, since: Date.now() })
      await d.serves('web', names)
      await Promise.all([first.restart(), second.restart()])
      await d.sees('web', 'live a,b,c')
      await d.uses('web', names)
      await stop()
    }), SLOW)
})
