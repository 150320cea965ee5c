// The admin server over real sockets: what each path says, and who is refused.
import { request } from 'node:http'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EndpointsAnswer, HealthAnswer, RevisionsAnswer, RoutesAnswer, ServicesAnswer } from '../../src/model/admin.ts'
import type { AdminConfig } from '../../src/model/config.ts'
import { startAdmin } from '../../src/node/admin/server.ts'
import type { AdminServer } from '../../src/node/admin/server.ts'
import type { RequestExplanation } from '../../src/proxy/explain-request.ts'
import { accessRecord } from '../support/access.ts'
import { NOW, fakeAdminSource } from '../support/admin-source.ts'
import type { FakeAdminSource } from '../support/admin-source.ts'
import { fakePlatform } from '../support/fake-platform.ts'

const platform = fakePlatform({ start: NOW })
let source: FakeAdminSource
let server: AdminServer

async function start(config: Partial<AdminConfig> = {}): Promise<void> {
  await server?.close()
  server = await startAdmin({ host: '127.0.0.1', port: 0, ...config }, source, platform)
}
beforeEach(async () => {
  source = fakeAdminSource(platform)
  platform.lines.length = 0
  await start()
})
afterEach(() => server.close())

interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** By `node:http`, since fetch would not send a false Host. */
async function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Asked> {
  const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers, agent: false })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

async function get<T>(path: string, status = 200): Promise<T> {
  const answer = await ask('GET', path)
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(answer.status, answer.body).toBe(status)
  return JSON.parse(answer.body) as T
}

const JSON_TYPE = { 'content-type': 'application/json' }
const explain = (body: unknown, headers: Readonly<Record<string, string>> = JSON_TYPE): Promise<Asked> => ask('POST', '/api/explain', headers, typeof body === 'string' ? body : JSON.stringify(body))
const errorOf = (answer: Asked): unknown => (JSON.parse(answer.body) as { error: unknown }).error

