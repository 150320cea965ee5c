// What is Consul's own: indexes, consistency, rows, ACLs, several agents. Over a fake of its wire, under virtual time.
import { afterEach, expect, test } from 'vitest'
import { consul } from '../../../discovery/consul.ts'
import type { Capabilities } from '../../../discovery/adapter.ts'
import { parseRef } from '../../../src/model/discoverer.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakeConsul, json, plain, wire, type FakeConsul, type Row } from '../../support/fake-consul.ts'
import { fakeFiles } from '../../support/fake-files.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { expectToldOnce } from '../../support/told-once.ts'

interface World {
  readonly platform: FakePlatform
  readonly registry: FakeConsul
  readonly reader: Reader
}

const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

interface Setup {
  readonly rows?: readonly (Row | Record<string, unknown>)[]
  readonly options?: object
  readonly ref?: string
  readonly prepare?: (registry: FakeConsul, platform: FakePlatform) => Capabilities | undefined
}

async function watch({ rows = three, options = {}, ref = 'main/web', prepare = () => undefined }: Setup = {}): Promise<World> {
  const platform = fakePlatform()
  const registry = fakeConsul(platform)
  registry.put('web', rows)
  const capabilities = prepare(registry, platform) ?? {}
  const parsed = parseRef(ref)
  if (parsed === undefined) throw new Error(ref)
  const reader = read({ platform, ref: parsed }, consul.create('main', options, platform, capabilities))
  readers.push(reader)
  await platform.advance(10)
  return { platform, registry, reader }
}

const three: readonly Row[] = [1, 2, 3].map((n) => ({ id: `web-${n}`, address: `10.0.0.${n}` }))
const ready = 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.3:8080'
const kept = (outcome: string): string => ready.replace('ready', `stale ${outcome}`)

// --- questions

test('the first question reads any server at once, the next ones wait for a change from the last index', async () => {
  const { registry, platform } = await watch()
  expect(registry.seen.map(({ path, query }) => `${path}?${query.toString()}`)).toEqual(['/v1/health/service/web?stale=1', '/v1/health/service/web?stale=1&index=101&wait=45000ms'])
  await platform.advance(50_000)
  expect(registry.seen.at(-1)?.query.get('index')).toBe('101')
})

test('options of the registry and of the reference reach the question', async () => {
  const options = { datacenter: 'dc1', partition: 'p', token: 'secret', namespace: 'team', wait: '10s' }
  const headers: (string | null)[] = []
  const { registry } = await watch({ options, ref: 'main/web?tag=a&tag=b&dc=dc2&filter=x', prepare: (fake) => void fake.answerWith((_, init) => void headers.push(new Headers(init.headers).get('x-consul-namespace'))) })
  const first = registry.seen[0]
  expect(first?.query.getAll('tag')).toEqual(['a', 'b'])
  expect(Object.fromEntries(first?.query ?? [])).toMatchObject({ dc: 'dc2', partition: 'p', filter: 'x', stale: '1' })
  expect(first?.token).toBe('secret')
  expect(first?.query.has('token')).toBe(false)
  expect(headers[0]).toBe('team')
  expect(registry.seen[1]?.query.get('wait')).toBe('10000ms')
})

test('nothing of Consul Enterprise is sent unless it is configured, since other servers refuse it', async () => {
  const sent: string[] = []
  await watch({ prepare: (fake) => void fake.answerWith(({ query }, init) => void sent.push(...query.keys(), ...new Headers(init.headers).keys())) })
  expect(sent.filter((name) => /ns|namespace|partition|token/.test(name))).toEqual([])
})

test('names are percent-encoded, a path before /v1 is kept, and user and password go into a header', async () => {
  const seen: string[] = []
  const prepare = (fake: FakeConsul): undefined => void fake.answerWith(({ path, origin }, init) => void seen.push(`${origin}${path} ${new Headers(init.headers).get('authorization')}`))
  await watch({ ref: 'main/a b%2Fc', options: { address: 'https://u:p@proxy:8501/consul/' }, prepare })
  expect(seen[0]).toBe(`https://proxy:8501/consul/v1/health/service/a%20b%2Fc Basic ${btoa('u:p')}`)
})

