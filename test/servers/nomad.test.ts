// The Nomad adapter and the hub against a real Nomad: what a fake could get wrong.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Hub } from '../../discovery/hub.ts'
import type { SetMemory } from '../../discovery/memory.ts'
import { nomad } from '../../discovery/nomad.ts'
import { endpointsOf, type Endpoint } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
import type { RefStatus } from '../../src/model/ref-status.ts'
import type { EndpointsAnswer } from '../../src/model/admin.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { get } from '../support/drill/ask.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { startLoad, type Load } from '../support/drill/load.ts'
import { callNomad, listed, runJob, scaleJob, stopJob, stopJobs, type JobSpec, type NomadAt } from '../support/servers/nomad-client.ts'
import { startNomad } from '../support/servers/nomad.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'

type RealNomad = Awaited<ReturnType<typeof startNomad>>


const TASK = fileURLToPath(new URL('../fixtures/nomad/task.ts', import.meta.url))

interface Watched {
  endpoints(): readonly Endpoint[]
  /** Kind of the set and the ports of its endpoints, sorted: `ready 1001,1002`. */
  text(): string
  status(): RefStatus | undefined
  readonly logs: readonly string[]
}

const open: Hub[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((hub) => hub.close()))
})

/** Watches one reference, in real time; `last` is what a gateway knew that ran before. */
function watch(at: Pick<NomadAt, 'url'>, key: string, options: object = {}, last?: readonly Endpoint[]): Watched {
  const logs: string[] = []
  const platform = nodePlatform((level, message) => void logs.push(`${level} ${message}`))
  const hub = new Hub({ discoverers: new Map([['nomad', nomad.create('nomad', { address: at.url, checksEvery: '1s', ...options }, platform)]]), platform, onChange: () => {}, ...(last === undefined ? {} : { memory: remembering(key, last) }) })
  open.push(hub)
  hub.setRefs([key])
  const endpoints = (): readonly Endpoint[] => endpointsOf(hub.get(key)).toSorted((one, other) => one.port - other.port)
  return {
    endpoints,
    text() {
      const set = hub.get(key)
      const cause = set.kind === 'stale' || set.kind === 'pending' ? ` ${set.cause?.outcome ?? ''}` : ''
      return `${set.kind}${cause} ${endpoints().map(({ port }) => port).join(',')}`.trim()
    },
    status: () => hub.status()[0],
    logs,
  }
}

function remembering(key: string, endpoints: readonly Endpoint[]): SetMemory {
  return { load: async () => new Map([[key, { endpoints, at: 1 }]]), save: () => {}, flush: async () => {} }
}

const becomes = (watched: Watched, wanted: string, timeout = 20_000): Promise<void> => vi.waitFor(() => expect(watched.text()).toBe(wanted), { timeout, interval: 10 })
/** Sooner than any list that is read without a hint, which is 40 s after the last at the earliest, milliseconds. */
const SOON = 30_000

