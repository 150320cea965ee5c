// The adapters of serversets and of Curator in the shared suite, over a fake of ZooKeeper's wire.
import { curator } from '../../../discovery/curator.ts'
import { serverset } from '../../../discovery/serverset.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { fakeZooKeeper, type FakeZooKeeper } from '../../support/fake-zookeeper.ts'

/** What differs between the two. */
interface Kind {
  readonly adapter: typeof curator
  readonly parent: string
  /** Nodes of an instance, by name. */
  nodes(written: Written): Readonly<Record<string, unknown>>
}

const kinds: Readonly<Record<string, Kind>> = {
  zk: {
    adapter: serverset,
    parent: '/web',
    nodes: ({ id, host, port, weight, zone, tags, meta, draining }) => ({
      [`member_${id}`]: {
        serviceEndpoint: { host, port },
        additionalEndpoints: {},
        status: draining === true ? 'STOPPING' : 'ALIVE',
        metadata: { ...meta, ...(zone === undefined ? {} : { zone }), ...(tags === undefined ? {} : { tags: tags.join(',') }) },
      },
      ...(weight === undefined ? {} : { [`vector_${id}`]: { vector: [{ select: `member=member_${id}`, weight, priority: 1 }] } }),
    }),
  },
  curator: {
    adapter: curator,
    parent: '/services/web',
    nodes: ({ id, host, port, weight, zone, tags, meta, draining }) => ({
      [id]: { name: 'web', id, address: host, port, sslPort: null, payload: { '@class': 'com.acme.Meta', weight, zone, tags, metadata: meta }, registrationTimeUTC: 1, serviceType: 'DYNAMIC', uriSpec: null, enabled: draining !== true },
    }),
  },
}

function bench(kind: Kind): Bench {
  const platform = fakePlatform()
  const registry = fakeZooKeeper(platform)
  const { adapter, parent } = kind
  const put = (instances: readonly Written[]): void => replace(registry, parent, Object.assign({}, ...instances.map((each) => kind.nodes(each))) as Record<string, unknown>)
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 600,
    hold: 60_000,
    discoverer: (options = {}) => adapter.create('main', options, platform, { connect: registry.connect }),
    put,
    vanish: (way) => (way === 'absent' ? registry.remove(parent) : put([])),
    unknown: 'absent',
    putMalformed(good) {
      put(good)
      registry.set(`${parent}/member_bad`, '{"serviceEndpoint"')
    },
    strict: false,
    putHuge() {
      for (let n = 0; n < 10_001; n++) registry.set(`${parent}/member_${n}`, '{}')
    },
    fail: () => registry.behave('refuses'),
    deny() {
      registry.deny(parent)
      registry.set(`${parent}/member_z`, '{}')
      registry.remove(`${parent}/member_z`)
    },
    recover() {
      registry.behave('up')
      registry.allow(parent)
    },
    asked: () => registry.asked(),
  }
}

// As writers do it: each node by itself, new ones first; what is equal is left alone.
function replace(registry: FakeZooKeeper, parent: string, nodes: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(nodes)) registry.set(`${parent}/${name}`, JSON.stringify(content))
  for (const name of registry.children(parent)) if (!(name in nodes)) registry.remove(`${parent}/${name}`)
}

for (const [name, kind] of Object.entries(kinds)) discovererSuite(name, { emptiness: ['absent', 'empty'], tellsDraining: true, statesLists: false }, () => bench(kind))