test.each(['after a failure', 'when it is read anew to see whether anything was missed'])('%s an older list of a server that lags is not taken for the truth: the leader is asked', async (when) => {
  const { platform, registry, reader } = await watch({ options: { address: ['http://a:8500', 'http://b:8500'] } })
  registry.put('web', [...three.slice(0, 2), { id: 'web-4', address: '10.0.0.4' }])
  await platform.advance(1000)
  const now = 'ready 10.0.0.1:8080 10.0.0.2:8080 10.0.0.4:8080'
  expect(summary(reader.last())).toBe(now)
  registry.answerWith(({ origin, query }) => {
    if (origin === 'http://a:8500' && when === 'after a failure') return plain(500, 'rpc error')
    return query.has('stale') && !query.has('index') ? json(three.map((row) => wire(row)), { 'x-consul-index': '101' }) : undefined
  })
  registry.bump('web')
  await platform.advance(500_000)
  expect(summary(reader.last())).toBe(now)
  expect(new Set(reader.sets.slice(1).map((set) => endpointsOf(set).map(({ host }) => host).join()))).toEqual(new Set(['10.0.0.1,10.0.0.2,10.0.0.4']))
  expect(registry.seen.some(({ query }) => !query.has('stale') && !query.has('index'))).toBe(true)
})

test('never two questions of one watch at once, even when the agent hangs', async () => {
  let open = 0
  let most = 0
  const { platform } = await watch({
    prepare: (fake, platform) => void fake.answerWith(async (_, init) => {
      most = Math.max(most, ++open)
      await platform.sleep(1e9, init.signal ?? undefined)
      open--
      return undefined
    }),
  })
  await platform.advance(300_000)
  expect(most).toBe(1)
})

test('a question that is not answered is given up: 10 s without, wait + wait/16 + 5 s with blocking', async () => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(() => new Promise(() => {}))
  registry.bump('web')
  await platform.advance(52_700)
  expect(summary(reader.last())).toBe(ready)
  await platform.advance(400)
  expect(summary(reader.last())).toBe(kept('failed'))
  expect(reader.attempts.at(-1)?.message).toBe('http://127.0.0.1:8500: no answer within 53 s')
  await platform.advance(12_000)
  expect(reader.attempts.at(-1)?.message).toBe('http://127.0.0.1:8500: no answer within 10 s')
})

test('an index that moves without a change, or an agent that does not block, costs one question a second', async () => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(({ query }) => (query.has('index') ? json(three.map(wire), { 'x-consul-index': '500' }) : undefined))
  registry.bump('web')
  await platform.advance(60_000)
  expect(registry.seen.length).toBeLessThan(70)
  expect(registry.seen.length).toBeGreaterThan(50)
  expect(reader.sets).toHaveLength(1)
})

test('an instance that comes and goes ten times a second costs four questions and four sets a second', async () => {
  const { platform, registry, reader } = await watch()
  const before = registry.seen.length
  for (let flap = 0; flap < 600; flap++) {
    registry.put('web', flap % 2 === 0 ? three.slice(0, 2) : three)
    await platform.advance(100)
  }
  expect(registry.seen.length - before).toBeLessThan(60 * 4 + 10)
  expect(reader.sets.length).toBeLessThan(60 * 4 + 10)
})

test('large answers are asked for less often', async () => {
  const big = Array.from({ length: 5000 }, (_, n): Row => ({ id: `web-${n}`, address: `10.1.${n >> 8}.${n & 255}`, meta: { padding: 'x'.repeat(500) } }))
  const { platform, registry } = await watch({ rows: big })
  const before = registry.seen.length
  for (let flap = 0; flap < 20; flap++) {
    registry.put('web', flap % 2 === 0 ? big.slice(1) : big)
    await platform.advance(250)
  }
  expect(registry.seen.length - before).toBeLessThan(14)
})

test('every five minutes or so the whole list is read without an index, and what only that finds is counted', async () => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(({ query }) => (query.has('index') ? platform.sleep(45_000).then(() => json(three.map(wire), { 'x-consul-index': '101' })) : json(three.slice(0, 2).map(wire), { 'x-consul-index': '101' })))
  registry.bump('web')
  await platform.advance(420_000)
  expect(reader.attempts.some(({ missedChange }) => missedChange)).toBe(true)
  expect(reader.sets.map(summary)).toContain('ready 10.0.0.1:8080 10.0.0.2:8080')
})