describeWithServers(['nomad'], 'a real Nomad', () => {
  let server: RealNomad
  beforeAll(async () => {
    server = await startNomad()
    await callNomad(server, 'PUT', 'namespace/shop', { Name: 'shop' })
  })
  afterAll(() => server.stop())
  afterEach(() => stopJobs(server))

  test('instances that come, change and leave are told within a moment', async () => {
    await runJob(server, { id: 'a', port: 1001, more: { Tags: ['v1', 'fairlead.weight=8', 'fairlead.zone=z1', 'fairlead.meta.version=1'] } })
    const web = watch(server, 'nomad/web')
    await becomes(web, 'ready 1001')
    const row = (await listed(server))[0]
    expect(web.endpoints()).toMatchObject([{ id: `nomad/default/${row?.ID}`, host: '127.0.0.1', weight: 8, zone: 'z1', tags: ['v1'], health: 'unknown', draining: false }])
    expect({ ...web.endpoints()[0]?.meta }).toEqual({ version: '1' })
    for (const port of [1002, 1003]) {
      await runJob(server, { id: `job-${port}`, port })
      await vi.waitFor(() => expect(web.endpoints().map((endpoint) => endpoint.port)).toContain(port), { timeout: SOON, interval: 10 })
    }
    // The same allocation with other tags.
    await runJob(server, { id: 'a', port: 1001, more: { Tags: ['v2'] } })
    await vi.waitFor(() => expect(web.endpoints()[0]).toMatchObject({ tags: ['v2'], weight: 1, zone: 'dc1' }), { timeout: SOON, interval: 10 })
    await stopJob(server, 'job-1002')
    await becomes(web, 'ready 1001,1003', SOON)
    // The last ones leave: that is said, so nothing is held.
    await stopJob(server, 'a')
    await stopJob(server, 'job-1003')
    await becomes(web, 'ready', SOON)
    expect(web.status()).toMatchObject({ mode: 'live', failures: 0, rejected: [] })
  })

  test('a job is scaled up and down', async () => {
    await runJob(server, { id: 'web', count: 1 })
    const web = watch(server, 'nomad/web')
    for (const count of [1, 6, 1, 0, 2]) {
      await scaleJob(server, 'web', count)
      await vi.waitFor(() => expect(web.endpoints()).toHaveLength(count), { timeout: SOON, interval: 10 })
    }
    expect(web.status()).toMatchObject({ mode: 'live', failures: 0 })
  })

  test('namespaces, regions, tags and filters are asked for', async () => {
    await runJob(server, { id: 'a', port: 1001, more: { Tags: ['v1', 'eu'] } })
    await runJob(server, { id: 'b', port: 1002, more: { Tags: ['v2', 'eu'] } })
    await runJob(server, { id: 'a', port: 1003, namespace: 'shop', more: { Tags: ['v2'] } })
    for (const [key, wanted, options] of [
      ['nomad/web', 'ready 1001,1002'],
      ['nomad/web?namespace=shop', 'ready 1003'],
      ['nomad/web?namespace=default,shop', 'ready 1001,1002,1003'],
      ['nomad/web?namespace=*', 'ready 1001,1002,1003'],
      ['nomad/web?namespace=none', 'ready'],
      ['nomad/web', 'ready 1001,1002,1003', { namespaces: ['*'] }],
      ['nomad/web?tag=v2', 'ready 1002'],
      ['nomad/web?tag=v2,eu&namespace=*', 'ready 1002'],
      ['nomad/web?filter=JobID%20%3D%3D%20"b"', 'ready 1002'],
      ['nomad/web?region=global', 'ready 1001,1002'],
    ] as const) {
      await becomes(watch(server, key, options), wanted)
    }
    const elsewhere = watch(server, 'nomad/web?region=eu')
    await becomes(elsewhere, 'pending failed')
    expect(elsewhere.status()?.lastError?.message).toMatch(/500 No path to region/)
    const wrong = watch(server, 'nomad/web?filter=this%20is%20none')
    await becomes(wrong, 'pending failed')
    expect(wrong.status()?.lastError?.message).toMatch(/400 .*filter expression/)
  })

  test('a service that appears in another namespace is told within a moment', async () => {
    const web = watch(server, 'nomad/web?namespace=*')
    await becomes(web, 'ready')
    await runJob(server, { id: 'a', port: 1001, namespace: 'shop' })
    await becomes(web, 'ready 1001', SOON)
    await stopJob(server, 'a', 'shop')
    await becomes(web, 'ready', SOON)
  })

  test('addresses of the operator’s choice, of both families', async () => {
    await runJob(server, { id: 'a', port: 1001, more: { Address: '127.9.8.7' } })
    await runJob(server, { id: 'b', port: 1002, more: { Address: '::1' } })
    await runJob(server, { id: 'c', port: 1003, more: { Address: 'words.example' } })
    await runJob(server, { id: 'd', port: 1004, more: { Address: '', AddressMode: 'host' } })
    const web = watch(server, 'nomad/web')
    await becomes(web, 'ready 1001,1002,1003,1004')
    expect(web.endpoints().map(({ host }) => host)).toEqual(['127.9.8.7', '::1', 'words.example', '127.0.0.1'])
  })

  test('canaries carry their own tags and weight until they are promoted', async () => {
    const job = (run: string): JobSpec => ({
      id: 'web',
      count: 2,
      env: { RUN: run },
      more: { Tags: ['live', 'fairlead.weight=10'], CanaryTags: ['canary', 'fairlead.weight=1'] },
      group: { Update: { Canary: 1, MaxParallel: 1, HealthCheck: 'task_states', MinHealthyTime: 1e8, HealthyDeadline: 20e9, ProgressDeadline: 60e9 } },
    })
    await runJob(server, job('1'))
    const all = watch(server, 'nomad/web')
    const canaries = watch(server, 'nomad/web?tag=canary')
    const words = (): string => all.endpoints().map(({ tags, weight }) => `${tags.join()} ${weight}`).toSorted().join(', ')
    await vi.waitFor(() => expect(words()).toBe('live 10, live 10'), { timeout: 20_000 })
    await becomes(canaries, 'ready')
    await runJob(server, job('2'))
    await vi.waitFor(() => expect(words()).toBe('canary 1, live 10, live 10'), { timeout: SOON })
    await vi.waitFor(() => expect(canaries.endpoints()).toHaveLength(1), { timeout: SOON })
    await vi.waitFor(async () => {
      const { ID: id } = (await (await callNomad(server, 'GET', 'job/web/deployment')).json()) as { readonly ID: string }
      await callNomad(server, 'PUT', `deployment/promote/${id}`, { DeploymentID: id, All: true })
    }, { timeout: 20_000, interval: 100 })
    await becomes(canaries, 'ready', SOON)
    await vi.waitFor(() => expect(words()).toBe('live 10, live 10'), { timeout: SOON })
    expect(all.status()).toMatchObject({ mode: 'live', failures: 0 })
  })

  describe('under load, with tasks that answer', () => {
    const closing: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).toReversed()) await close()
    })

    let gateway: DrillGateway
    /** What the admin server says of the endpoints of `web`. */
    const healths = async (): Promise<readonly string[]> => (await gateway.admin<EndpointsAnswer>('/api/endpoints?service=web')).services[0]?.endpoints.map(({ health }) => health).toSorted() ?? []

    /** Starts a gateway, and the load once it knows endpoints with these healths. */
    async function loaded(known: readonly string[]): Promise<{ readonly load: Load; by(): readonly string[] }> {
      const { directory, remove } = await makeTempDirectory()
      closing.push(remove)
      gateway = await startDrillGateway({ listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: directory, registries: { nomad: { address: server.url, checksEvery: '1s' } }, services: { web: { from: 'nomad/web' } }, routes: [{ match: 'web.drill/**', to: 'web' }] }, 1, () => {})
      closing.push(() => gateway.stop())
      await vi.waitFor(async () => expect(await healths()).toEqual(known), { timeout: 20_000, interval: 50 })
      await vi.waitFor(async () => expect(await get(gateway.port, 'web.drill')).toMatch(/^200/), { timeout: 20_000 })
      const load = startLoad(['web'], gateway.port, () => {})
      closing.push(() => load.stop())
      return { load, by: () => [...new Set(load.results.slice(-20).map(({ by }) => by))].toSorted() }
    }
    /** A server `b` that always answers, with a path for checks that says what the test wants. */
    async function checkedServer(): Promise<{ readonly port: number; asked(path: string): number; turn(works: boolean): void }> {
      let works = true
      const asked: string[] = []
      const checked = createServer(({ url = '' }, response) => {
        asked.push(url)
        response.writeHead(url === '/health' && !works ? 503 : 200).end('b')
      })
      await new Promise<void>((resolve) => checked.listen(0, '127.0.0.1', resolve))
      closing.push(async () => {
        checked.close()
        checked.closeAllConnections()
      })
      return { port: (checked.address() as AddressInfo).port, asked: (path) => asked.filter((each) => each === path).length, turn: (now) => void (works = now) }
    }
    const used = (by: () => readonly string[], wanted: readonly string[]): Promise<void> => vi.waitFor(() => expect(by()).toEqual(wanted), { timeout: 60_000, interval: 20 })

    test('a job that is stopped is drained: no request is lost', async () => {
      for (const id of ['a', 'b']) await runJob(server, { id, program: TASK, env: { NAME: id }, group: { ShutdownDelay: 5e8 } })
      const { load, by } = await loaded(['unknown', 'unknown'])
      await used(by, ['a', 'b'])
      await stopJob(server, 'b')
      await used(by, ['a'])
      await runJob(server, { id: 'b', program: TASK, env: { NAME: 'b' }, group: { ShutdownDelay: 5e8 } })
      await used(by, ['a', 'b'])
      await stopJob(server, 'a')
      await used(by, ['b'])
      expect(load.results.filter(({ error }) => error !== '')).toEqual([])
    })

    test('an allocation gets requests only while its checks pass, although Nomad lists it all the time', async () => {
      const { port, asked, turn } = await checkedServer()
      await runJob(server, { id: 'a', program: TASK, env: { NAME: 'a' }, more: { Checks: [{ Type: 'tcp', Interval: 1e9, Timeout: 1e9 }] } })
      const { load, by } = await loaded(['passing'])
      turn(false)
      // Its check runs for the first time after a second; until then nothing is known, and another one passes.
      await runJob(server, { id: 'b', port, more: { Checks: [{ Type: 'http', Path: '/health', Interval: 2e9, Timeout: 1e9 }] } })
      await vi.waitFor(async () => expect(await healths()).toEqual(['critical', 'passing']), { timeout: SOON, interval: 20 })
      await vi.waitFor(() => expect(asked('/health')).toBeGreaterThan(0), { timeout: 20_000 })
      expect(asked('/')).toBe(0)
      for (const works of [true, false, true]) {
        turn(works)
        await used(by, works ? ['a', 'b'] : ['a'])
      }
      expect(load.results.filter(({ error }) => error !== '')).toEqual([])
    })

    test('an update that replaces allocations that take their time to begin loses no request', async () => {
      const job = (name: string): JobSpec => ({
        id: 'web',
        count: 2,
        program: TASK,
        env: { NAME: name, READY_AFTER: '1500' },
        more: { Checks: [{ Type: 'http', Path: '/', Interval: 1e9, Timeout: 1e9 }] },
        group: { ShutdownDelay: 5e8, Update: { MaxParallel: 1, HealthCheck: 'checks', MinHealthyTime: 1e8, HealthyDeadline: 20e9, ProgressDeadline: 60e9 } },
      })
      await runJob(server, job('old'))
      const { load, by } = await loaded(['passing', 'passing'])
      await used(by, ['old'])
      await runJob(server, job('new'))
      await used(by, ['new'])
      expect(load.results.filter(({ error }) => error !== '')).toEqual([])
    })
  })
})

