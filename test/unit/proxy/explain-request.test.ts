// What an explanation adds to the decision: endpoint candidates with origin and age, and the retry plan.
import { describe, expect, test } from 'vitest'
import type { RetryConfig } from '../../../src/model/route-config.ts'
import type { ServiceConfig } from '../../../src/model/service-config.ts'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { describedHead } from '../../../src/proxy/described-head.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { explainRequest } from '../../../src/proxy/explain-request.ts'
import type { RequestExplanation } from '../../../src/proxy/explain-request.ts'
import { explain } from '../../../src/route/explain.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { host, path, route, service, table } from '../../support/build-table.ts'
import { endpoint } from '../../support/endpoints.ts'
import { START, fakePlatform } from '../../support/fake-platform.ts'

const NOW = START + 60_000
const retry: RetryConfig = { attempts: 2, on: ['connect', 'reset', '5xx'], perTry: 500, methods: ['GET', 'HEAD'] }
const words: ServiceConfig = { ...service('words'), from: ['consul/words'], subsets: { v1: { tags: ['v1'], meta: {} }, v2: { tags: ['v2'], meta: {} } } }
const config = table(
  [
    route('words', { host: [host('words.example')] }, { action: { kind: 'forward', to: [{ service: 'words', subset: 'v1', weight: 3 }, { service: 'words', subset: 'v2', weight: 1 }] }, retry, timeout: 2000 }),
    route('plain', { path: [path('/plain')] }),
    route('closed', { path: [path('/closed')] }, { upgrade: false, retry }),
    route('failover', { path: [path('/failover')] }, { retry: { ...retry, on: ['5xx'] } }),
    route('away', { path: [path('/away')] }, { action: { kind: 'redirect', status: 302, location: '/x' } }),
  ],
  { services: [words] },
)
const at = (id: string, fields: Partial<Endpoint>): Endpoint => endpoint(id, { origin: 'consul', learnedAt: START, ...fields })
const SET: EndpointSet = {
  kind: 'stale',
  at: START + 20_000,
  cause: { outcome: 'failed', message: 'connection refused' },
  endpoints: [at('a', { tags: ['v1'] }), at('b', { tags: ['v1'], health: 'critical', host: '::1', port: 1 }), at('c', { tags: ['v2'], draining: true, zone: 'z', port: 8081 })],
}

function explained(url: string, method = 'GET', roll = 0, set = SET, headers: readonly (readonly [string, string])[] = []): RequestExplanation {
  const compiled = compileTable(config)
  const book = createEndpointBook(fakePlatform())
  const snapshot: Snapshot = { revision: { number: 7, hash: 'abc', origin: 'file:x', at: START }, table: compiled, services: compiled.services.map((one) => book.build(one, () => set)) }
  return explainRequest(snapshot, describedHead({ method, url, headers }, { callers: [], listener: 'web' }), { wallClock: NOW, roll })
}

test('holds what explain says of the decision, unchanged', () => {
  const { winner, losers, omitted } = explained('words.example/plain')
  expect({ winner, losers, omitted }).toEqual(explain(compileTable(config), describedHead({ method: 'GET', url: 'words.example/plain' }, { callers: [], listener: 'web' }), { wallClock: NOW, roll: 0 }))
  expect(winner?.route).toBe('words')
})

test('holds the revision and the request in normal form', () => {
  expect(explained('HTTP://Words.example/a/../one?x')).toMatchObject({
    revision: { number: 7 },
    request: { method: 'GET', scheme: 'http', authority: 'words.example', path: '/one', query: '?x', source: { address: '127.0.0.1', identities: [] }, listener: 'web' },
  })
})