test('more than a hundred services of one agent: the rest is polled', async () => {
  const platform = fakePlatform()
  const registry = fakeConsul(platform)
  const discoverer = consul.create('main', {}, platform)
  for (let n = 0; n < 120; n++) {
    registry.put(`s${n}`, three)
    readers.push(read({ platform, ref: { registry: 'main', name: `s${n}`, options: {} } }, discoverer))
  }
  await platform.advance(2000)
  expect(registry.waiting()).toBe(100)
  for (let n = 0; n < 120; n++) registry.put(`s${n}`, three.slice(0, 2))
  await platform.advance(60_000)
  expect(new Set(readers.map((reader) => summary(reader.last())))).toEqual(new Set(['ready 10.0.0.1:8080 10.0.0.2:8080']))
})

// --- indexes

test('a 500 that carries an index does not poison ours', async () => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(() => plain(500, 'No cluster leader', { 'x-consul-index': '1' }))
  registry.bump('web')
  await platform.advance(5000)
  expect(reader.attempts.at(-1)?.message).toBe('http://127.0.0.1:8500: 500 No cluster leader')
  registry.recover()
  await platform.advance(31_000)
  expect(summary(reader.last())).toBe(ready)
  expect(registry.seen.every(({ query }) => query.get('index') !== '1')).toBe(true)
})

