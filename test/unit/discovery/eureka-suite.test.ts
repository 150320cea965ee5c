// The Eureka adapter in the shared suite, over a fake of Eureka's wire.
import { eureka } from '../../../discovery/eureka.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { fakeEureka, type Lease } from '../../support/fake-eureka.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

function bench(): Bench {
  const platform = fakePlatform()
  const registry = fakeEureka(platform)
  const server = registry.at('http://127.0.0.1:8761')
  const other: Lease = { id: 'other', app: 'OTHER', ip: '10.9.9.9' }
  return {
    platform,
    ref: { registry: 'main', name: 'web', options: {} },
    reaction: 5700,
    hold: 180_000,
    discoverer: (options = {}) => eureka.create('main', { every: '5s', ...options }, platform),
    put: (instances) => server.put([other, ...instances.map(lease)]),
    vanish: () => server.become([]),
    unknown: 'absent',
    putMalformed(good) {
      server.put([other, ...good.map(lease), { id: 'bad', port: 'http', ip: '10.0.0.9' }])
    },
    strict: false,
    putHuge: () => server.put([{ id: 'huge', meta: { padding: 'x'.repeat(33 * 2 ** 20) } }]),
    fail: () => registry.answerWith(() => new Response('no', { status: 500 })),
    deny: () => registry.answerWith(() => new Response('Forbidden', { status: 403 })),
    recover: () => registry.recover(),
    asked: () => registry.seen.length,
  }
}

function lease(written: Written): Lease {
  const { id, host, port, weight, zone, tags, meta, health = 'passing' } = written
  const own = { ...meta, ...(weight === undefined ? {} : { weight: String(weight) }), ...(zone === undefined ? {} : { zone }), ...(tags === undefined ? {} : { tags: tags.join(',') }) }
  return { id, host, ip: host, port, meta: own, status: health === 'passing' ? 'UP' : written.draining === true ? 'OUT_OF_SERVICE' : 'DOWN' }
}

discovererSuite('eureka', { emptiness: ['absent'], tellsDraining: true, statesLists: false }, bench)
