// The Consul adapter and the hub against a real Consul: what a fake could get wrong.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { consul } from '../../discovery/consul.ts'
import { Hub } from '../../discovery/hub.ts'
import { endpointsOf, type EndpointSet } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
import { createSetMemory } from '../../src/node/set-memory.ts'
import { enter, strikeAll } from '../support/servers/consul-client.ts'
import { startConsul } from '../support/servers/consul.ts'
import { describeWithServers } from '../support/servers.ts'
import { soon } from '../support/soon.ts'

type RealConsul = Awaited<ReturnType<typeof startConsul>>

const MANAGEMENT = '11111111-2222-3333-4444-555555555555'

/** The real world, with time that runs `speed` times faster where the gateway waits, so that a hold of 30 s needs not 30 s. */
function platform(speed: number): Platform {
  return {
    now: () => performance.now() * speed,
    wallClock: () => Date.now(),
    random: Math.random,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const wake = (): void => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(wake, ms / speed)
        signal?.addEventListener('abort', wake)
      }),
    fetch: (url, init) => fetch(url, init),
    log: () => {},
  }
}

interface Watched {
  readonly hub: Hub
  readonly sets: EndpointSet[]
  readonly key: string
}

const open: Hub[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((hub) => hub.close()))
})

/** Watches one reference; `sets` grows with each change. */
function watch(address: string, key: string, options: { readonly registry?: object; readonly speed?: number; readonly directory?: string } = {}): Watched {
  const world = platform(options.speed ?? 1)
  const discoverer = consul.create('consul', { address, ...options.registry }, world)
  const sets: EndpointSet[] = []
  const memory = options.directory === undefined ? {} : { memory: createSetMemory(options.directory, world) }
  const hub = new Hub({ discoverers: new Map([['consul', discoverer]]), platform: world, ...memory, onChange: (_, set) => void sets.push(set) })
  open.push(hub)
  hub.setRefs([key])
  return { hub, sets, key }
}

const text = (set: EndpointSet): string => {
  const cause = set.kind === 'stale' || set.kind === 'pending' ? ` ${set.cause?.outcome ?? ''}` : ''
  return `${set.kind}${cause} ${endpointsOf(set).map(({ port }) => port).join(',')}`.trim()
}

/** As long as an agent may take to tell its server (see `lists`), and shorter than a question waits. */
const becomes = (watched: Watched, wanted: string): Promise<void> => vi.waitFor(() => expect(text(watched.hub.get(watched.key))).toBe(wanted), { timeout: 40_000, interval: 20 })