describeWithServers(['nomad'], 'a real Nomad with ACLs', () => {
  let server: RealNomad
  beforeAll(async () => {
    server = await startNomad({ acl: true })
    await callNomad(server, 'PUT', 'namespace/shop', { Name: 'shop' })
    await runJob(server, { id: 'a', port: 1001 })
  })
  afterAll(() => server.stop())

  const allow = (policy: string, ...namespaces: string[]): Promise<unknown> =>
    callNomad(server, 'PUT', `acl/policy/${policy}`, { Name: policy, Rules: namespaces.map((name) => `namespace "${name}" { capabilities = ["read-job"] }`).join('\n') })

  /** A token that may read these namespaces. */
  async function makeToken(policy: string, ...namespaces: string[]): Promise<{ readonly token: string; readonly accessor: string }> {
    await allow(policy, ...namespaces)
    const made = (await (await callNomad(server, 'PUT', 'acl/token', { Name: policy, Type: 'client', Policies: [policy] })).json()) as { readonly SecretID: string; readonly AccessorID: string }
    return { token: made.SecretID, accessor: made.AccessorID }
  }

  test.each<readonly [string, object, RegExp]>([
    ['no token', {}, /403 Permission denied; check the token/],
    ['a token that Nomad does not know', { token: '99999999-2222-3333-4444-555555555555' }, /403 Permission denied; check the token/],
    ['no token, in all namespaces', { namespaces: ['*'] }, /without an index.*read-job/],
  ])('%s is denied, not empty', async (_, options, message) => {
    const web = watch(server, 'nomad/web', options)
    await becomes(web, 'pending denied')
    expect(web.status()?.lastError?.message).toMatch(message)
  })

  test('read-job is enough for lists, events and checks, also in all namespaces', async () => {
    const { token } = await makeToken('reader', 'default', 'shop')
    for (const key of ['nomad/web', 'nomad/web?namespace=*']) {
      const web = watch(server, key, { token })
      await becomes(web, 'ready 1001')
      await runJob(server, { id: 'b', port: 1002 })
      await becomes(web, 'ready 1001,1002', SOON)
      await stopJob(server, 'b')
      await becomes(web, 'ready 1001', SOON)
      expect(web.logs.filter((line) => line.startsWith('warn'))).toEqual([])
    }
  })

  test('with rights in some namespaces only, the services of all that may be read are listed every few seconds', async () => {
    const { token } = await makeToken('some', 'default')
    const web = watch(server, 'nomad/web', { token, namespaces: ['*'] })
    await becomes(web, 'ready 1001')
    await vi.waitFor(() => expect(web.logs.join()).toMatch(/the event stream ended: .*403; each service is listed every few seconds/), { timeout: 20_000 })
    await runJob(server, { id: 'b', port: 1002 })
    await becomes(web, 'ready 1001,1002')
    await stopJob(server, 'b')
    await becomes(web, 'ready 1001')
  })

  test.each(['default,shop', '*'])('a token that loses its rights in one of its namespaces (%s) keeps what it knew there, which is one of two, after a restart as well', async (namespaces) => {
    const policy = namespaces === '*' ? 'part' : 'parts'
    const { token } = await makeToken(policy, 'default', 'shop')
    await runJob(server, { id: 'c', port: 1003, namespace: 'shop' })
    const web = watch(server, `nomad/web?namespace=${namespaces}`, { token })
    await becomes(web, 'ready 1001,1003')
    await vi.waitFor(() => expect(web.status()).toMatchObject({ mode: 'live' }), { timeout: 20_000 })
    await allow(policy, 'default')
    await becomes(web, 'stale denied 1001,1003', SOON)
    const again = watch(server, `nomad/web?namespace=${namespaces}`, { token }, web.endpoints())
    await becomes(again, 'stale denied 1001,1003')
    await runJob(server, { id: 'b', port: 1002 })
    await becomes(again, 'stale denied 1001,1002,1003')
    await stopJob(server, 'b')
    await becomes(again, 'stale denied 1001,1003')
    await allow(policy, 'default', 'shop')
    await becomes(web, 'ready 1001,1003')
    await becomes(again, 'ready 1001,1003', SOON)
    // What leaves the namespace is believed as ever.
    await stopJob(server, 'c', 'shop')
    await becomes(web, 'ready 1001')
  })

  test.each(['default', 'shop,default', '*'])('the catalogue says at once that rights end (%s), although its query waits on', async (namespaces) => {
    const policy = `catalogue-${namespaces.replace(/\W/g, 'x')}`
    const { token } = await makeToken(policy, 'default', 'shop')
    await runJob(server, { id: 'c', port: 1003, namespace: 'shop' })
    const asked: string[] = []
    const real = nodePlatform(() => {})
    const platform: Platform = {
      ...real,
      fetch(url, init) {
        asked.push(url)
        return real.fetch(url, init)
      },
    }
    const catalog = nomad.catalog?.('nomad', { address: server.url, token, namespaces: namespaces.split(',') }, platform)
    const stop = new AbortController()
    let text = ''
    const reading = (async () => {
      for await (const set of catalog?.watch(stop.signal, { wanted: () => true }) ?? []) text = `${set.kind} ${set.kind === 'pending' ? '' : set.services.map(({ name }) => name).join()} ${set.kind === 'ready' ? '' : (set.cause?.outcome ?? '')}`.trim()
    })()
    const names = namespaces === 'default' ? 'web' : 'web,shop/web'
    // Sooner than the end of a query.
    const says = (wanted: string): Promise<void> => vi.waitFor(() => expect(text).toBe(wanted), { timeout: 12_000, interval: 10 })
    await says(`ready ${names}`)
    await vi.waitFor(() => expect(asked.some((url) => url.includes('/v1/services?') && /[?&]index=[1-9]/.test(url))).toBe(true), { timeout: 20_000 })
    await allow(policy, namespaces === 'default' ? 'shop' : 'default')
    await says(`stale ${names} denied`)
    stop.abort()
    await reading
    await stopJob(server, 'c', 'shop')
  })

  test.each(['default', '*'])('a token whose rights come, go, come back and end with it keeps what it knew (namespace %s)', async (namespace) => {
    const policy = namespace === '*' ? 'all' : 'one'
    const { token, accessor } = await makeToken(policy, 'other')
    const web = watch(server, `nomad/web?namespace=${namespace}`, { token })
    await becomes(web, 'pending denied')
    await allow(policy, 'default', 'shop', 'other')
    await becomes(web, 'ready 1001')
    await vi.waitFor(() => expect(web.status()).toMatchObject({ mode: 'live' }), { timeout: 20_000 })
    await allow(policy, 'other')
    await becomes(web, 'stale denied 1001', SOON)
    expect(web.status()).toMatchObject({ mode: 'denied' })
    await allow(policy, 'default', 'shop', 'other')
    await becomes(web, 'ready 1001')
    await callNomad(server, 'DELETE', `acl/token/${accessor}`)
    await becomes(web, 'stale denied 1001', SOON)
    expect(web.status()?.lastError?.message).toMatch(/403 Permission denied/)
  })
})
