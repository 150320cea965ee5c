// The Nomad adapter in the shared suite, over a fake of Nomad's wire.
import { nomad } from '../../../discovery/nomad.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakeNomad } from '../../support/fake-nomad.ts'
import { plain, type Row } from '../../support/nomad-wire.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

function bench(): Bench {
  const platform = fakePlatform()
  const registry = fakeNomad(platform)
  platform.onFetch(registry.fetch)
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 600,
    discoverer: (options = {}) => nomad.create('main', options, platform),
    put: (instances) => registry.put('web', instances.map(row)),
    // Rows that the servers clean up: no job asked for it.
    vanish: () => registry.put('web', [], { removal: 'AllocationUpdated' }),
    unknown: 'empty',
    putMalformed: (good) => registry.put('web', [...good.map(row), { ID: 'bad', Address: '10.0.0.9', Port: 'http', ServiceName: 'web' }]),
    strict: false,
    putHuge: () => registry.put('web', [{ ID: 'huge', ServiceName: 'web', Padding: 'x'.repeat(33 * 2 ** 20) }]),
    fail() {
      registry.answerWith(() => plain(500, 'No cluster leader', { 'x-nomad-index': '1' }))
      registry.cut()
    },
    deny() {
      registry.answerWith(() => plain(403, 'Permission denied'))
      registry.cut()
    },
    recover: () => registry.recover(),
    asked: () => registry.seen.length,
  }
}

function row({ id, host, port, weight, zone, tags = [], meta = {} }: Written): Row {
  const said = [...(weight === undefined ? [] : [`weight=${weight}`]), ...Object.entries(meta).map(([key, value]) => `meta.${key}=${value}`)]
  return { id, address: host, port, tags: [...tags, ...said.map((each) => `fairlead.${each}`)], ...(zone === undefined ? {} : { datacenter: zone }) }
}

discovererSuite('nomad', { emptiness: ['empty'], tellsDraining: false, statesLists: false }, bench)
