// The Kubernetes adapter against a real API server: what a double could get wrong, and drills under load.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { k8s } from '../../discovery/k8s.ts'
import { createK8sClient } from '../../discovery/k8s/client.ts'
import { inCluster, k8sOptions } from '../../discovery/k8s/options.ts'
import { parseRef } from '../../src/model/discoverer.ts'
import { endpointsOf, type EndpointSet } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
import { nodeCapabilities } from '../../src/node/capabilities.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import type { Backend } from '../support/drill/backend.ts'
import { changesWhile, flaps } from '../support/drill/crowd.ts'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'
import { createFakeK8s, endpoint, type SliceSpec } from '../support/fake-k8s.ts'
import { ALONE, kubernetesPlan, putBackend, type KubernetesRights } from '../support/kubernetes-drill.ts'
import { withSecretFile } from '../support/secret-file.ts'
import { describeWithServers } from '../support/servers.ts'
import { makeTempDirectory } from '../support/temp.ts'
import { downAtStart } from '../suites/down-at-start.ts'
import { hangs } from '../suites/hang.ts'
import { ADMIN, CLIENT, GATEWAY, startKubernetes, type Kubernetes } from '../support/servers/kubernetes.ts'

const platform = nodePlatform(() => undefined)
const TIME = { timeout: 20_000, interval: 20 }

