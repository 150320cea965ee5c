// The SRV adapter against real name servers: Knot DNS for the ways of zones and Consul for its own.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { Hub } from '../../discovery/hub.ts'
import { srv } from '../../discovery/srv.ts'
import { endpointsOf } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
import { nodeDns } from '../../src/node/dns.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { addressRecord } from '../support/fake-dns.ts'
import { serveDns } from '../support/serve-dns.ts'
import { freePorts } from '../support/server-process.ts'
import { startConsul } from '../support/servers/consul.ts'
import { startKnot, type RealNameServer } from '../support/servers/knot.ts'
import { describeWithServers } from '../support/servers.ts'

const open: Hub[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((hub) => hub.close()))
})

interface Watched {
  /** Kind, cause, and `host:port weight priority` of each. */
  text(): string
  /** How many endpoints each set so far had. */
  readonly counts: number[]
  /** How often it was asked. */
  readings(): number
  readonly message: () => string
}

/** Watches one name; waits of the gateway are `speed` times shorter. `system` is the machine's own name server. */
function watch(servers: string | readonly string[], name: string, speed = 1, system?: string): Watched {
  const real = nodePlatform(() => {})
  const world: Platform = { ...real, now: () => real.now() * speed, sleep: (ms, signal) => real.sleep(ms / speed, signal) }
  const counts: number[] = []
  const key = `srv/${name}`
  const hub = new Hub({
    discoverers: new Map([['srv', srv.create('srv', { servers }, world, { dns: system === undefined ? nodeDns : { ...nodeDns, servers: () => [system] } })]]),
    platform: world,
    onChange: (_, set) => void counts.push(endpointsOf(set).length),
  })
  open.push(hub)
  hub.setRefs([key])
  return {
    counts,
    readings: () => Object.values(hub.status()[0]?.attempts ?? {}).reduce((sum, count) => sum + count, 0),
    message: () => hub.status()[0]?.lastError?.message ?? '',
    text: () => {
      const set = hub.get(key)
      const cause = set.kind === 'stale' || set.kind === 'pending' ? [set.cause?.outcome ?? ''] : []
      return [set.kind, ...cause, ...endpointsOf(set).map(({ host, port, weight, priority = 0 }) => `${host}:${port}/${weight}/${priority}`)].join(' ')
    },
  }
}

const becomes = (watched: Watched, wanted: string | RegExp): Promise<void> =>
  vi.waitFor(() => (typeof wanted === 'string' ? expect(watched.text()).toBe(wanted) : expect(watched.text()).toMatch(wanted)), { timeout: 20_000, interval: 20 })

describeWithServers(['knot'], 'a real name server', () => {
  let server: RealNameServer
  beforeAll(async () => {
    server = await startKnot()
  })
  afterAll(() => server.stop())

  test('records that come, change and leave, with priority and weight', async () => {
    await server.zone('_http._tcp.web SRV 10 60 8080 a\n_http._tcp.web SRV 20 5 8081 b\na A 10.0.0.1\nb AAAA fd00::2\n')
    const web = watch(server.address, '_http._tcp.web.example')
    await becomes(web, 'ready 10.0.0.1:8080/60/10 fd00::2:8081/5/20')
    await server.zone('_http._tcp.web SRV 10 60 8080 a\n_http._tcp.web SRV 10 0 8081 b\na A 10.0.0.1\nb A 10.0.0.2\n')
    await becomes(web, 'ready 10.0.0.1:8080/60/10 10.0.0.2:8081/1/10')
    await server.zone('_http._tcp.web SRV 0 0 0 .\n')
    await becomes(web, 'ready')
  })

  test.each([
    ['a name that does not exist', 'nothing.example', 'absent'],
    ['a name without such records', 'ns.example', 'ready'],
    ['a name of another zone', 'web.elsewhere', 'pending denied'],
  ])('%s', async (_name, name, wanted) => {
    await becomes(watch(server.address, name), wanted)
  })

  test('a name under an alias', async () => {
    await server.zone('alias CNAME _http._tcp.web\n_http._tcp.web SRV 0 1 80 a\na A 10.0.0.1\n')
    await becomes(watch(server.address, 'alias.example'), 'ready 10.0.0.1:80/1/0')
  })

  test('1000 records, which by UDP are truncated', async () => {
    const all = Array.from({ length: 1000 }, (_, index) => index)
    await server.zone(all.map((index) => `many SRV 0 1 80 i${index}\ni${index} A 10.1.${index >> 8}.${index & 255}\n`).join(''))
    const many = watch(server.address, 'many.example')
    await vi.waitFor(() => expect(many.counts.at(-1)).toBe(1000), { timeout: 20_000 })
    expect(many.counts).toEqual([1000])
  })

  test('a paused server, and one that was killed and came back, take nothing away', async () => {
    await server.zone('web SRV 0 1 80 a\na A 10.0.0.1\n')
    const web = watch(server.address, 'web.example', 5)
    await becomes(web, 'ready 10.0.0.1:80/1/0')
    server.pause()
    await becomes(web, 'stale failed 10.0.0.1:80/1/0')
    expect(web.message()).toMatch(/no answer within 2 s/)
    server.resume()
    await becomes(web, 'ready 10.0.0.1:80/1/0')
    await server.kill()
    await becomes(web, 'stale failed 10.0.0.1:80/1/0')
    expect(web.message()).toMatch(/ECONNREFUSED/)
    await server.restart()
    await becomes(web, 'ready 10.0.0.1:80/1/0')
  })

  test('records that vanish are asked for at the other server', async () => {
    const second = await startKnot()
    try {
      await second.zone('web SRV 0 1 80 a\na A 10.0.0.1\n')
      await server.zone('web SRV 0 1 80 a\na A 10.0.0.1\n')
      const web = watch([server.address, second.address], 'web.example', 5)
      await becomes(web, 'ready 10.0.0.1:80/1/0')
      await server.zone('')
      await becomes(web, 'stale guarded 10.0.0.1:80/1/0')
      await becomes(web, 'ready 10.0.0.1:80/1/0')
      await second.zone('')
      await becomes(web, 'absent')
    } finally {
      await second.stop()
    }
  })
})

