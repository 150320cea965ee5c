// The Nomad adapter and the hub against a real Nomad: what a fake could get wrong.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createHub, type Hub } from '../../discovery/hub.ts'
import { nomad } from '../../discovery/nomad.ts'
import { endpointsOf, type Endpoint } from '../../src/model/endpoint.ts'
import type { RefStatus } from '../../src/model/ref-status.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { callNomad, listed, runJob, scaleJob, stopJob, stopJobs, type NomadAt } from '../support/servers/nomad-client.ts'
import { startNomad } from '../support/servers/nomad.ts'
import { describeWithServers } from '../support/servers.ts'

type RealNomad = Awaited<ReturnType<typeof startNomad>>


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

/** Watches one reference, in real time. */
function watch(at: Pick<NomadAt, 'url'>, key: string, options: object = {}): Watched {
  const logs: string[] = []
  const platform = nodePlatform((level, message) => void logs.push(`${level} ${message}`))
  const hub = createHub({ discoverers: new Map([['nomad', nomad.create('nomad', { address: at.url, checksEvery: '1s', ...options }, platform)]]), platform, onChange: () => {} })
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

const becomes = (watched: Watched, wanted: string, timeout = 20_000): Promise<void> => vi.waitFor(() => expect(watched.text()).toBe(wanted), { timeout, interval: 10 })
/** Sooner than any list that is read without a hint. */
const SOON = 3000

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
})
