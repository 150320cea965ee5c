// The SRV adapter in the shared suite, over name servers in virtual time.
import { srv } from '../../../discovery/srv.ts'
import { discovererSuite, type Bench, type Written } from '../../suites/discoverer.ts'
import { addressRecord, fakeDns, serveZone, srvRecord, type DnsScript } from '../../support/fake-dns.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const NAME = '_http._tcp.web.example'

function bench(): Bench {
  const platform = fakePlatform()
  const dns = fakeDns(platform)
  let content: DnsScript = serveZone([])
  let trouble: number | undefined
  dns.script((asked) => (trouble === undefined ? content(asked) : { code: trouble }))
  const zoneOf = (instances: readonly Written[]): DnsScript =>
    serveZone([...instances.map(({ id, port, weight = 1 }) => srvRecord(NAME, `${id}.example`, port, { weight })), ...instances.map(({ id, host }) => addressRecord(`${id}.example`, host))])
  return {
    platform,
    ref: { registry: 'srv', name: NAME, options: {} },
    reaction: 1600,
    discoverer: (options = {}) => srv.create('srv', options, platform, { dns }),
    put: (instances) => void (content = zoneOf(instances)),
    // NXDOMAIN, or a name that has other records only.
    vanish: (way) => void (content = serveZone(way === 'absent' ? [] : [addressRecord(NAME, '10.0.0.9')])),
    unknown: 'absent',
    putMalformed: (good) => void (content = zoneOf([...good, { id: 'bad', host: '10.0.0.9', port: 0 }])),
    strict: false,
    putHuge: () => void (content = zoneOf(many)),
    fail: () => void (trouble = 2),
    deny: () => void (trouble = 5),
    recover: () => void (trouble = undefined),
    asked: () => dns.asked.length,
  }
}

const many: readonly Written[] = Array.from({ length: 10_001 }, (_, index) => ({ id: `i${index}`, host: '10.0.0.1', port: 80 }))

discovererSuite('srv', { emptiness: ['absent', 'empty'], tellsDraining: false, statesLists: false, tellsLabels: false }, bench)
