// What is the SRV adapter's own: times to live, name servers and their ways of failing, priorities, targets, partial answers.
import { afterEach, describe, expect, test } from 'vitest'
import { srv } from '../../../discovery/srv.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { addressRecord, fakeDns, serveZone, srvRecord, type DnsReplied, type DnsScript, type FakeDns } from '../../support/fake-dns.ts'
import { fakePlatform, seededRandom, type FakePlatform } from '../../support/fake-platform.ts'

const NAME = '_http._tcp.web.example'
const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

interface Opened {
  readonly platform: FakePlatform
  readonly dns: FakeDns
  readonly start: () => Reader
}

function open(script: DnsScript, options: object = {}, name = NAME): Opened {
  const platform = fakePlatform()
  const dns = fakeDns(platform)
  dns.script(script)
  const start = (): Reader => {
    const reader = read({ platform, ref: { registry: 'srv', name, options: {} } }, srv.create('srv', options, platform, { dns }))
    readers.push(reader)
    return reader
  }
  return { platform, dns, start }
}

/** `count` instances `i0`, `i1` … at 10.0.x.y:80. */
function zone(count: number, ttl = 1): Parameters<typeof serveZone>[0] {
  const all = Array.from({ length: count }, (_, index) => index)
  return [...all.map((index) => srvRecord(NAME, `i${index}.example`, 80, { ttl })), ...all.map((index) => addressRecord(`i${index}.example`, `10.0.${index >> 8}.${index & 255}`, ttl))]
}

const srvQuestions = (dns: FakeDns): number => dns.asked.filter(({ type }) => type === 'SRV').length
const message = (reader: Reader): string => reader.attempts.at(-1)?.message ?? ''

describe('time', () => {
  test.each([
    [0, {}, 1],
    [3, {}, 3],
    [3600, {}, 60],
    [0, { every: '10s' }, 10],
    [4_000_000_000, {}, 1],
  ])('a time to live of %d s with %j is asked again after %d s', async (ttl, options, seconds) => {
    const { platform, dns, start } = open(serveZone(zone(2, ttl)), options)
    start()
    await platform.advance(100)
    expect(srvQuestions(dns)).toBe(1)
    await platform.advance(seconds * 1000 - 100)
    expect(srvQuestions(dns)).toBe(1)
    await platform.advance(seconds * 100 + 100)
    expect(srvQuestions(dns)).toBe(2)
  })

  test('the shortest time of all records counts, those of addresses too', async () => {
    const { platform, dns, start } = open(serveZone([...zone(2, 60), addressRecord('i0.example', '10.0.0.0', 2)]))
    start()
    await platform.advance(2300)
    expect(srvQuestions(dns)).toBe(2)
  })

  test('a name that does not exist is asked for each 5 s', async () => {
    const { platform, dns, start } = open(() => ({ code: 3 }))
    start()
    await platform.advance(60_000)
    expect(srvQuestions(dns)).toBeGreaterThan(9)
    expect(srvQuestions(dns)).toBeLessThan(15)
  })
})