async function put(server: RealConsul, path: string, body?: object, token?: string): Promise<void> {
  const headers = token === undefined ? {} : { 'x-consul-token': token }
  const answer = await fetch(`${server.url}/v1/${path}`, { method: 'PUT', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`)
}

const register = (server: RealConsul, port: number, more: object = {}, token?: string): Promise<void> =>
  put(server, 'agent/service/register', { Name: 'web', ID: `web-${port}`, Address: '127.0.0.1', Port: port, ...more }, token)

/**
 * Waits until the catalogue lists so many instances. An agent tells its server of them by itself: where that fails right after a
 * start, only 15 to 30 s later (`retryFailInterval` in agent/ae/ae.go), which is none of the gateway's doing.
 */
const lists = (server: RealConsul, count: number): Promise<void> =>
  vi.waitFor(async () => expect(await (await fetch(`${server.url}/v1/health/service/web`)).json()).toHaveLength(count), { timeout: 40_000, interval: 50 })

describeWithServers(['consul'], 'a real Consul', () => {
  let server: RealConsul
  beforeAll(async () => {
    server = await startConsul()
  })
  afterAll(() => server.stop())
  afterEach(async () => {
    const services = (await (await fetch(`${server.url}/v1/agent/services`)).json()) as Record<string, unknown>
    for (const id of Object.keys(services)) await put(server, `agent/service/deregister/${id}`)
  })

  test('instances that register, change, drain and leave', async () => {
    await register(server, 1001, { Tags: ['v1'], Meta: { version: '1', zone: 'z1' }, Weights: { Passing: 8, Warning: 2 } })
    const web = watch(server.url, 'consul/web')
    await becomes(web, 'ready 1001')
    expect(endpointsOf(web.hub.get('consul/web'))[0]).toMatchObject({ id: 'consul/n1/web-1001', host: '127.0.0.1', weight: 8, zone: 'z1', tags: ['v1'], health: 'passing', draining: false })
    await register(server, 1002)
    await becomes(web, 'ready 1001,1002')
    await register(server, 1002, { Tags: ['v2'] })
    await soon(() => expect(endpointsOf(web.hub.get('consul/web'))[1]?.tags).toEqual(['v2']))
    await put(server, 'agent/service/maintenance/web-1002?enable=true&reason=deploy')
    await soon(() => expect(endpointsOf(web.hub.get('consul/web'))[1]).toMatchObject({ draining: true, health: 'maintenance' }))
    await put(server, 'agent/service/deregister/web-1002')
    await becomes(web, 'ready 1001')
    expect(web.hub.status()[0]).toMatchObject({ mode: 'live', failures: 0, rejected: [] })
  })

  test('a change is told, and not found at the end of a question', async () => {
    await register(server, 1001)
    const web = watch(server.url, 'consul/web')
    await becomes(web, 'ready 1001')
    // The watch is asked again right after the first answer; a change right then must not be lost either.
    for (const port of [1002, 1003, 1004]) {
      await register(server, port)
      await soon(() => expect(endpointsOf(web.hub.get('consul/web')).some((endpoint) => endpoint.port === port)).toBe(true))
    }
  })

  test('checks: warning is kept with its own weight, critical is kept and marked', async () => {
    await register(server, 1001, { Weights: { Passing: 8, Warning: 3 }, Check: { CheckID: 'ttl', TTL: '10m', Status: 'passing' } })
    await register(server, 1002)
    const web = watch(server.url, 'consul/web')
    await becomes(web, 'ready 1001,1002')
    await put(server, 'agent/check/warn/ttl')
    await soon(() => expect(endpointsOf(web.hub.get('consul/web'))[0]).toMatchObject({ health: 'warning', weight: 3, draining: false }))
    await put(server, 'agent/check/fail/ttl')
    await soon(() => expect(endpointsOf(web.hub.get('consul/web'))[0]).toMatchObject({ health: 'critical', weight: 8 }))
    expect(web.hub.get('consul/web').kind).toBe('ready')
  })

  test('tags, several tags and filters are asked of the registry', async () => {
    await register(server, 1001, { Tags: ['v1', 'eu'] })
    await register(server, 1002, { Tags: ['v2', 'eu'] })
    await register(server, 1003, { Tags: ['v2'], Meta: { version: '2' } })
    for (const [key, wanted] of [
      ['consul/web?tag=v2', 'ready 1002,1003'],
      ['consul/web?tag=v2,eu', 'ready 1002'],
      ['consul/web?filter=Service.Meta.version%20%3D%3D%20"2"', 'ready 1003'],
      ['consul/web?dc=dc1', 'ready 1001,1002,1003'],
      ['consul/other', 'ready'],
    ] as const) {
      await becomes(watch(server.url, key), wanted)
    }
    const elsewhere = watch(server.url, 'consul/web?dc=dc9')
    await becomes(elsewhere, 'pending failed')
    expect(elsewhere.hub.status()[0]?.lastError?.message).toMatch(/500 .*dc9|500 .*No path to datacenter/)
  })

  test('maintenance of the node drains all its instances, and an empty list after that is believed', async () => {
    await register(server, 1001)
    await register(server, 1002)
    const web = watch(server.url, 'consul/web')
    await becomes(web, 'ready 1001,1002')
    await put(server, 'agent/maintenance?enable=true&reason=kernel')
    await soon(() => expect(endpointsOf(web.hub.get('consul/web')).map(({ draining }) => draining)).toEqual([true, true]))
    await put(server, 'agent/service/deregister/web-1001')
    await put(server, 'agent/service/deregister/web-1002')
    await becomes(web, 'ready')
    await put(server, 'agent/maintenance?enable=false')
  })

  test('a paused agent leaves the endpoints as they are, marked stale, and is heard again when it goes on', async () => {
    await register(server, 1001)
    // Consul waits in real time: its second has to end before the six of the deadline, of which two pass.
    const web = watch(server.url, 'consul/web', { speed: 3, registry: { wait: '1s' } })
    await becomes(web, 'ready 1001')
    server.pause()
    await becomes(web, 'stale failed 1001')
    expect(web.hub.status()[0]?.lastError?.message).toMatch(/no answer within/)
    server.resume()
    await becomes(web, 'ready 1001')
    await register(server, 1002)
    await becomes(web, 'ready 1001,1002')
  })

  test('an agent that was killed and came back empty does not take the endpoints away at once, but in the end', async () => {
    for (const port of [1001, 1002, 1003]) await register(server, port)
    const web = watch(server.url, 'consul/web', { speed: 4 })
    await becomes(web, 'ready 1001,1002,1003')
    await server.kill()
    await becomes(web, 'stale failed 1001,1002,1003')
    await server.restart()
    await becomes(web, 'stale guarded 1001,1002,1003')
    // Into the catalogue itself: its agent may tell it later than the hold lasts.
    await enter(server.url, { name: 'new', host: '127.0.0.1', port: 1004 })
    await becomes(web, 'stale guarded 1001,1002,1003,1004')
    await becomes(web, 'ready 1004')
    await strikeAll(server.url)
    expect(web.sets.map((set) => endpointsOf(set).length).slice(0, -1).every((count) => count >= 3)).toBe(true)
  })

  test('an agent whose index starts anew is followed anew', async () => {
    for (let port = 1001; port < 1021; port++) await register(server, port)
    await lists(server, 20)
    const web = watch(server.url, 'consul/web')
    await soon(() => expect(endpointsOf(web.hub.get('consul/web'))).toHaveLength(20))
    await server.kill()
    await server.restart()
    for (let port = 1001; port < 1018; port++) await register(server, port)
    await lists(server, 17)
    // A read between two registrations may see too few and be guarded: that is believed after 30 s.
    await vi.waitFor(() => expect(text(web.hub.get('consul/web')).startsWith('ready')).toBe(true), { timeout: 60_000 })
    await put(server, 'agent/service/deregister/web-1001')
    await lists(server, 16)
    await soon(() => expect(endpointsOf(web.hub.get('consul/web')).some(({ port }) => port === 1001)).toBe(false))
  }, 120_000)

  test('a gateway that starts while Consul is down serves what it knew', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'fairlead-sets-'))
    try {
      await register(server, 1001, { Meta: { version: '1' } })
      const before = watch(server.url, 'consul/web', { directory })
      await becomes(before, 'ready 1001')
      await before.hub.close()
      const after = watch('http://127.0.0.1:1', 'consul/web', { directory })
      await becomes(after, 'stale failed 1001')
      expect(text(after.sets[0] ?? { kind: 'pending' })).toBe('stale disk 1001')
      expect({ ...endpointsOf(after.hub.get('consul/web'))[0]?.meta }).toEqual({ version: '1' })
      await after.hub.close()
      await becomes(watch(server.url, 'consul/web', { directory }), 'ready 1001')
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  test('a second agent is asked when the first is down', async () => {
    await register(server, 1001)
    const world = platform(1)
    const discoverer = consul.create('consul', { address: ['http://127.0.0.1:1', server.url] }, world)
    const hub = new Hub({ discoverers: new Map([['consul', discoverer]]), platform: world, onChange: () => {} })
    open.push(hub)
    hub.setRefs(['consul/web'])
    await becomes({ hub, sets: [], key: 'consul/web' }, 'ready 1001')
  })
})

describeWithServers(['consul'], 'a real Consul with ACLs', () => {
  let server: RealConsul
  beforeAll(async () => {
    server = await startConsul({ managementToken: MANAGEMENT })
    await register(server, 1001, {}, MANAGEMENT)
  })
  afterAll(() => server.stop())

  /** A token with these rules; its policy may be changed. */
  async function makeToken(name: string, rules: string): Promise<string> {
    await put(server, 'acl/policy', { Name: name, Rules: rules }, MANAGEMENT)
    const secret = `22222222-3333-4444-5555-${name.padStart(12, '6')}`
    await put(server, 'acl/token', { SecretID: secret, Policies: [{ Name: name }] }, MANAGEMENT)
    return secret
  }

  test('no token where Consul denies by default is denied, not empty', async () => {
    const web = watch(server.url, 'consul/web')
    await becomes(web, 'pending denied')
    expect(web.hub.status()[0]?.lastError?.message).toMatch(/no token is configured/)
  })

  test('a token that Consul does not know is denied', async () => {
    const web = watch(server.url, 'consul/web', { registry: { token: '99999999-2222-3333-4444-555555555555' } })
    await becomes(web, 'pending denied')
    expect(web.hub.status()[0]?.lastError?.message).toMatch(/403 ACL not found/)
  })

  test('a token without rights is denied', async () => {
    const token = await makeToken('1', 'service "other" { policy = "read" }')
    await becomes(watch(server.url, 'consul/web', { registry: { token } }), 'pending denied')
  })

  test('a token that loses its rights keeps what it knew', async () => {
    const token = await makeToken('2', 'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }')
    const web = watch(server.url, 'consul/web', { registry: { token, wait: '1s' } })
    await becomes(web, 'ready 1001')
    const policies = (await (await fetch(`${server.url}/v1/acl/policies`, { headers: { 'x-consul-token': MANAGEMENT } })).json()) as { Name: string; ID: string }[]
    const id = policies.find(({ Name }) => Name === '2')?.ID
    await put(server, `acl/policy/${id}`, { Name: '2', Rules: 'service "other" { policy = "read" }' }, MANAGEMENT)
    await becomes(web, 'stale denied 1001')
  })
})