// The second is lower by one beyond what a double tells apart: an index has 64 bits.
test.each([[101n, 4n], [2n ** 53n + 1n, 2n ** 53n - 1n]])('a lower index (from %i to just over %i) starts over with a read from the leader', async (high, low) => {
  const { platform, registry, reader } = await watch({
    prepare(fake) {
      fake.index = high - 1n
      fake.put('web', three)
      return undefined
    },
  })
  const before = registry.seen.length
  registry.index = low
  registry.put('web', three.slice(0, 2))
  // Our index is ahead, so the change does not wake us; the end of the wait does.
  await platform.advance(49_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  const [again, next] = registry.seen.slice(before)
  expect(Object.fromEntries(again?.query ?? [])).toEqual({})
  expect(next?.query.get('index')).toBe(String(low + 1n))
})

test.each(['0', '', 'x', '-1'])('an index %j is none: the service is polled', async (index) => {
  const { platform, registry, reader } = await watch({ prepare: (fake) => void fake.answerWith(() => json(three.map(wire), { 'x-consul-index': index })) })
  await platform.advance(60_000)
  expect(summary(reader.last())).toBe(ready)
  expect(registry.seen.every(({ query }) => !query.has('index'))).toBe(true)
  expect(registry.seen.length).toBeLessThan(9)
})

// --- trouble

test('an empty answer is confirmed by the leader, and by another agent where there is one', async () => {
  const { platform, registry } = await watch({ options: { address: ['http://a:8500', 'http://b:8500'] } })
  const before = registry.seen.length
  registry.put('web', [])
  await platform.advance(5000)
  const confirming = registry.seen.slice(before).filter(({ query }) => !query.has('stale'))
  expect(confirming.map(({ origin }) => origin)).toEqual(['http://b:8500'])
})

test.each([
  ['refuses', () => plain(502, 'bad gateway')],
  ['hangs', () => new Promise<Response>(() => {})],
])('a second agent that %s holds up neither what is confirmed nor what is added', async (_, answer) => {
  const { registry, platform, reader } = await watch({ options: { address: ['http://a:8500', 'http://b:8500'] }, prepare: (fake) => void fake.answerWith(({ origin }) => (origin === 'http://b:8500' ? answer() : undefined)) })
  registry.put('web', [])
  await platform.advance(20_000)
  expect(summary(reader.last())).toBe(kept('guarded'))
  registry.put('web', [{ id: 'web-9', address: '10.0.0.9' }])
  await platform.advance(2000)
  expect(summary(reader.last())).toBe(`${kept('guarded')} 10.0.0.9:8080`)
  await platform.advance(24_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.9:8080')
  expect(reader.attempts.filter(({ outcome }) => outcome === 'failed')).toEqual([])
})

test('a Consul that lost its leader while emptiness is confirmed tells what is added all the same, and is believed once it has one', async () => {
  const { registry, platform, reader } = await watch()
  let leader = false
  registry.answerWith(({ query }) => (leader || query.has('stale') ? undefined : platform.sleep(8000).then(() => plain(500, 'No cluster leader'))))
  registry.put('web', [])
  await platform.advance(60_000)
  expect(reader.last().kind).toBe('stale')
  registry.put('web', [{ id: 'web-9', address: '10.0.0.9' }])
  await platform.advance(10_000)
  expect(endpointsOf(reader.last()).map(({ host }) => host)).toContain('10.0.0.9')
  leader = true
  await platform.advance(61_000)
  expect(summary(reader.last())).toBe('ready 10.0.0.9:8080')
})

test('agents take turns when they fail', async () => {
  const down = (fake: FakeConsul): undefined => void fake.answerWith(({ origin }) => (origin === 'http://a:8500' ? plain(502, 'bad gateway') : undefined))
  const { registry, platform, reader } = await watch({ options: { address: ['http://a:8500', 'http://b:8500'] }, prepare: down })
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(ready)
  expect(registry.seen.map(({ origin }) => origin)).toEqual(['http://a:8500', 'http://b:8500', 'http://b:8500'])
})

test('an agent that hangs is left for the next one', async () => {
  const hangs = (fake: FakeConsul): undefined => void fake.answerWith(({ origin }) => (origin === 'http://a:8500' ? new Promise(() => {}) : undefined))
  const { registry, platform, reader } = await watch({ options: { address: ['http://a:8500', 'http://b:8500'] }, prepare: hangs })
  await platform.advance(11_000)
  expect(summary(reader.last())).toBe(ready)
  expect(registry.seen.map(({ origin }) => origin)).toEqual(['http://a:8500', 'http://b:8500', 'http://b:8500'])
})

test('one node-level mass failure is held, one failed check is not', async () => {
  const { platform, registry, reader } = await watch()
  registry.put('web', three.map((row) => ({ ...row, checks: [['serfHealth', 'critical'], ['service:x', 'passing']] })))
  await platform.advance(600)
  expect(summary(reader.last())).toBe(kept('guarded'))
  expect(endpointsOf(reader.last()).map(({ health, held }) => `${health} ${held}`)).toEqual(['passing true', 'passing true', 'passing true'])
  registry.put('web', three.map((row) => ({ ...row, checks: [['serfHealth', 'critical'], ['service:x', 'critical']] })))
  await platform.advance(1500)
  expect(reader.last().kind).toBe('ready')
  expect(endpointsOf(reader.last()).map(({ health }) => health)).toEqual(['critical', 'critical', 'critical'])
})

test.each([
  ['401 and 403', () => plain(403, 'ACL not found'), 'denied', /403 ACL not found; check the token/],
  ['an empty list that rights made empty', () => json([], { 'x-consul-index': '9', 'x-consul-results-filtered-by-acls': 'true' }), 'denied', /service:read/],
  ['an empty list without a token where Consul denies by default', () => json([], { 'x-consul-index': '9', 'x-consul-default-acl-policy': 'deny' }), 'denied', /no token is configured/],
  ['a proxy that answers with a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), 'failed', /no JSON list but text\/html/],
  ['an object where a list should be', () => json({}), 'failed', /no JSON list/],
  ['half an answer', () => new Response('[{"Node":', { headers: { 'content-type': 'application/json' } }), 'failed', /JSON/],
  ['no body at all', () => new Response(null, { status: 200 }), 'failed', /no JSON list but of no type/],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://elsewhere/' } }), 'failed', /302/],
  ['nothing that listens', () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })), 'failed', /127\.0\.0\.1:8500: connection refused/],
  ['an expired certificate', () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }) })), 'failed', /tls: the certificate has expired/],
  ['a server cut off from its leader', () => json(three.map(wire), { 'x-consul-index': '9', 'x-consul-lastcontact': '60000' }), 'failed', /no contact with a leader for more than 15 s/],
  ['control characters in a message', () => plain(500, 'a\u001b[31mb\nc'), 'failed', /500 a \[31mb c$/],
] as const)('%s', async (_, answer, outcome, message) => {
  const { platform, registry, reader } = await watch()
  registry.answerWith(() => answer())
  registry.bump('web')
  await platform.advance(1000)
  expect(summary(reader.last())).toBe(kept(outcome))
  expect(reader.attempts.at(-1)).toMatchObject({ outcome })
  expect(reader.attempts.at(-1)?.message).toMatch(message)
})