describe('outcomes', () => {
  const garbage = Uint8Array.from({ length: 40 }, (_, index) => index * 7)
  test.each<[string, DnsScript, string, RegExp]>([
    ['NXDOMAIN', () => ({ code: 3 }), 'absent', /NXDOMAIN/],
    ['no such records', () => ({}), 'ready', /^$/],
    ['SERVFAIL', () => ({ code: 2 }), 'pending failed', /name server 10.255.0.1: SRV _http._tcp.web.example: SERVFAIL/],
    ['REFUSED', () => ({ code: 5 }), 'pending denied', /REFUSED/],
    ['another code', () => ({ code: 11 }), 'pending failed', /response code 11/],
    ['silence', () => undefined, 'pending failed', /no answer within 2 s/],
    ['nobody there', () => new Error('connect ECONNREFUSED'), 'pending failed', /ECONNREFUSED/],
    ['no DNS at all', () => garbage, 'pending failed', /what came cannot be read/],
    ['records of another name', () => ({ answers: [srvRecord('_http._tcp.other.example', 'a.example', 80)] }), 'ready', /^$/],
    ['records of another type', () => ({ answers: [addressRecord(NAME, '10.0.0.1')] }), 'ready', /^$/],
  ])('%s', async (_name, script, wanted, said) => {
    const { platform, start } = open(script)
    const reader = start()
    await platform.advance(9000)
    expect(summary(reader.last())).toBe(wanted)
    expect(message(reader)).toMatch(said)
  })

  test('SERVFAIL, silence and NXDOMAIN in turn take nothing away (linkerd emptied the service)', async () => {
    const records = zone(5)
    let turn = 0
    const { platform, start } = open((asked) => (asked.type === 'SRV' && turn++ > 0 ? [{ code: 2 }, undefined, { code: 3 }, { code: 5 }, serveZone(records)(asked)][turn % 5] : serveZone(records)(asked)))
    const reader = start()
    await platform.advance(300_000)
    expect(reader.sets.length).toBeGreaterThan(3)
    expect(reader.sets.every((set) => endpointsOf(set).length === 5)).toBe(true)
  })

  test('silence is one question at a time, and the endpoints stay for hours', async () => {
    let silent = false
    let [under, most] = [0, 0]
    const { platform, dns, start } = open((asked) => (silent ? undefined : serveZone(zone(3))(asked)))
    const { udp } = dns
    Object.assign(dns, {
      udp: (...args: Parameters<typeof udp>) => {
        most = Math.max(most, ++under)
        return udp(...args).finally(() => under--)
      },
    })
    const reader = start()
    await platform.advance(100)
    silent = true
    await platform.advance(3_600_000)
    expect(summary(reader.last())).toBe('stale failed 10.0.0.0:80 10.0.0.1:80 10.0.0.2:80')
    expect(most).toBe(1)
  })

  test('a server older than EDNS is asked without it', async () => {
    const { platform, dns, start } = open((asked) => (asked.size !== 512 ? { code: 1 } : serveZone(zone(2))(asked)))
    const reader = start()
    await platform.advance(100)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.1:80')
    expect(dns.asked.map(({ size }) => size)).toEqual([1232, 512])
  })

  test.each(['', '.', 'a..b', 'a b', `${'x'.repeat(64)}.example`, `${'x.'.repeat(130)}x`, 'ä.example', 'a.example\0'])('the name %j is not asked for', async (name) => {
    const { platform, dns, start } = open(serveZone(zone(1)), {}, name)
    const reader = start()
    await platform.advance(1000)
    expect(message(reader)).toMatch(/is no DNS name/)
    expect(dns.asked).toEqual([])
  })
})