describe('reads', () => {
  test('the index has every path, as the reference has', async () => {
    const { paths } = await get<{ readonly paths: readonly string[] }>('/api')
    expect(paths).toEqual(expect.arrayContaining(['GET /', 'GET /api', 'GET /api/routes', 'POST /api/explain', 'GET /metrics']))
    const reference = await readFile(new URL('../../docs/reference/admin.md', import.meta.url), 'utf8')
    const documented = [...reference.matchAll(/^\| `([A-Z]+ [^`]+)`/gm)].map(([, path]) => path)
    expect(documented.toSorted()).toEqual(paths.filter((path) => path !== 'GET /').toSorted())
  })

  test('health is told as long as the process answers', async () => {
    source.current = undefined
    source.reasons = ['no table yet']
    expect(await get<HealthAnswer>('/api/health')).toMatchObject({ status: 'ok', version: '0.1.0', now: NOW, workers: [{ id: 1, revision: 12 }, { id: 2 }] })
  })

  test('ready says why not, with 503', async () => {
    expect(await get('/api/ready')).toEqual({ ready: true, reasons: [] })
    source.reasons = ['no table yet']
    expect(await get('/api/ready', 503)).toEqual({ ready: false, reasons: ['no table yet'] })
  })

  test('routes come in the order of precedence, with rank, match, destinations and counts', async () => {
    const answer = await get<RoutesAnswer>('/api/routes')
    expect(answer.revision).toMatchObject({ number: 12, hash: '3fa9c07be211' })
    expect(answer.omitted).toBe(0)
    expect(answer.routes.map(({ name, index, ranks, match, action }) => ({ name, index, ranks, match, action }))).toMatchInlineSnapshot(`
      [
        {
          "action": "billing",
          "index": 2,
          "match": [
            "billing.example.com/invoices/{id}",
            "*.pay.example.com/invoices/{id}",
            "/billing/** source simon or 10.0.0.0/8",
          ],
          "name": "billing",
          "ranks": [
            0,
            5,
            6,
          ],
        },
        {
          "action": "words/v2",
          "index": 0,
          "match": [
            "words.example.com/** header x-user /^tester-/",
          ],
          "name": "words-for-testers",
          "ranks": [
            1,
          ],
        },
        {
          "action": "words/v1 95, words/v2 5",
          "index": 1,
          "match": [
            "GET or HEAD words.example.com/**",
          ],
          "name": "words",
          "ranks": [
            2,
          ],
        },
        {
          "action": "redirect 308 https://example.com{path}",
          "index": 3,
          "match": [
            "old.example.com",
          ],
          "name": "old-site",
          "ranks": [
            3,
          ],
        },
        {
          "action": "static",
          "index": 4,
          "match": [
            "static.example.com",
          ],
          "name": "static",
          "ranks": [
            4,
          ],
        },
        {
          "action": "respond 404",
          "index": 5,
          "match": [
            "everything",
          ],
          "name": "rest",
          "ranks": [
            7,
          ],
        },
      ]
    `)
    expect(answer.routes.find(({ name }) => name === 'words')?.counts).toEqual({ requests: 100, errors: 1, retries: 2, durationSum: 300 })
    expect(answer.routes.find(({ name }) => name === 'rest')?.counts).toEqual({ requests: 0, errors: 0, retries: 0, durationSum: 0 })
    expect(answer.rejected).toMatchObject([{ origin: 'redis:v13', problems: [{ path: 'routes[2].to', line: 31 }] }])
  })

  test('routes say how the store is that they come from', async () => {
    expect((await get<RoutesAnswer>('/api/routes?limit=0')).store).toEqual({ store: 'redis', mode: 'refused', since: NOW - 60_000, lastSuccess: NOW - 4000, lastError: { at: NOW - 4000, message: 'redis:v13: routes[2].to: there is no service "biling"' }, lastGood: { savedAt: NOW - 180_000 } })
    source.store = () => undefined
    expect((await get<RoutesAnswer>('/api/routes?limit=0')).store).toBeNull()
    expect((await ask('GET', '/metrics')).body).not.toMatch(/store_mode|store_last|last_good/)
    source.store = () => ({ store: 'redis', mode: 'unreachable', since: NOW, lastGood: { fault: 'ENOSPC' } })
    const { body } = await ask('GET', '/metrics')
    expect(body).not.toContain('store_last_success')
    expect(body.split('\n')).toEqual(expect.arrayContaining(['fairlead_store_mode{mode="unreachable"} 1', 'fairlead_last_good_table_fault 1']))
  })

  test('routes may be limited', async () => {
    expect(await get<RoutesAnswer>('/api/routes?limit=2')).toMatchObject({ routes: [{ name: 'billing' }, { name: 'words-for-testers' }], omitted: 4 })
    expect(await get('/api/routes?limit=x', 400)).toEqual({ error: 'limit must be a number' })
  })

  test('services tell every place their endpoints may come from, and which one is used', async () => {
    const { services } = await get<ServicesAnswer>('/api/services')
    expect(services.map(({ name }) => name)).toEqual(['words', 'billing', 'static'])
    expect(services[0]).toMatchObject({ balance: 'peak-ewma', from: ['consul/words'], set: { kind: 'ready', age: 2000 }, endpoints: 5, usable: 3, subsets: { v1: 2, v2: 1 }, counts: { requests: 100 } })
    expect(services[1]?.origins).toEqual([
      { ref: 'consul/billing', set: { kind: 'absent', mode: 'absent', age: 30_000 }, endpoints: 0, usable: 0, used: false, why: 'the registry does not know it' },
      { ref: 'nomad/billing', set: { kind: 'stale', mode: 'stale', age: 660_000, cause: { outcome: 'failed', message: expect.stringContaining('4646') as string } }, endpoints: 1, usable: 1, used: true, why: null },
    ])
    expect(services[2]).toMatchObject({ from: ['127.0.0.1:8099'], set: { kind: 'ready', age: 0 }, origins: [{ ref: 'static', used: true, usable: 1 }] })
  })

  test('endpoints tell health, origin, age and why one gets no requests', async () => {
    const { services } = await get<EndpointsAnswer>('/api/endpoints?service=words')
    expect(services).toHaveLength(1)
    expect(services[0]?.endpoints[0]).toEqual({
      id: 'n1/words-1', address: '10.1.0.11:8080', weight: 1, zone: 'eu-1a', tags: ['v1'], meta: { version: '1' }, health: 'passing', draining: false,
      held: false, use: 'used', usable: true, why: null, subsets: ['v1'], origin: 'consul', ref: 'consul/words', mode: 'live', confirmed: 2000, learnedAt: NOW - 5_400_000, age: 5_400_000, also: [],
    })
    expect(services[0]?.endpoints.map(({ why }) => why)).toEqual([null, null, null, 'draining; used when nothing else is left', 'critical'])
    expect((await get<EndpointsAnswer>('/api/endpoints')).services.map(({ name, endpoints }) => [name, endpoints.length])).toEqual([['words', 5], ['billing', 1], ['static', 1]])
    expect((await get<EndpointsAnswer>('/api/endpoints?limit=6')).services.map(({ name, endpoints, omitted }) => [name, endpoints.length, omitted])).toEqual([['words', 5, 0], ['billing', 1, 0], ['static', 0, 1]])
    expect(await get('/api/endpoints?limit=x', 400)).toEqual({ error: 'limit must be a number' })
    const written = source.snapshot()
    if (written === undefined) throw new Error('no snapshot')
    source.snapshot = () => ({ ...written, services: written.services.map((service) => ({ ...service, config: { ...service.config, name: 'consul/words?dc=dc1&tag=v2' } })).slice(0, 1) })
    // As people write it, with its options in any order.
    for (const name of ['consul/words?tag=v2&dc=dc1', 'consul/words?dc=dc1&tag=v2']) expect((await get<EndpointsAnswer>(`/api/endpoints?service=${encodeURIComponent(name)}`)).services).toHaveLength(1)
    expect(await get('/api/endpoints?service=nothing', 404)).toEqual({ error: 'there is no service "nothing" in the table' })
  })

  test('revisions tell what changed and what was refused', async () => {
    const { current, revisions } = await get<RevisionsAnswer>('/api/revisions')
    expect(current?.number).toBe(12)
    expect(revisions).toMatchObject([
      { kind: 'rejected', origin: 'redis:v13', during: 12 },
      { kind: 'effective', revision: { number: 12 }, changes: ['route words-for-testers added', 'route words-canary removed', 'route words changed', 'service words changed'] },
      { kind: 'effective', revision: { number: 11 }, changes: ['routes reordered'] },
    ])
  })

  test('before the first table everything is empty, and explain says so', async () => {
    source.current = undefined
    expect(await get('/api/routes')).toMatchObject({ revision: null, routes: [] })
    expect(await get('/api/services')).toEqual({ services: [] })
    expect(await get('/api/endpoints')).toEqual({ services: [] })
    expect(await get('/api/revisions')).toMatchObject({ current: null })
    expect((await ask('GET', '/metrics')).body).not.toContain('table_revision')
    expect(await explain({ url: '/' })).toMatchObject({ status: 503 })
  })

  test('metrics are Prometheus text with the workers’ counts and what the main process knows', async () => {
    const { headers, body } = await ask('GET', '/metrics')
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    for (const line of [
      'fairlead_requests_total{route="words",service="words/v1",code="200",reason=""} 95',
      'fairlead_upstream_connections{state="idle"} 9',
      'fairlead_discovery_age_seconds{registry="nomad",service="billing"} 660',
      'fairlead_discovery_mode{registry="nomad",service="billing",mode="stale"} 1',
      'fairlead_discovery_mode{registry="consul",service="billing",mode="absent"} 1',
      'fairlead_discovery_endpoints{registry="consul",service="words",usable="no"} 2',
      'fairlead_discovery_rejected_entries{registry="consul",service="words"} 1',
      'fairlead_discovery_attempts_total{registry="consul",service="words",outcome="failed"} 0',
      `fairlead_discovery_last_success_timestamp_seconds{registry="consul",service="words"} ${(NOW - 2000) / 1000}`,
      `fairlead_discovery_last_attempt_timestamp_seconds{registry="consul",service="words"} ${(NOW - 2000) / 1000}`,
      'fairlead_discovery_consecutive_failures{registry="consul",service="words"} 0',
      'fairlead_discovery_missed_changes_total{registry="consul",service="words"} 0',
      'fairlead_service_endpoints{service="words",reference="consul/words",use="used"} 3',
      'fairlead_service_endpoints{service="words",reference="consul/words",use="none"} 2',
      'fairlead_service_endpoints{service="billing",reference="consul/billing",use="used"} 0',
      'fairlead_service_endpoints{service="billing",reference="nomad/billing",use="used"} 1',
      'fairlead_service_endpoints{service="static",reference="static",use="used"} 1',
      'fairlead_table_revision 12',
      'fairlead_table_info{hash="3fa9c07be211",origin="redis:v12"} 1',
      'fairlead_tables_rejected_total 1',
      'fairlead_store_mode{mode="refused"} 1',
      `fairlead_store_last_success_timestamp_seconds ${(NOW - 4000) / 1000}`,
      'fairlead_last_good_table_fault 0',
      'fairlead_workers{state="running"} 2',
    ]) expect(body.split('\n')).toContain(line)
    source.instrumented.record(accessRecord({ route: 'words', service: 'words/v1' }))
    expect((await ask('GET', '/metrics')).body).toContain('service="words/v1",code="200",reason=""} 96')
  })

  test('watches say what was asked and what was refused', async () => {
    expect(await get('/api/watches')).toMatchObject({ watches: [{ ref: 'consul/words', mode: 'live', failures: 0, rejected: [{ id: 'n6/words-1' }] }] })
  })

  test('counts are those of the data plane', async () => {
    // Requests of all routes, also of those that the page does not list.
    const { routes } = await get<RoutesAnswer>('/api/routes')
    expect(await get('/api/counts')).toMatchObject({ requests: routes.reduce((sum, { counts }) => sum + counts.requests, 0), requestsActive: 3, downstreamOpen: 40, upstreamReused: 5210 })
  })

  test('HEAD answers like GET without a body', async () => {
    expect(await ask('HEAD', '/api/health')).toMatchObject({ status: 200, body: '' })
  })
})

describe('explain', () => {
  const explained = async (body: unknown): Promise<RequestExplanation> => {
    const answer = await explain(body)
    expect(answer.status, answer.body).toBe(200)
    return JSON.parse(answer.body) as RequestExplanation
  }

  test('tells winner, losers, candidates and retries', async () => {
    const answer = await explained({ method: 'POST', url: 'http://words.example.com/one', headers: [['x-user', 'tester-1']], from: '10.0.0.7', roll: 0.5 })
    expect(answer).toMatchObject({
      revision: { number: 12 },
      request: { source: { address: '10.0.0.7' }, listener: 'web', path: '/one' },
      winner: { route: 'words-for-testers', params: { '**': 'one' }, action: { kind: 'forward', service: 'words/v2', roll: 0.5 } },
      destination: { service: 'words', subset: 'v2', set: { kind: 'ready', age: 2000 }, endpoints: [{ id: 'n3/words-2', origin: 'consul', health: 'passing', age: 40_000 }] },
      retry: { timeout: 15_000, attempts: 0, why: 'the route has no retry' },
    })
    expect(answer.losers.find(({ route }) => route === 'words')).toMatchObject({ failed: { on: 'method', want: 'GET or HEAD', saw: 'POST' } })
  })

  test('takes a caller, a listener and the default method; draws a roll when none is given', async () => {
    expect(await explained({ url: '/billing/x', from: 'simon', listener: 'secure' })).toMatchObject({
      request: { method: 'GET', source: { identities: ['spiffe://dc1/svc/simon'] }, listener: 'secure' },
      winner: { route: 'billing', action: { roll: expect.any(Number) as number } },
    })
  })

  test('a request that the gateway would refuse is refused with its reason', async () => {
    const answer = await explain({ url: 'words.example.com/a%2fb' })
    expect(answer.status).toBe(422)
    expect(JSON.parse(answer.body)).toMatchObject({ reason: 'bad_path', error: expect.stringContaining('the gateway refuses this request') as string })
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{"url":', 'the body is not JSON'],
    ['no object', '[]', 'body: '],
    ['no url', {}, 'url: '],
    ['a field too many', { url: '/', header: [] }, 'header'],
    ['a header that is no pair', { url: '/', headers: [['a']] }, 'headers.0'],
    ['a roll of 1', { url: '/', roll: 1 }, 'roll: '],
    ['an unknown listener', { url: '/', listener: 'x' }, 'there is no "x"; the listeners are web, secure'],
    ['a prototype', '{"url":"/","__proto__":{"method":"X"}}', '__proto__'],
  ])('%s is a mistake that is named', async (_name, body, message) => {
    const answer = await explain(body)
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toContain(message)
  })
})

describe('refuses', () => {
  test.each(['evil.example', 'evil.example:9990', '127.0.0.1.evil.example', '10.0.0.1', 'localhost.evil.example', '[::2]'])('Host %s on a loopback address', async (host) => {
    expect(await ask('GET', '/api/routes', { host })).toMatchObject({ status: 403 })
  })

  test.each(['a b', '127.0.0.1:x'])('Host %s, which is none', async (host) => {
    expect(await ask('GET', '/api/routes', { host })).toMatchObject({ status: 400 })
  })

  test.each(['localhost', 'LOCALHOST:1', '127.0.0.1:9990', '127.1.2.3', '[::1]:9990', 'fairlead.localhost'])('not Host %s', async (host) => {
    expect(await ask('GET', '/api/health', { host })).toMatchObject({ status: 200 })
  })

  test('no Host when it does not listen on loopback, where its names are not known', async () => {
    await start({ host: '0.0.0.0' })
    expect(await ask('GET', '/api/health', { host: 'gateway.internal:9990' })).toMatchObject({ status: 200 })
  })

  test('requests of other web pages', async () => {
    expect(await ask('GET', '/api/routes', { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 })
    expect(await ask('GET', '/api/routes', { 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 })
    const { headers } = await ask('GET', '/api/routes', { origin: 'http://evil.example' })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin', 'cache-control': 'no-store' })
    expect(await explain({ url: '/' }, { 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
    expect((await ask('OPTIONS', '/api/explain', { origin: 'http://evil.example', 'access-control-request-method': 'POST' })).status).toBe(403)
  })

  test('a body over the cap, told and untold', async () => {
    const big = JSON.stringify({ url: 'x'.repeat(70_000) })
    expect(await explain(big, { ...JSON_TYPE, 'content-length': String(big.length) })).toMatchObject({ status: 413 })
    expect(await explain(big, { ...JSON_TYPE, 'transfer-encoding': 'chunked' })).toMatchObject({ status: 413 })
  })

  test('writes without a configured token', async () => {
    for (const authorization of [undefined, 'Bearer ', 'Bearer undefined']) {
      const answer = await ask('POST', '/api/drain', authorization === undefined ? {} : { authorization })
      expect(answer.status).toBe(403)
      expect(errorOf(answer)).toContain('no admin.token')
    }
    expect(source.drained).toBe(0)
  })

  test('writes with a wrong token, and an empty token in the configuration', async () => {
    await start({ token: 'open-sesame' })
    for (const authorization of ['', 'Bearer open-sesam', 'Bearer open-sesame2', 'Basic open-sesame', 'open-sesame']) {
      expect(await ask('POST', '/api/drain', { authorization })).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    }
    await start({ token: '' })
    expect(await ask('POST', '/api/drain', { authorization: 'Bearer ' })).toMatchObject({ status: 403 })
    expect(source.drained).toBe(0)
  })

  test('what is not there, by name', async () => {
    expect(await get('/api/nothing', 404)).toEqual({ error: 'there is no GET /api/nothing' })
  })

  test('and keeps a defect of its own to the log', async () => {
    source.instruments = () => Promise.reject(new Error('secret detail'))
    const answer = await ask('GET', '/api/routes')
    expect(answer).toMatchObject({ status: 500, body: '{"error":"a defect in the admin server; the log has the details"}' })
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(platform.lines).toMatchObject([{ level: 'error', message: 'the admin server failed', fields: { path: '/api/routes' } }])
  })
})

test('drains with the token', async () => {
  await start({ token: 'open-sesame' })
  expect(await ask('POST', '/api/drain', { authorization: 'bearer open-sesame' })).toMatchObject({ status: 202, body: '{"draining":true}' })
  expect(source.drained).toBe(1)
})

describe('the page', () => {
  test('is one document whose policy allows nothing but itself', async () => {
    const { headers, body, status } = await ask('GET', '/')
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'/)
    expect(body).not.toMatch(/https?:\/\/(?!words\.example\.com)/)
    expect(body).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write/)
  })
})

test('an address in use is told with what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await expect(startAdmin({ host: '127.0.0.1', port }, source, platform)).rejects.toThrow(`the admin server cannot listen on 127.0.0.1:${port}: listen EADDRINUSE`)
  other.close()
})