describeWithServers(['consul'], 'the name server of a real Consul', () => {
  let server: Awaited<ReturnType<typeof startConsul>> & { readonly dns: string }
  beforeAll(async () => {
    const [port = 0] = await freePorts(1)
    server = { ...(await startConsul({ args: ['-dns-port', String(port)] })), dns: `127.0.0.1:${port}` }
  })
  afterAll(() => server.stop())

  const put = async (path: string, body?: object): Promise<void> => {
    const answer = await fetch(`${server.url}/v1/agent/${path}`, { method: 'PUT', ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  const register = (name: string, id: number, more: object = {}): Promise<void> => put('service/register', { Name: name, ID: `${name}-${id}`, Address: `10.4.${id >> 8}.${id & 255}`, Port: 9000 + id, ...more })

  test('weights, warnings, tags, addresses of its own making, and a time to live of 0', async () => {
    await register('orders', 7, { Weights: { Passing: 8, Warning: 2 }, Tags: ['v1'], Check: { CheckID: 'orders', TTL: '10m', Status: 'passing' } })
    await register('orders', 8, { Tags: ['v2'] })
    const orders = watch(server.dns, 'orders.service.consul')
    const tagged = watch(server.dns, '_orders._v2.service.consul')
    await becomes(orders, 'ready 10.4.0.7:9007/8/1 10.4.0.8:9008/1/1')
    await becomes(tagged, 'ready 10.4.0.8:9008/1/1')
    await put('check/warn/orders')
    await becomes(orders, 'ready 10.4.0.7:9007/2/1 10.4.0.8:9008/1/1')
    await put('check/fail/orders')
    await becomes(orders, 'ready 10.4.0.8:9008/1/1')
    await put('service/deregister/orders-8')
    // DNS does not say why the first one is gone either: what left within 30 s counts together.
    await becomes(orders, 'stale guarded 10.4.0.7:9007/2/1 10.4.0.8:9008/1/1')
  })

  test('a service at the address of its node', async () => {
    await register('plain', 1, { Address: '' })
    await becomes(watch(server.dns, '_plain._tcp.service.dc1.consul'), 'ready 127.0.0.1:9001/1/1')
  })

  test('a service whose address is a name outside of its domain, which it will not look up, at the address that the machine’s name server knows', async () => {
    await register('outside', 1, { Address: 'host.corp.example' })
    await register('outside', 2)
    const system = await serveDns()
    try {
      system.speak(({ name, type }) => [name === 'host.corp.example' && type === 'A' ? { answers: [addressRecord(name, '10.9.9.9', 60)] } : { code: 3 }])
      await becomes(watch(server.dns, 'outside.service.consul', 1, system.address), 'ready 10.4.0.2:9002/1/1 10.9.9.9:9001/1/1')
    } finally {
      await system.stop()
    }
  })

  test('twenty instances, a few of which it shows by UDP each time, are all seen and stay', async () => {
    for (let id = 1; id <= 20; id++) await register('many', id)
    const many = watch(server.dns, 'many.service.consul', 5)
    await vi.waitFor(() => expect(many.counts.at(-1)).toBe(20), { timeout: 20_000 })
    const [before, readings] = [many.counts.length, many.readings()]
    await vi.waitFor(() => expect(many.readings()).toBeGreaterThan(readings + 15), { timeout: 40_000, interval: 20 })
    expect(many.counts.length).toBe(before)
  })

  test('a service that it does not know is absent', async () => {
    await becomes(watch(server.dns, 'nobody.service.consul'), 'absent')
  })
})
