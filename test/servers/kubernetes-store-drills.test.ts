// Drills on a real API server that forgets what the gateway knows, or is slow, while load runs: no request fails, what is shown is true, and
// recovery needs nobody. What else it does is drilled in kubernetes.test.ts.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createK8sClient } from '../../discovery/k8s/client.ts'
import { inCluster, k8sOptions } from '../../discovery/k8s/options.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { drill } from '../support/drill/drill.ts'
import { ALONE, kubernetesPlan, putBackend, REF } from '../support/kubernetes-drill.ts'
import { ADMIN, startKubernetes, type Kubernetes } from '../support/servers/kubernetes.ts'
import { describeWithServers } from '../support/servers.ts'
import { comesBackEmpty } from '../suites/comes-back-empty.ts'

describeWithServers(['kubernetes'], 'a gateway at an API server', () => {
  let cluster: Kubernetes
  beforeAll(async () => {
    cluster = await startKubernetes()
  })
  afterAll(() => cluster.stop())
  afterEach(() => cluster.call('DELETE', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'))

  test.skipIf(ALONE)('whose store comes back empty is not believed until it has confirmed that', () =>
    comesBackEmpty(kubernetesPlan(cluster, ['a', 'b', 'c']), {
      ref: REF,
      forgets: async (d) => {
        // Out of reach until it can be written to again.
        await d.fault('k8s').refuse()
        await cluster.server.kill()
        await cluster.etcd.kill()
        await cluster.empty()
        await cluster.etcd.restart()
        await cluster.server.restart()
        await d.fault('k8s').pass()
      },
      enters: (d, name) => putBackend(cluster, d.backend(name)),
    }))

  test.skipIf(ALONE)('that is down when the gateway starts: it serves what it knew, until it is told what became of that', () =>
    drill(kubernetesPlan(cluster, ['a', 'b']), async (d) => {
      await d.sees('web', 'live a,b')
      await d.restart(() => cluster.server.kill())
      await d.sees('web', /^(disk|stale) a,b$/)
      await d.serves('web', ['a', 'b'])
      await cluster.server.restart()
      await d.sees('web', 'live a,b')
      await cluster.remove('web-b')
      await d.sees('web', 'live a')
    }))

  test.skipIf(ALONE)('that answers slowly, or late, is waited for', () =>
    drill(kubernetesPlan(cluster, ['a', 'b']), async (d) => {
      const api = d.fault('k8s')
      await d.sees('web', 'live a,b')
      api.throttle(20_000)
      api.cut()
      await cluster.remove('web-b')
      await d.sees('web', 'live a')
      await d.uses('web', ['a'])
      api.delay(200)
      await putBackend(cluster, d.backend('b'))
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
    }))
})

describeWithServers(['kubernetes'], 'a gateway at an API server without a cache', () => {
  let cluster: Kubernetes
  beforeAll(async () => {
    cluster = await startKubernetes({ cache: false })
  })
  afterAll(() => cluster.stop())

  test.skipIf(ALONE)('whose store is compacted, so that a version is gone (410), lists it anew: nothing flaps, and what comes next is seen', () =>
    drill(kubernetesPlan(cluster, ['a', 'b', 'c']), async (d) => {
      await d.sees('web', 'live a,b,c')
      const client = createK8sClient('k8s', inCluster(k8sOptions.parse({ address: cluster.url, token: ADMIN, tls: { ca: cluster.ca } })), nodePlatform(() => undefined), {})
      const listed = await client.list('default', 'kubernetes.io/service-name in (web)', false, AbortSignal.timeout(10_000))
      if (listed.kind !== 'listed') throw new Error(listed.message)
      const before = await d.watch(REF)
      // Other things change: the gateway's watch hears nothing, and its version grows old.
      for (let n = 0; n < 20; n++) await cluster.put({ name: 'other', service: 'other', endpoints: [], labels: { n: String(n) } })
      await cluster.compact()
      const isGone = async (): Promise<boolean> => {
        const watch = await client.watch('default', 'kubernetes.io/service-name', listed.version, 1, AbortSignal.timeout(10_000))
        if (watch.kind !== 'open') return watch.kind === 'expired'
        for await (const line of watch.lines) return /"code":410/.test(line)
        return false
      }
      await d.until('the version that the gateway knows is gone', isGone)
      // Longer than a watch lasts, so that the next one begins meanwhile.
      for (let n = 0; n < 10; n++) await d.next('web', 50)
      expect(await d.watch(REF)).toMatchObject({ mode: 'live', changes: before.changes, endpoints: 3 })
      await cluster.remove('web-c')
      await d.sees('web', 'live a,b')
      await d.uses('web', ['a', 'b'])
      await putBackend(cluster, d.backend('c'))
      await d.sees('web', 'live a,b,c')
      await d.uses('web', ['a', 'b', 'c'])
      expect(d.logs.filter((line) => /^(warn|error)/.test(line))).toEqual([])
    }))
})
