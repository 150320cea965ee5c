// The Consul adapter in the shared suite, over a fake of Consul's wire.
import { consul } from '../../../discovery/consul.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakeConsul, plain, type Row } from '../../support/fake-consul.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

function bench(): Bench {
  const platform = fakePlatform()
  const registry = fakeConsul(platform)
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 600,
    discoverer: (options = {}) => consul.create('main', options, platform),
    put: (instances) => registry.put('web', instances.map(row)),
    vanish: () => registry.put('web', []),
    unknown: 'empty',
    putMalformed: (good) => registry.put('web', [...good.map(row), { Node: { Node: 'n1', Address: '10.0.0.9' }, Service: { ID: 'bad', Port: 'http' }, Checks: [] }]),
    strict: false,
    putHuge: () => registry.put('web', [{ Padding: 'x'.repeat(33 * 2 ** 20) }]),
    fail() {
      registry.answerWith(() => plain(500, 'No cluster leader', { 'x-consul-index': '1' }))
      registry.bump('web')
    },
    deny() {
      registry.answerWith(() => plain(403, 'ACL not found'))
      registry.bump('web')
    },
    recover: () => registry.recover(),
    asked: () => registry.seen.length,
  }
}

function row(written: Written): Row {
  const status = written.health ?? 'passing'
  const weight = written.weight ?? 1
  const draining = written.draining === true ? [['_service_maintenance:x', 'critical'] as const] : []
  return {
    id: written.id,
    address: written.host,
    port: written.port,
    tags: written.tags ?? [],
    meta: Object.fromEntries([...Object.entries(written.meta ?? {}), ...(written.zone === undefined ? [] : [['zone', written.zone]])]) as Record<string, string>,
    weights: { Passing: weight, Warning: weight },
    checks: [['serfHealth', 'passing'], ...draining, ['service:x', status === 'maintenance' ? 'passing' : status]],
  }
}

discovererSuite('consul', { emptiness: ['empty'], tellsDraining: true, statesLists: false }, bench)