describe('name servers', () => {
  const two = { servers: ['10.255.0.1:8600', '[fd00::1]'] }

  test('the next one is asked when one fails, and then kept', async () => {
    const { platform, dns, start } = open((asked) => (asked.server === '10.255.0.1:8600' ? undefined : serveZone(zone(1))(asked)), two)
    const reader = start()
    await platform.advance(10_000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80')
    expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
    expect(dns.asked.map(({ server }) => server).slice(0, 3)).toEqual(['10.255.0.1:8600', 'fd00::1:53', 'fd00::1:53'])
  })

  test('what one says has vanished is asked of the other', async () => {
    let empty = false
    const { platform, start } = open((asked) => (empty && asked.server === '10.255.0.1:8600' ? { code: 3 } : serveZone(zone(3))(asked)), two)
    const reader = start()
    await platform.advance(500)
    empty = true
    await platform.advance(120_000)
    expect(reader.sets.every((set) => endpointsOf(set).length === 3)).toBe(true)
  })

  test('without `servers` those of the system are asked', async () => {
    const { platform, dns, start } = open(serveZone(zone(1)))
    start()
    await platform.advance(100)
    expect(dns.asked[0]?.server).toBe('10.255.0.1:53')
  })

  test('and those that the system has by now, when none of them answers', async () => {
    const platform = fakePlatform()
    const servers = ['10.255.0.1']
    const dns = fakeDns(platform, servers)
    dns.script((asked) => (asked.server === `${servers[0]}:53` ? serveZone(zone(1))(asked) : undefined))
    const reader = read({ platform, ref: { registry: 'srv', name: NAME, options: {} } }, srv.create('srv', {}, platform, { dns }))
    readers.push(reader)
    await platform.advance(100)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80')
    servers[0] = '10.255.0.9'
    await platform.advance(11_000)
    expect(reader.sets.map(summary)).toContain('stale failed 10.0.0.0:80')
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80')
    // None, for a moment, is what a network that is being set up looks like.
    servers.length = 0
    dns.script(() => undefined)
    await platform.advance(20_000)
    dns.script(serveZone(zone(1)))
    await platform.advance(20_000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80')
    expect(dns.asked.at(-1)?.server).toBe('10.255.0.9:53')
  })

  test.each(['ns.example', '10.0.0.1:0', '10.0.0.1:70000', '::1]:53', 'tcp://10.0.0.1'])('%j is no server', (text) => {
    expect(() => open(serveZone([]), { servers: text }).start()).toThrow(/must be the IP address of a name server/)
  })

  test('a runtime without DNS, or a machine without name servers, says so', () => {
    const platform = fakePlatform()
    expect(() => srv.create('srv', {}, platform)).toThrow('registry srv needs DNS by UDP and TCP, which this runtime has not')
    expect(() => srv.create('srv', {}, platform, { dns: fakeDns(platform, []) })).toThrow(/no name server configured/)
  })
})

describe('records', () => {
  const facts = (reader: Reader): string[] => endpointsOf(reader.last()).map(({ host, port, weight, priority = 0 }) => `${host}:${port} ${weight} ${priority}`)

  test('priority, weight, port and target arrive; health is unknown', async () => {
    const { platform, start } = open(
      serveZone([srvRecord(NAME, 'a.example', 81, { priority: 10, weight: 60 }), srvRecord(NAME, 'b.example', 82, { priority: 20, weight: 5 }), addressRecord('a.example', '10.0.0.1'), addressRecord('b.example', 'fd00::2')]),
    )
    const reader = start()
    await platform.advance(100)
    expect(facts(reader)).toEqual(['10.0.0.1:81 60 10', 'fd00::2:82 5 20'])
    expect(endpointsOf(reader.last())[0]).toMatchObject({ id: 'srv/a.example:81/10.0.0.1', health: 'unknown', draining: false, meta: { target: 'a.example' } })
  })

  test('a change of priority alone is a change', async () => {
    const at = (priority: number): DnsScript => serveZone([srvRecord(NAME, 'a.example', 81, { priority }), addressRecord('a.example', '10.0.0.1')])
    const { platform, dns, start } = open(at(1))
    const reader = start()
    await platform.advance(100)
    dns.script(at(2))
    await platform.advance(1500)
    expect(facts(reader)).toEqual(['10.0.0.1:81 1 2'])
  })

  test.each([
    [[0, 0], [1, 1]],
    [[5, 0], [5, 1]],
    [[5, 0, 0], [5, 0.5, 0.5]],
  ])('weights %j count as %j', async (written, wanted) => {
    const { platform, start } = open(serveZone(written.flatMap((weight, index) => [srvRecord(NAME, `i${index}.example`, 80, { weight }), addressRecord(`i${index}.example`, `10.0.0.${index}`)])))
    const reader = start()
    await platform.advance(100)
    expect(endpointsOf(reader.last()).map(({ weight }) => weight)).toEqual(wanted)
  })

  test('the addresses of one target share its weight; IPv6 counts only where there is no IPv4', async () => {
    const { platform, start } = open(
      serveZone([srvRecord(NAME, 'a.example', 80, { weight: 6 }), addressRecord('a.example', '10.0.0.1'), addressRecord('a.example', '10.0.0.2'), addressRecord('a.example', 'fd00::1')]),
    )
    const reader = start()
    await platform.advance(100)
    expect(facts(reader)).toEqual(['10.0.0.1:80 3 0', '10.0.0.2:80 3 0'])
  })

  test('addresses that do not come along are asked for, eight at once, and kept while they hold', async () => {
    const records = [...zone(30, 1).filter(({ type }) => type === 'SRV'), ...zone(30, 30).filter(({ type }) => type === 'A')]
    const { platform, dns, start } = open(serveZone(records, { additional: false }))
    const reader = start()
    await platform.advance(500)
    expect(endpointsOf(reader.last())).toHaveLength(30)
    await platform.advance(20_000)
    expect(dns.asked.filter(({ type }) => type === 'A')).toHaveLength(30)
    expect(srvQuestions(dns)).toBeGreaterThan(15)
  })

  test('an address of IPv6 alone is found too', async () => {
    const { platform, dns, start } = open(serveZone([srvRecord(NAME, 'a.example', 80), addressRecord('a.example', 'fd00::1')], { additional: false }))
    const reader = start()
    await platform.advance(100)
    expect(facts(reader)).toEqual(['fd00::1:80 1 0'])
    expect(dns.asked.map(({ type }) => type)).toEqual(['SRV', 'A', 'AAAA'])
  })

  test('a target without address costs itself only; one whose lookup fails keeps its address', async () => {
    let broken: DnsReplied = {}
    const records = zone(3)
    const { platform, start } = open((asked) => (asked.name === 'i1.example' && broken.code !== undefined ? broken : serveZone(records, { additional: false })(asked)))
    const reader = start()
    await platform.advance(100)
    broken = { code: 2 }
    await platform.advance(5000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.1:80 10.0.0.2:80')
    broken = { code: 3 }
    await platform.advance(5000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.2:80')
    expect(reader.attempts.at(-1)?.rejected).toEqual([{ id: 'i1.example:80', reason: expect.stringMatching(/^has a target without address: .*NXDOMAIN/) as string }])
  })

  test('a target that does not exist any more stays without address while its name server has trouble', async () => {
    let broken: DnsReplied = {}
    const records = zone(3)
    const { platform, start } = open((asked) => (asked.name === 'i1.example' && broken.code !== undefined ? broken : serveZone(records, { additional: false })(asked)))
    const reader = start()
    await platform.advance(100)
    broken = { code: 3 }
    await platform.advance(5000)
    broken = { code: 2 }
    await platform.advance(5000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.2:80')
    broken = {}
    await platform.advance(5000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.1:80 10.0.0.2:80')
  })

  test('of two targets of one address the lower priority counts', async () => {
    const { platform, start } = open(
      serveZone([srvRecord(NAME, 'a.example', 80, { priority: 20 }), srvRecord(NAME, 'b.example', 80, { priority: 10, weight: 3 }), addressRecord('a.example', '10.0.0.1'), addressRecord('b.example', '10.0.0.1')]),
    )
    const reader = start()
    await platform.advance(100)
    expect(facts(reader)).toEqual(['10.0.0.1:80 3 10'])
  })

  test('the name may be an alias, of which the record is', async () => {
    const { platform, start } = open(({ name }) =>
      name === NAME ? { answers: [{ type: 'CNAME', name, data: '_http._tcp.WEB2.example', ttl: 1 }, srvRecord('_http._tcp.web2.example', 'a.example', 80)], additionals: [addressRecord('A.example', '10.0.0.1')] } : { code: 3 },
    )
    const reader = start()
    await platform.advance(100)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:80')
  })

  test('aliases that go in a circle are no data', async () => {
    const { platform, start } = open(({ name }) => ({ answers: [{ type: 'CNAME', name, data: 'b.example' }, { type: 'CNAME', name: 'b.example', data: name }] }))
    const reader = start()
    await platform.advance(100)
    expect(summary(reader.last())).toBe('ready')
  })

  test('the target `.` states that the service is not offered', async () => {
    const { platform, dns, start } = open(serveZone(zone(3)))
    const reader = start()
    await platform.advance(100)
    dns.script(() => ({ answers: [srvRecord(NAME, '.', 0)] }))
    await platform.advance(1500)
    expect(summary(reader.last())).toBe('ready')
  })

  test('a service that is offered and not offered in turn is what was said last, each time', async () => {
    const { platform, dns, start } = open(serveZone(zone(1, 30)))
    const reader = start()
    const said: string[] = []
    for (let turn = 0; turn < 6; turn++) {
      dns.script(turn % 2 === 0 ? serveZone(zone(1, 30)) : () => ({ answers: [srvRecord(NAME, '.', 0, { ttl: 30 })] }))
      await platform.advance(34_000)
      said.push(summary(reader.last()))
    }
    expect(said).toEqual(['ready 10.0.0.0:80', 'ready', 'ready 10.0.0.0:80', 'ready', 'ready 10.0.0.0:80', 'ready'])
    expect(dns.asked.every(({ name }) => name === NAME)).toBe(true)
  })

  test('a `.` beside other targets is not looked up', async () => {
    const { platform, dns, start } = open(serveZone([...zone(1), srvRecord(NAME, '.', 0)], { additional: false }))
    const reader = start()
    await platform.advance(3000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80')
    expect(new Set(dns.asked.map(({ name }) => name))).toEqual(new Set([NAME, 'i0.example']))
  })
})

describe('addresses of targets', () => {
  const only = (records: Parameters<typeof serveZone>[0]): DnsScript => {
    const own = serveZone(records, { additional: false })
    return (asked) => (records.some(({ name }) => name === asked.name) ? own(asked) : { code: 5 })
  }

  test('a target outside the zone of the name server is asked of the system’s', async () => {
    // Consul on 8600 without recursors: it answers for its own names only.
    const consul = only([srvRecord(NAME, 'i0.example', 80), addressRecord('i0.example', '10.0.0.1'), srvRecord(NAME, 'host.corp.test', 81)])
    const system = only([addressRecord('host.corp.test', '10.9.9.9', 30)])
    const { platform, dns, start } = open((asked) => (asked.server === '127.0.0.1:8600' ? consul(asked) : system(asked)), { servers: '127.0.0.1:8600' })
    const reader = start()
    await platform.advance(10_000)
    expect(summary(reader.last())).toBe('ready 10.9.9.9:81 10.0.0.1:80')
    expect(reader.sets).toHaveLength(1)
    expect(new Set(dns.asked.filter(({ server }) => server === '10.255.0.1:53').map(({ name }) => name))).toEqual(new Set(['host.corp.test']))
  })

  test('a target that both refuse is refused alone, with both reasons', async () => {
    const consul = only([srvRecord(NAME, 'i0.example', 80), addressRecord('i0.example', '10.0.0.1'), srvRecord(NAME, 'host.corp.test', 81)])
    const { platform, start } = open((asked) => (asked.server === '127.0.0.1:8600' ? consul(asked) : { code: 3 }), { servers: '127.0.0.1:8600' })
    const reader = start()
    await platform.advance(500)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:80')
    expect(reader.attempts.at(-1)?.rejected).toEqual([{ id: 'host.corp.test:81', reason: expect.stringMatching(/127.0.0.1:8600: A host.corp.test: REFUSED.*10.255.0.1: A host.corp.test: .*NXDOMAIN/) as string }])
  })

  test('targets that nobody answers for cost themselves only, however many there are', async () => {
    const names = (count: number, prefix: string): readonly string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}.example`)
    const good = names(3, 'good')
    // In front of the others, so that they are looked up first.
    const records = [...names(200, 'dead'), ...good].map((target) => srvRecord(NAME, target, 80))
    const addresses = good.map((target, index) => addressRecord(target, `10.0.0.${index + 1}`, 5))
    const { platform, start } = open((asked) => (asked.name.startsWith('dead') ? undefined : serveZone([...records, ...addresses], { additional: false })(asked)))
    const reader = start()
    await platform.advance(12_000)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80')
    const before = reader.sets.length
    await platform.advance(120_000)
    expect(reader.sets).toHaveLength(before)
    expect(reader.attempts.slice(1).every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
  })

  test('a target that stays silent makes no question slower than the first, and is there soon after it answers', async () => {
    let silent = true
    const records = zone(4)
    const { platform, dns, start } = open((asked) => (silent && asked.name === 'i3.example' ? undefined : serveZone(records, { additional: false })(asked)))
    const reader = start()
    await platform.advance(6000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.1:80 10.0.0.2:80')
    const before = srvQuestions(dns)
    await platform.advance(60_000)
    expect(srvQuestions(dns) - before).toBeGreaterThan(50)
    expect(dns.asked.filter(({ name }) => name === 'i3.example').length).toBeLessThan(30)
    expect(reader.attempts.at(-1)?.rejected).toEqual([{ id: 'i3.example:80', reason: expect.stringMatching(/^has a target without address: .*i3.example: no answer within 2 s/) as string }])
    silent = false
    await platform.advance(8000)
    expect(summary(reader.last())).toBe('ready 10.0.0.0:80 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80')
    silent = true
    await platform.advance(20_000)
    const asked = dns.asked.length
    await reader.stop()
    await platform.advance(60_000)
    expect(dns.asked).toHaveLength(asked)
  })

  test('twenty silent targets among three good ones are no trouble of the first answer either', async () => {
    const targets = [...Array.from({ length: 20 }, (_, index) => `dead${index}.example`), 'a.example', 'b.example', 'c.example']
    const addresses = ['a', 'b', 'c'].map((name, index) => addressRecord(`${name}.example`, `10.0.0.${index + 1}`))
    const { platform, start } = open((asked) => (asked.name.startsWith('dead') ? undefined : serveZone([...targets.map((target) => srvRecord(NAME, target, 80)), ...addresses], { additional: false })(asked)))
    const reader = start()
    await platform.advance(5000)
    expect(summary(reader.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80')
    expect(reader.attempts.at(0)?.rejected).toHaveLength(20)
  })

  test('targets that fall silent keep their addresses', async () => {
    let silent = false
    const records = zone(30)
    const { platform, start } = open((asked) => (silent && asked.type !== 'SRV' ? undefined : serveZone(records, { additional: false })(asked)))
    const reader = start()
    await platform.advance(500)
    silent = true
    await platform.advance(60_000)
    expect(endpointsOf(reader.last())).toHaveLength(30)
    expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
  })
})

describe('size', () => {
  test('a truncated answer is asked for again by TCP', async () => {
    const { platform, dns, start } = open(serveZone(zone(100)))
    const reader = start()
    await platform.advance(100)
    expect(endpointsOf(reader.last())).toHaveLength(100)
    expect(dns.asked.slice(0, 2).map(({ tcp }) => tcp)).toEqual([false, true])
  })

  test('1000 records over TCP are all used', async () => {
    const { platform, start } = open(serveZone(zone(1000)))
    const reader = start()
    await platform.advance(3000)
    expect(endpointsOf(reader.last())).toHaveLength(1000)
    expect(reader.sets).toHaveLength(1)
  })

  test('a truncated answer of a server without TCP is no answer', async () => {
    let records = zone(3)
    const { platform, start } = open((asked) => (asked.tcp ? new Error('connect ECONNREFUSED') : serveZone(records)(asked)))
    const reader = start()
    await platform.advance(100)
    records = zone(100)
    await platform.advance(5000)
    expect(summary(reader.last())).toBe('stale failed 10.0.0.0:80 10.0.0.1:80 10.0.0.2:80')
    expect(message(reader)).toMatch(/ECONNREFUSED/)
  })

  test.each([
    ['UDP holds three', false],
    ['any answer holds three', true],
  ])('three of twenty each time: %s; the set becomes whole and stays', async (_name, always) => {
    const random = seededRandom(5)
    const records = zone(20)
    const addresses = records.filter(({ type }) => type === 'A')
    let alive = records.filter(({ type }) => type === 'SRV')
    const { platform, start } = open(({ tcp }) => ({ answers: tcp && !always ? alive : alive.toSorted(() => random() - 0.5).slice(0, 3), additionals: addresses }))
    const reader = start()
    await platform.advance(always ? 150_000 : 3000)
    expect(endpointsOf(reader.last())).toHaveLength(20)
    const before = reader.sets.length
    if (!always) expect(before).toBeLessThan(3)
    await platform.advance(300_000)
    expect(reader.sets.length - before).toBeLessThan(always ? 4 : 1)
    alive = alive.slice(1)
    await platform.advance(150_000)
    expect(endpointsOf(reader.last())).toHaveLength(19)
  })

  test.each([['some of them', 3], ['none', 0]])('an answer that is truncated over TCP too is no answer: %s in it', async (_, shown) => {
    const random = seededRandom(5)
    const records = zone(20)
    const all = records.filter(({ type }) => type === 'SRV')
    const additionals = records.filter(({ type }) => type === 'A')
    let truncated = false
    const { platform, start } = open(({ tcp }) => ({ answers: !tcp ? all.toSorted(() => random() - 0.5).slice(0, 3) : truncated ? all.slice(0, shown) : all, additionals, truncated: tcp && truncated }))
    const reader = start()
    await platform.advance(10_000)
    expect(endpointsOf(reader.last())).toHaveLength(20)
    truncated = true
    await platform.advance(60_000)
    expect(summary(reader.last())).toMatch(/^stale failed/)
    expect(endpointsOf(reader.last())).toHaveLength(20)
    expect(message(reader)).toContain('does not fit into a DNS message')
  })

  test('a server older than EDNS is asked by TCP without it too', async () => {
    const random = seededRandom(5)
    const records = zone(20)
    const all = records.filter(({ type }) => type === 'SRV')
    const additionals = records.filter(({ type }) => type === 'A')
    const { platform, start } = open((asked) => {
      if (asked.size !== 512) return { code: 1 }
      return asked.type === 'SRV' ? { answers: asked.tcp ? all : all.toSorted(() => random() - 0.5).slice(0, 3), additionals } : serveZone(records)(asked)
    })
    const reader = start()
    await platform.advance(10_000)
    expect(summary(reader.last())).toMatch(/^ready/)
    expect(endpointsOf(reader.last())).toHaveLength(20)
    expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
  })

  test('a rolling deployment is not taken for a partial answer', async () => {
    const records = zone(20)
    let first = 0
    const { platform, start } = open((asked) => serveZone(records.filter(({ type }, index) => type === 'A' || (index >= first && index < first + 3)))(asked))
    const reader = start()
    for (; first < 10; first++) {
      await platform.advance(1200)
      expect(endpointsOf(reader.last())).toHaveLength(3)
    }
  })

  test('a server that is silent by TCP makes no question slower than one', async () => {
    // Three of six, then the other three: that might have been a partial answer.
    let first = 0
    const records = zone(6)
    const script: DnsScript = (asked) => serveZone(records.filter(({ type }, index) => type === 'A' || (index >= first && index < first + 3)))(asked)
    const { platform, dns, start } = open((asked) => (asked.tcp ? undefined : script(asked)))
    const reader = start()
    await platform.advance(100)
    first = 3
    await platform.advance(10_000)
    const before = srvQuestions(dns)
    await platform.advance(30_000)
    expect(srvQuestions(dns) - before).toBeGreaterThan(25)
    expect(dns.asked.filter(({ tcp }) => tcp)).toHaveLength(1)
    await platform.advance(60_000)
    expect(dns.asked.filter(({ tcp }) => tcp)).toHaveLength(2)
    expect(endpointsOf(reader.last())).toHaveLength(3)
  })

  test('a server that was silent by TCP for a moment, and shows less by UDP, is asked by TCP again', async () => {
    const random = seededRandom(5)
    const records = zone(20)
    const all = records.filter(({ type }) => type === 'SRV')
    const additionals = records.filter(({ type }) => type === 'A')
    let silent = false
    const { platform, dns, start } = open(({ tcp }) => (tcp && silent ? undefined : { answers: tcp ? all : all.toSorted(() => random() - 0.5).slice(0, 3), additionals }))
    const reader = start()
    await platform.advance(10_000)
    expect(endpointsOf(reader.last())).toHaveLength(20)
    silent = true
    await platform.advance(5000)
    silent = false
    await platform.advance(5000)
    const before = dns.asked.length
    await platform.advance(30_000)
    expect(dns.asked.slice(before).every(({ tcp }) => tcp)).toBe(true)
    expect(summary(reader.last())).toMatch(/^ready/)
    expect(reader.sets.slice(3).every((set) => endpointsOf(set).length === 20)).toBe(true)
  })

  test('an instance in and out each 100 ms is four sets a second at most', async () => {
    let present = true
    const { platform, start } = open((asked) => serveZone(zone(present ? 5 : 4))(asked))
    const reader = start()
    for (let step = 0; step < 600; step++) {
      present = !present
      await platform.advance(100)
    }
    expect(reader.sets.length).toBeLessThan(70)
    expect(reader.sets.every((set) => endpointsOf(set).length >= 4)).toBe(true)
  })
})