test('what a server says that has not heard its leader for some seconds is so old, and not confirmed now', async () => {
  const { platform, registry, reader } = await watch()
  registry.headers['x-consul-lastcontact'] = '9000'
  registry.put('web', three.slice(0, 2))
  await platform.advance(600)
  expect(summary(reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
  const said = reader.attempts.at(-1)?.at ?? 0
  expect(platform.wallClock() - said).toBeGreaterThanOrEqual(9000)
  expect(reader.last()).toMatchObject({ at: said })
})

test('a server that stays without a leader is told of once, however long it lasts', async () => {
  const { platform, registry, reader } = await watch()
  registry.headers['x-consul-lastcontact'] = '20000'
  registry.bump('web')
  await platform.advance(1000)
  await expectToldOnce({ platform, reader }, () => (registry.headers['x-consul-lastcontact'] = '80000'))
  expect(summary(reader.last())).toBe(kept('failed'))
})

test('KnownLeader false on a healthy answer is ignored', async () => {
  const { reader } = await watch({ prepare: (fake) => void Object.assign(fake.headers, { 'x-consul-knownleader': 'false', 'x-consul-query-backend': 'streaming', 'x-consul-lastcontact': '0' }) })
  expect(summary(reader.last())).toBe(ready)
})

test('a server that lost its leader is found out also where its answers are streamed, which never say so', async () => {
  const { platform, registry, reader } = await watch({ prepare: (fake) => void (fake.streaming = true) })
  const asked = (): number => registry.seen.filter(({ path }) => path === '/v1/health/service/consul').length
  registry.put('web', three.slice(0, 2))
  await platform.advance(1000)
  // News come from a server that has a leader.
  expect(asked()).toBe(0)
  registry.put('web', three)
  await platform.advance(50_000)
  expect([summary(reader.last()), asked()]).toEqual([ready, 1])
  registry.lastContact = 20_000
  await platform.advance(50_000)
  expect(summary(reader.last())).toBe(kept('failed'))
  expect(reader.attempts.at(-1)?.message).toMatch(/no contact with a leader for more than 15 s/)
  registry.lastContact = 40
  await platform.advance(30_000)
  expect(summary(reader.last())).toBe(ready)
})

test('who cannot say how long it has been without its leader is believed', async () => {
  const { platform, registry, reader } = await watch({ prepare: (fake) => void (fake.streaming = true) })
  for (const answer of [() => plain(403, 'Permission denied'), () => new Promise<Response>(() => {})]) {
    registry.answerWith(({ path }) => (path === '/v1/health/service/consul' ? answer() : undefined))
    await platform.advance(60_000)
    expect(summary(reader.last())).toBe(ready)
    expect(reader.attempts.every(({ outcome }) => outcome === 'ok-with-data')).toBe(true)
  }
})

test('a hundred services at one agent cost one question of how long it has been without its leader', async () => {
  const platform = fakePlatform()
  const registry = fakeConsul(platform)
  registry.streaming = true
  const discoverer = consul.create('main', {}, platform)
  for (let n = 0; n < 100; n++) {
    registry.put(`web-${n}`, three)
    readers.push(read({ platform, ref: { registry: 'main', name: `web-${n}`, options: {} } }, discoverer))
  }
  await platform.advance(50_000)
  expect(registry.seen.filter(({ path }) => path === '/v1/health/service/consul')).toHaveLength(1)
})

test('fewer rows because rights were taken away are denied; where rights always hid some, a departure is one', async () => {
  const lost = await watch()
  lost.registry.headers['x-consul-results-filtered-by-acls'] = 'true'
  lost.registry.put('web', three.slice(0, 2))
  await lost.platform.advance(600)
  expect(summary(lost.reader.last())).toBe(kept('denied'))
  const always = await watch({ prepare: (fake) => void (fake.headers['x-consul-results-filtered-by-acls'] = 'true') })
  always.registry.put('web', three.slice(0, 2))
  await always.platform.advance(600)
  expect(summary(always.reader.last())).toBe('ready 10.0.0.1:8080 10.0.0.2:8080')
})

test('429 waits as long as it says', async () => {
  const { platform, registry } = await watch()
  registry.answerWith(() => plain(429, 'Your IP is issuing too many concurrent connections', { 'retry-after': '20' }))
  registry.bump('web')
  await platform.advance(600)
  const before = registry.seen.length
  await platform.advance(19_000)
  expect(registry.seen.length).toBe(before)
  await platform.advance(2000)
  expect(registry.seen.length).toBeGreaterThan(before)
})

// --- tokens

test('a token file is read before each question', async () => {
  let files: ReturnType<typeof fakeFiles> | undefined
  const { platform, registry, reader } = await watch({
    options: { tokenFile: '/t/token' },
    prepare: (_, platform) => {
      files = fakeFiles(platform, ['/t'])
      files.write('/t/token', 'one\n')
      return { files }
    },
  })
  expect(registry.seen[0]?.token).toBe('one')
  files?.write('/t/token', 'two\n')
  await platform.advance(50_000)
  expect(registry.seen.at(-1)?.token).toBe('two')
  files?.remove('/t/token')
  await platform.advance(50_000)
  expect(reader.attempts.at(-1)).toMatchObject({ outcome: 'failed', message: 'the token file /t/token is missing or empty' })
})

test('a token file where files cannot be read is refused when it is configured', () => {
  expect(() => consul.create('main', { tokenFile: '/t' }, fakePlatform())).toThrow(/registry main: tokenFile needs files/)
})

// --- rows

const one = async (row: Row, options: object = {}): Promise<Record<string, unknown>> => {
  const { reader } = await watch({ rows: [row], options })
  const endpoint = endpointsOf(reader.last())[0]
  return { ...endpoint, meta: { ...endpoint?.meta } }
}

test.each<readonly [string, Row, Record<string, unknown>]>([
  ['the address of the node where the service has none', { id: 'a', nodeAddress: '10.9.9.9' }, { host: '10.9.9.9', id: 'main/n1/a' }],
  ['no tags and no metadata', { id: 'a', tags: null, meta: null }, { tags: [], meta: {} }],
  ['the zone of the service before that of the node', { id: 'a', meta: { zone: 's' }, nodeMeta: { zone: 'n' } }, { zone: 's' }],
  ['the zone of the node', { id: 'a', nodeMeta: { zone: 'n' } }, { zone: 'n' }],
  ['the weight while passing', { id: 'a', weights: { Passing: 8, Warning: 2 } }, { weight: 8 }],
  ['the weight while warning', { id: 'a', weights: { Passing: 8, Warning: 2 }, checks: [['serfHealth', 'passing'], ['x', 'warning']] }, { weight: 2, health: 'warning' }],
  ['weight 0', { id: 'a', weights: { Passing: 0, Warning: 0 } }, { weight: 0 }],
  ['a weight out of range', { id: 'a', weights: { Passing: -1, Warning: 1 } }, { weight: 1 }],
  ['no checks at all', { id: 'a', checks: [] }, { health: 'passing' }],
  ['a status nobody knows', { id: 'a', checks: [['x', 'confused']] }, { health: 'unknown' }],
  ['critical over warning', { id: 'a', checks: [['x', 'warning'], ['y', 'critical']] }, { health: 'critical', draining: false }],
  ['maintenance of the node', { id: 'a', checks: [['_node_maintenance', 'critical']] }, { health: 'maintenance', draining: true }],
  ['maintenance of the service', { id: 'a', checks: [['_service_maintenance:a', 'critical'], ['y', 'critical']] }, { health: 'maintenance', draining: true }],
])('%s', async (_, row, wanted) => {
  expect(await one(row)).toMatchObject(wanted)
})

test('the key of the zone is configurable', async () => {
  expect(await one({ id: 'a', meta: { az: 'z7' } }, { zoneKey: 'az' })).toMatchObject({ zone: 'z7' })
})

test('mesh proxies and gateways are no instances, and no errors', async () => {
  const { reader } = await watch({ rows: [...three, { id: 'web-sidecar', kind: 'connect-proxy' }] })
  expect(summary(reader.last())).toBe(ready)
  expect(reader.attempts[0]?.rejected).toEqual([])
})

test('bad rows are refused alone, each with its reason', async () => {
  const bad: (Row | Record<string, unknown>)[] = [
    { id: 'port0', port: 0, address: '10.0.0.9' },
    { id: 'link-local', address: '169.254.169.254' },
    { id: 'number', address: '2852039166' },
    { id: 'spaces', address: 'a b' },
    { Node: null, Service: { ID: 'headless' }, Checks: [] },
    { nonsense: true },
  ]
  const { reader } = await watch({ rows: [...three, ...bad] })
  expect(summary(reader.last())).toBe(ready)
  expect(reader.attempts[0]?.rejected.map(({ id }) => id).sort()).toEqual(['#8', 'headless', 'n1/link-local', 'n1/number', 'n1/port0', 'n1/spaces'])
})

test('two registrations of one address are one endpoint: the healthy one, with the tags of both', async () => {
  const { reader } = await watch({
    rows: [
      { id: 'old', address: '10.0.0.1', tags: ['v1'], checks: [['x', 'critical']] },
      { id: 'zz-new', address: '10.0.0.1', tags: ['v2'] },
    ],
  })
  expect(endpointsOf(reader.last())).toMatchObject([{ id: 'main/n1/zz-new', health: 'passing', tags: ['v2', 'v1'] }])
})