describe('endpoints', () => {
  test('are those of the subset that the roll chose, usable or not, with origin and age', () => {
    expect(explained('words.example/').destination).toEqual({
      service: 'words',
      subset: 'v1',
      balance: 'peak-ewma',
      merge: false,
      set: { kind: 'stale', mode: 'stale', age: 40_000, cause: { outcome: 'failed', message: 'connection refused' } },
      origins: [{ ref: 'consul/words', set: { kind: 'stale', mode: 'stale', age: 40_000, cause: { outcome: 'failed', message: 'connection refused' } }, endpoints: 3, usable: 1, used: true, why: null }],
      endpoints: [
        { id: 'a', address: '127.0.0.1:8080', weight: 1, zone: null, tags: ['v1'], meta: {}, health: 'passing', draining: false, held: false, use: 'used', usable: true, why: null, subsets: ['v1'], origin: 'consul', ref: 'consul/words', mode: 'stale', confirmed: 40_000, learnedAt: START, age: 60_000, also: [] },
        { id: 'b', address: '[::1]:1', weight: 1, zone: null, tags: ['v1'], meta: {}, health: 'critical', draining: false, held: false, use: 'none', usable: false, why: 'critical', subsets: ['v1'], origin: 'consul', ref: 'consul/words', mode: 'stale', confirmed: 40_000, learnedAt: START, age: 60_000, also: [] },
      ],
    })
  })

  test('that drain say whether they are used only because nothing else is left in their subset', () => {
    const v2 = explained('words.example/', 'GET', 0.9).destination
    expect(v2?.endpoints).toMatchObject([{ id: 'c', use: 'last', usable: true, why: 'draining, and used since nothing else is left', zone: 'z' }])
    expect(v2?.origins).toMatchObject([{ used: true, why: 'draining, and used since nothing else is left' }])
    const out = { ...SET, endpoints: [at('c', { tags: ['v2'], draining: true, health: 'maintenance' })] }
    expect(explained('words.example/', 'GET', 0.9, out).destination?.endpoints).toMatchObject([{ id: 'c', use: 'none', usable: false, why: 'draining' }])
  })

  test('without a subset are all', () => {
    expect(explained('/plain').destination).toMatchObject({ subset: null, endpoints: [{ id: 'a', use: 'used' }, { id: 'c', use: 'none', why: 'draining; used when nothing else is left' }, { id: 'b', use: 'none' }] })
  })

  test.each<[string, EndpointSet, unknown]>([
    ['pending', { kind: 'pending' }, { kind: 'pending', mode: 'pending', age: null }],
    ['pending with a cause', { kind: 'pending', cause: { outcome: 'denied', message: 'ACL' } }, { kind: 'pending', mode: 'denied', age: null, cause: { outcome: 'denied', message: 'ACL' } }],
    ['absent', { kind: 'absent', at: NOW - 5 }, { kind: 'absent', mode: 'absent', age: 5 }],
    ['of a clock ahead', { kind: 'ready', endpoints: [], at: NOW + 5 }, { kind: 'ready', mode: 'live', age: 0 }],
    ['of no known time', { kind: 'stale', endpoints: [], at: 0, cause: { outcome: 'disk', message: '' } }, { kind: 'stale', mode: 'disk', age: null, cause: { outcome: 'disk', message: '' } }],
  ])('of a set that is %s', (_name, set, view) => {
    expect(explained('/plain', 'GET', 0, set).destination).toMatchObject({ set: view, endpoints: [] })
  })

  test.each(['/away', '/nowhere'])('are not told when nothing is forwarded: %s', (url) => {
    expect(explained(url)).toMatchObject({ destination: null, retry: null })
  })
})

describe('retry plan', () => {
  test.each([
    ['of a method that may be sent again', 'words.example/', 'GET', { timeout: 2000, perTry: 500, connectTries: 3, attempts: 2, on: ['connect', 'reset', '5xx'], why: null }],
    ['of one that may not: only connects', 'words.example/', 'POST', { timeout: 2000, perTry: 500, connectTries: 3, attempts: 2, on: ['connect'], why: null }],
    ['of a route without retry', '/plain', 'GET', { timeout: 15_000, perTry: 0, connectTries: 3, attempts: 0, on: [], why: 'the route has no retry' }],
  ])('%s', (_name, url, method, plan) => {
    expect(explained(url, method).retry).toEqual(plan)
  })
})

describe('an upgrade', () => {
  const asked = (url: string, ...more: [string, string][]): RequestExplanation => explained(url, 'GET', 0, SET, [['Connection', 'keep-alive, Upgrade'], ['Upgrade', 'WebSocket'], ...more])

  test('that the route does not allow is refused, with its reason, and goes nowhere', () => {
    expect(asked('/closed')).toMatchObject({ winner: { route: 'closed', action: { kind: 'refused', reason: 'upgrade_refused', message: 'route closed does not allow upgrades' } }, destination: null, retry: null })
  })

  test.each<[string, [string, string][]]>([
    ['without Connection', [['Upgrade', 'websocket']]],
    ['without Upgrade', [['Connection', 'upgrade']]],
    ['to HTTP/2', [['Connection', 'upgrade'], ['Upgrade', 'h2c']]],
    ['with a body', [['Connection', 'upgrade'], ['Upgrade', 'websocket'], ['Content-Length', '1']]],
    ['with a chunked body', [['Connection', 'upgrade'], ['Upgrade', 'websocket'], ['Transfer-Encoding', 'chunked']]],
  ])('is none %s', (_name, headers) => {
    expect(explained('/closed', 'GET', 0, SET, headers)).toMatchObject({ winner: { action: { kind: 'forward' } }, retry: { attempts: 2 } })
  })

  test('that may pass is tried again where nothing was sent, and no more', () => {
    expect(asked('words.example/').retry).toEqual({ timeout: 2000, perTry: 500, connectTries: 3, attempts: 2, on: ['connect'], why: null })
    expect(asked('/failover').retry).toMatchObject({ connectTries: 3, attempts: 0, on: [], why: 'an upgrade is not sent again' })
  })

  test.each<[string, [string, string][]]>([
    ['a key that is none', [['Sec-WebSocket-Key', 'x'], ['Sec-WebSocket-Version', '13']]],
    ['no version', [['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']]],
  ])('with %s is refused as a received one is', (_name, fields) => {
    expect(() => asked('/closed', ...fields)).toThrow('a WebSocket handshake is a GET with one key and one version')
  })
})

test('is plain JSON', () => {
  const explanation = explained('words.example/one')
  expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
})
