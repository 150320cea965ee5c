// The Kubernetes adapter in the shared suite, over a double of its API server.
import { k8s } from '../../../discovery/k8s.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakeK8s, status, type SliceSpec } from '../../support/fake-k8s.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

function bench(): Bench {
  const platform = fakePlatform()
  const server = fakeK8s(platform)
  return {
    platform,
    ref: { registry: 'main', name: 'default/web', options: {} },
    reaction: 600,
    discoverer: (options = {}) => k8s.create('main', { address: 'https://10.0.0.1:6443', ...options }, platform),
    put: (instances) => server.service('web', slicesOf(instances)),
    // Without slices, or with the placeholder of a service that was scaled to zero.
    vanish: (way) => server.service('web', way === 'absent' ? [] : [{ name: 'web-0', service: 'web', ports: null, endpoints: null }]),
    unknown: 'absent',
    putMalformed: (good) => server.service('web', slicesOf(good).map((slice, index) => (index > 0 ? slice : { ...slice, endpoints: [...(slice.endpoints as unknown[]), { addresses: 'web' }] }))),
    strict: false,
    putHuge: () => server.service('web', [{ name: 'web-huge', service: 'web', endpoints: [{ addresses: ['10.0.0.1'], hostname: 'x'.repeat(33 * 2 ** 20) }] }]),
    fail() {
      server.answerWith(() => status(500, 'InternalError', 'etcdserver: leader changed'))
      server.endWatches('error')
    },
    deny() {
      server.answerWith(() => status(403, 'Forbidden', 'endpointslices.discovery.k8s.io is forbidden'))
      server.endWatches('end')
    },
    recover: () => server.recover(),
    asked: () => server.seen.length,
  }
}

// One slice for each port and set of labels, as services have them.
function slicesOf(instances: readonly Written[]): readonly SliceSpec[] {
  const groups = new Map<string, Written[]>()
  for (const instance of instances) {
    const key = JSON.stringify([instance.port, instance.meta ?? {}, /^[\d.]+$/.test(instance.host)])
    groups.set(key, [...(groups.get(key) ?? []), instance])
  }
  return [...groups.values()].map((group, index): SliceSpec => {
    const [first] = group
    return {
      name: `web-${index}`,
      service: 'web',
      addressType: /^[\d.]+$/.test(first?.host ?? '') ? 'IPv4' : 'FQDN',
      labels: first?.meta ?? {},
      ports: [{ name: 'http', port: first?.port, protocol: 'TCP' }],
      endpoints: group.map(({ id, host, zone, health, draining }) => ({
        addresses: [host],
        conditions: draining === true ? { ready: false, serving: true, terminating: true } : { ready: health !== 'critical' },
        ...(zone === undefined ? {} : { zone }),
        targetRef: { uid: id },
      })),
    }
  })
}

discovererSuite('k8s', { emptiness: ['absent', 'empty'], tellsDraining: true, servesDraining: true, statesLists: false, tellsShares: false }, bench)