describeWithServers(['kubernetes'], 'a real API server', () => {
  let cluster: Kubernetes
  let ends: AbortController[] = []
  beforeAll(async () => {
    cluster = await startKubernetes()
  })
  afterAll(() => cluster.stop())
  afterEach(async () => {
    for (const end of ends) end.abort()
    ends = []
    await cluster.call('DELETE', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices')
  })

  const options = (more: object = {}): object => ({ address: cluster.url, token: ADMIN, tls: { ca: cluster.ca }, ...more })

  function watch(ref: string, more: object = {}, world: Platform = platform): EndpointSet[] {
    const parsed = parseRef(ref)
    if (parsed === undefined) throw new Error(ref)
    const sets: EndpointSet[] = []
    const end = new AbortController()
    ends.push(end)
    void (async () => {
      for await (const set of k8s.create('k8s', options(more), world, nodeCapabilities).watch(parsed, end.signal)) sets.push(set)
    })()
    return sets
  }
  const text = (set: EndpointSet | undefined): string => {
    const cause = set?.kind === 'stale' || set?.kind === 'pending' ? ` ${set.cause?.outcome ?? ''}` : ''
    const endpoints = endpointsOf(set ?? { kind: 'pending' }).map(({ host, draining }) => host + (draining ? '(draining)' : ''))
    return `${set?.kind ?? ''}${cause} ${endpoints.join(',')}`.trim()
  }
  const becomes = (sets: readonly EndpointSet[], wanted: string): Promise<void> => vi.waitFor(() => expect(text(sets.at(-1))).toBe(wanted), TIME)
  const web = (name: string, ...addresses: readonly string[]): SliceSpec => ({ name, service: 'web', endpoints: addresses.map((address) => endpoint(address, { targetRef: { kind: 'Pod', name, namespace: 'default', uid: address } })) })

  test('endpoints that come, change, drain and leave', async () => {
    const sets = watch('k8s/default/web:http')
    await becomes(sets, 'absent')
    await cluster.put({ ...web('web-1', '10.1.0.1'), labels: { team: 'words' }, endpoints: [endpoint('10.1.0.1', { zone: 'z1', nodeName: 'n1', targetRef: { kind: 'Pod', name: 'web-abc', namespace: 'default', uid: 'u1' } })] })
    await becomes(sets, 'ready 10.1.0.1')
    const [first] = endpointsOf(sets.at(-1) ?? { kind: 'pending' })
    expect(first).toMatchObject({ id: 'k8s/u1', port: 8080, zone: 'z1', health: 'passing', weight: 1 })
    expect({ ...first?.meta }).toEqual({ team: 'words', pod: 'web-abc', node: 'n1' })
    await cluster.put(web('web-2', '10.1.0.2', '10.1.0.3'))
    await becomes(sets, 'ready 10.1.0.2,10.1.0.3,10.1.0.1')
    await cluster.put({ ...web('web-2'), endpoints: [endpoint('10.1.0.2', { conditions: { ready: false, serving: true, terminating: true }, targetRef: { uid: '10.1.0.2' } }), endpoint('10.1.0.3', { targetRef: { uid: '10.1.0.3' } })] })
    await becomes(sets, 'ready 10.1.0.2(draining),10.1.0.3,10.1.0.1')
    await cluster.put(web('web-2', '10.1.0.3'))
    await becomes(sets, 'ready 10.1.0.3,10.1.0.1')
    await cluster.remove('web-2')
    await becomes(sets, 'ready 10.1.0.1')
  })

  test('the placeholder of a service that was scaled to zero is written with null for none, and is an emptiness', async () => {
    const web1 = web('web-1', '10.1.0.1')
    await cluster.put(web1)
    const sets = watch('k8s/default/web:http', { allowEmpty: true })
    await becomes(sets, 'ready 10.1.0.1')
    await cluster.put({ ...web1, endpoints: [], ports: [] })
    expect(await cluster.call('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web-1')).toMatchObject({ endpoints: null, ports: null })
    await becomes(sets, 'ready')
  })

  test('watches end after their time and go on: nothing is missed in between', async () => {
    const asked = { watches: 0 }
    const counted: Platform = {
      ...platform,
      fetch: (url, init) => {
        if (url.includes('watch=1')) asked.watches++
        return platform.fetch(url, init)
      },
    }
    const sets = watch('k8s/web', { wait: '5s' }, counted)
    for (let n = 1; asked.watches < 4; n++) {
      await cluster.put(web('web-1', `10.1.${n >> 8}.${n & 255}`))
      await becomes(sets, `ready 10.1.${n >> 8}.${n & 255}`)
    }
  })

  test('a list of several pages is one list', async () => {
    for (let n = 0; n < 200; n += 20) await Promise.all(Array.from({ length: 20 }, (_, index) => cluster.put(web(`web-${n + index}`, `10.2.${n + index}.1`))))
    const sets = watch('k8s/web')
    await vi.waitFor(() => expect(endpointsOf(sets.at(-1) ?? { kind: 'pending' })).toHaveLength(200), TIME)
    expect(sets).toHaveLength(1)
  })

  test('a token in a file may be exchanged while the gateway runs', async () => {
    const { directory, remove } = await makeTempDirectory()
    try {
      await writeFile(join(directory, 'token'), 'nonsense')
      const sets = watch('k8s/web', { token: undefined, tokenFile: join(directory, 'token') })
      await becomes(sets, 'pending denied')
      await cluster.put(web('web-1', '10.1.0.1'))
      await writeFile(join(directory, 'token'), `${ADMIN}\n`)
      await becomes(sets, 'ready 10.1.0.1')
    } finally {
      await remove()
    }
  })

  test('a token that is not known, and one without rights, are denied', async () => {
    const unknown = watch('k8s/web', { token: 'nonsense' })
    await becomes(unknown, 'pending denied')
    const powerless = watch('k8s/web', { token: GATEWAY })
    await becomes(powerless, 'pending denied')
    expect(powerless.at(-1)).toMatchObject({ cause: { message: expect.stringMatching(/403 endpointslices.discovery.k8s.io is forbidden: User "gateway" cannot list .*; the gateway needs get, list and watch/) } })
  })

  test('a client certificate is who asks, and needs no token', async () => {
    const sets = watch('k8s/web', { token: undefined, tls: { ca: cluster.ca, ...CLIENT } })
    await becomes(sets, 'pending denied')
    expect(sets.at(-1)).toMatchObject({ cause: { message: expect.stringMatching(/User "client" cannot list/) } })
    await cluster.allow(['get', 'list', 'watch'])
    await cluster.put(web('web-1', '10.1.0.1'))
    await becomes(sets, 'ready 10.1.0.1')
    await cluster.put(web('web-1', '10.1.0.1', '10.1.0.2'))
    await becomes(sets, 'ready 10.1.0.1,10.1.0.2')
    await cluster.allow([])
  })

  test('a certificate of an authority that is not trusted is a failure in words', async () => {
    const sets = watch('k8s/web', { tls: {} })
    await becomes(sets, 'pending failed')
    expect(sets.at(-1)).toMatchObject({ cause: { message: expect.stringMatching(/tls: /) } })
  })

  // What tests in virtual time rest on.
  test('the double says what the real one says', async () => {
    const double = createFakeK8s(platform)
    for (let n = 0; n < 5; n++) double.put(web('web-1', '10.1.0.1'))
    double.compact()
    const both = [createK8sClient('k8s', inCluster(k8sOptions.parse(options())), platform, {}), createK8sClient('k8s', inCluster(k8sOptions.parse({ address: 'http://k8s' })), { ...platform, fetch: async (url, init = {}) => double.answer(url, init) }, {})]
    await cluster.put(web('web-1', '10.1.0.1'))
    for (const client of both) {
      const signal = AbortSignal.timeout(10_000)
      const listed = await client.list('default', 'kubernetes.io/service-name in (web)', false, signal)
      expect(listed).toMatchObject({ kind: 'listed', items: [{ metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', endpoints: [{ addresses: ['10.1.0.1'] }] }] })
      expect(await client.list('nowhere', 'kubernetes.io/service-name', false, signal)).toMatchObject({ kind: 'listed', items: [] })
      const lines = async (version: string): Promise<unknown[]> => {
        const open = await client.watch('default', 'kubernetes.io/service-name', version, 1, signal)
        const found: unknown[] = []
        if (open.kind === 'open') for await (const line of open.lines) found.push(JSON.parse(line))
        return found
      }
      expect(await lines('1')).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410 } }])
      // A version of the future: nothing, for as long as it is watched.
      expect(await lines('99999999')).toEqual([])
    }
  })

  // --- drills

  const put = (backend: Backend, conditions?: object, slice?: string): Promise<void> => putBackend(cluster, backend, conditions, slice)
  const plan = (backends: readonly string[], more: KubernetesRights = {}): DrillPlan => kubernetesPlan(cluster, backends, more)

  test.skipIf(ALONE)('where two thousand endpoints are replaced by others: all are taken, and no request is lost', () =>
    drill(plan(['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      // None of them is ready, so that whoever gets a request can answer it.
      for (const [wave, size] of [100, 60].entries()) {
        const slices = Array.from({ length: 20 }, (_, index): SliceSpec => ({ name: `crowd-${index}`, service: 'web', endpoints: Array.from({ length: size }, (__, at) => endpoint(`10.${wave}.${index}.${at}`, { conditions: { ready: false } })) }))
        await Promise.all(slices.map((slice) => cluster.put(slice)))
        await d.until('all of them are known', async () => (await d.watch('k8s/default/web:http')).endpoints === 20 * size + 2)
        await d.serves('web', ['a', 'b'])
      }
      await Promise.all(Array.from({ length: 20 }, (_, index) => cluster.remove(`crowd-${index}`)))
      await d.sees('web', 'live a,b')
    }))

  test.skipIf(ALONE)('that is down when a gateway starts that knows nothing: 503 for its own service alone, until it is there', () =>
    downAtStart(plan(['a', 'b', 'c']), { ref: 'k8s/default/web:http' }))

  test.skipIf(ALONE)('that hangs is asked one question at a time', () => hangs(plan(['a', 'b', 'c']), { upstream: 'k8s', ref: 'k8s/default/web:http' }))

  test.skipIf(ALONE)('where one pod crashes and comes back again and again: few sets are put in force, and no request is lost', () =>
    drill({ ...plan(['a', 'b', 'c']), speed: 1 }, async (d) => {
      await d.sees('web', 'live a,b,c')
      const crashes = async (): Promise<void> => {
        await d.backend('c').kill()
        await cluster.remove('web-c')
      }
      const returns = async (): Promise<void> => {
        await d.backend('c').start()
        await put(d.backend('c'))
      }
      const { changes, most } = await changesWhile(d, 'k8s/default/web:http', () => flaps(d, 'web', crashes, returns))
      expect(changes).toBeLessThanOrEqual(most)
      await d.sees('web', 'live a,b,c')
      await cluster.remove('web-c')
      await d.sees('web', 'live a,b')
      await d.serves('web', ['a', 'b'])
    }))

  test.skipIf(ALONE)('that is killed, paused or out of reach takes no endpoint away, and is followed again', () =>
    drill(plan(['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      await cluster.server.kill()
      await d.sees('web', 'stale a,b', { cause: /refused|closed|reset/, since: Date.now() })
      await d.serves('web', ['a', 'b'])
      await cluster.server.restart()
      await d.sees('web', 'live a,b')
      cluster.server.pause()
      await d.sees('web', 'stale a,b', { cause: /no answer within/, since: Date.now() })
      await d.backend('b').kill()
      await d.uses('web', ['a'])
      cluster.server.resume()
      await d.sees('web', 'live a,b')
      await cluster.remove('web-b')
      await d.sees('web', 'live a')
      await d.backend('b').start()
      await put(d.backend('b'))
      await d.sees('web', 'live a,b')
      d.fault('k8s').truncate(1000)
      d.fault('k8s').cut()
      await d.sees('web', 'stale a,b', { since: Date.now() })
      await d.fault('k8s').pass()
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
    }))

  test.skipIf(ALONE)('whose pods all terminate serves from them, and from a ready one alone once there is one', () =>
    drill(plan(['a', 'b']), async (d) => {
      const terminating = { ready: false, serving: true, terminating: true }
      await d.sees('web', 'live a,b')
      await put(d.backend('a'), terminating)
      await d.sees('web', 'live a(draining),b')
      await d.uses('web', ['b'])
      await put(d.backend('b'), terminating)
      await d.sees('web', 'live a(draining),b(draining)')
      await d.uses('web', ['a', 'b'])
      await put(d.backend('a'))
      await d.sees('web', 'live a,b(draining)')
      await d.uses('web', ['a'])
    }))

  test.skipIf(ALONE)('that loses its store, or gets an older one back, is believed again when it knows again', () =>
    drill(plan(['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      await cluster.etcd.kill()
      await cluster.backUp()
      await cluster.etcd.restart()
      await d.sees('web', 'live a,b,c')
      // Many changes later the store goes back to the copy: every version that the gateway knows is of the future then.
      for (let n = 0; n < 20; n++) await put(d.backend('c'))
      await cluster.remove('web-c')
      await d.sees('web', 'live a,b')
      await cluster.server.kill()
      await cluster.etcd.kill()
      await d.serves('web', ['a', 'b'])
      await cluster.restore()
      await cluster.etcd.restart()
      await cluster.server.restart()
      await d.sees('web', 'live a,b,c')
      await cluster.remove('web-a')
      await d.sees('web', 'live b,c')
      await d.uses('web', ['b', 'c'])
    }))

  test.skipIf(ALONE)('that takes the rights away is told, and loses no endpoint by it', async () => {
    await cluster.allow(['get', 'list', 'watch'])
    await drill(plan(['a', 'b'], { token: GATEWAY }), async (d) => {
      await d.sees('web', 'live a,b')
      await cluster.allow([])
      await d.sees('web', 'denied a,b', { cause: /cannot list resource/ })
      await d.serves('web', ['a', 'b'])
      await cluster.allow(['get', 'list', 'watch'])
      await d.sees('web', 'live a,b')
    })
  })

  test.skipIf(ALONE)('whose token is revoked is told so, and asks with the one that is in its file then', async () => {
    await cluster.allow(['get', 'list', 'watch'])
    const first = await cluster.issue()
    await withSecretFile(first.token, ({ path, rotate }) =>
      drill(plan(['a', 'b'], { token: undefined, tokenFile: path }), async (d) => {
        await d.sees('web', 'live a,b')
        await first.revoke()
        await d.sees('web', 'denied a,b', { cause: /401/ })
        await d.serves('web', ['a', 'b'])
        await rotate((await cluster.issue()).token)
        await d.sees('web', 'live a,b')
        await cluster.remove('web-b')
        await d.sees('web', 'live a')
        await d.uses('web', ['a'])
      }),
    )
  })

  test.skipIf(ALONE)('where a pod is in two slices counts it once, as the slice says that was written last', () =>
    drill(plan(['a', 'b']), async (d) => {
      const twice = (ready: boolean): Promise<void> => put(d.backend('b'), { ready }, 'web-b-again')
      await d.sees('web', 'live a,b')
      await twice(false)
      await d.sees('web', 'live a,b(critical)')
      await d.uses('web', ['a'])
      // The other slice says what it said before, and says it later.
      await put(d.backend('b'), { ready: true, serving: true })
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
      await twice(true)
      // Whoever knows of a later change knows of that one.
      await put(d.backend('a'), { ready: false })
      await d.sees('web', 'live a(critical),b')
      await put(d.backend('a'))
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
      const shares = await d.next('web', 60)
      expect(shares.filter(({ by }) => by === 'b').length).toBeLessThanOrEqual(32)
      // It is there for as long as one of them has it.
      await cluster.remove('web-b')
      await d.serves('web', ['a', 'b'])
      await cluster.remove('web-b-again')
      await d.sees('web', 'live a')
      await d.serves('web', ['a'])
    }))
})
