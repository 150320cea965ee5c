// A gateway as the admin server sees it, for tests and for looking at the page: two registries, a canary, a stale set, a
// refused table, and counts that a test can change.
import type { TableConfig } from '../../src/model/table-config.ts'
import type { Endpoint, EndpointSet } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import type { AdminSource } from '../../src/node/admin/source.ts'
import { newStatus } from '../../discovery/ref-status.ts'
import { createEndpointBook } from '../../src/proxy/endpoints.ts'
import { compileTable } from '../../src/route/compile.ts'
import type { RevisionEntry } from '../../src/store/revisions.ts'
import { createInstruments } from '../../src/telemetry/instruments.ts'
import { NO_COUNTS } from '../../src/telemetry/live.ts'
import { accessRecord } from './access.ts'
import { host, path, route, service, table } from './build-table.ts'
import { endpoint } from './endpoints.ts'

/** Wall clock of the moment at which tests look. */
export const NOW = Date.UTC(2026, 10, 23, 12)
const MINUTE = 60_000

const at = (id: string, fields: Partial<Endpoint>): Endpoint => endpoint(id, { origin: 'consul', learnedAt: NOW - 90 * MINUTE, ...fields })

const ADMIN_SETS: Readonly<Record<string, EndpointSet>> = {
  'consul/words': {
    kind: 'ready',
    at: NOW - 2000,
    endpoints: [
      at('n1/words-1', { host: '10.1.0.11', port: 8080, tags: ['v1'], zone: 'eu-1a', meta: { version: '1' } }),
      at('n2/words-1', { host: '10.1.0.12', port: 8080, tags: ['v1'], zone: 'eu-1b', health: 'warning', learnedAt: NOW - 26 * 60 * MINUTE }),
      at('n3/words-2', { host: '10.1.0.13', port: 8080, tags: ['v2', 'canary'], zone: 'eu-1a', learnedAt: NOW - 40_000 }),
      at('n4/words-1', { host: '10.1.0.14', port: 8080, tags: ['v1'], health: 'critical' }),
      at('n5/words-1', { host: '10.1.0.15', port: 8080, tags: ['v1'], draining: true }),
    ],
  },
  'consul/billing': { kind: 'absent', at: NOW - 30_000 },
  'nomad/billing': {
    kind: 'stale',
    at: NOW - 11 * MINUTE,
    cause: { outcome: 'failed', message: 'http://127.0.0.1:4646 refused the connection; endpoints are kept' },
    endpoints: [at('a/billing', { origin: 'nomad', host: '2001:db8::7', port: 9000, health: 'unknown', weight: 5 })],
  },
}

const ADMIN_TABLE: TableConfig = table(
  [
    route('words-for-testers', { host: [host('words.example.com')], path: [path('/**')], headers: [{ name: 'x-user', test: { kind: 'any', of: [{ kind: 'regex', pattern: '^tester-' }] } }] }, { action: { kind: 'forward', to: [{ service: 'words', subset: 'v2', weight: 1 }] } }),
    route('words', { host: [host('words.example.com')], path: [path('/**')], method: ['GET', 'HEAD'] }, {
      action: { kind: 'forward', to: [{ service: 'words', subset: 'v1', weight: 95 }, { service: 'words', subset: 'v2', weight: 5 }] },
      retry: { attempts: 2, on: ['connect', 'reset', '5xx'], perTry: 500, methods: ['GET', 'HEAD'] },
      timeout: 2000,
    }),
    route('billing', [{ host: [host('billing.example.com'), host('*.pay.example.com')], path: [path('/invoices/{id}')] }, { path: [path('/billing/**')], source: [{ kind: 'caller', name: 'simon' }, { kind: 'cidr', cidr: '10.0.0.0/8' }] }], { action: { kind: 'forward', to: [{ service: 'billing', weight: 1 }] } }),
    route('old-site', { host: [host('old.example.com')] }, { action: { kind: 'redirect', status: 308, location: 'https://example.com{path}' } }),
    route('static', { host: [host('static.example.com')] }, { action: { kind: 'forward', to: [{ service: 'static', weight: 1 }] } }),
    route('rest', {}, { priority: -10, action: { kind: 'respond', status: 404, body: 'nothing here', headers: [] } }),
  ],
  {
    callers: [{ name: 'simon', cidr: [], spiffe: ['spiffe://dc1/svc/simon'] }],
    services: [
      { ...service('words'), from: ['consul/words'], subsets: { v1: { tags: ['v1'], meta: {} }, v2: { tags: ['v2'], meta: {} } } },
      { ...service('billing'), from: ['consul/billing', 'nomad/billing'], balance: { kind: 'maglev', by: { kind: 'source' } } },
      { ...service('static'), endpoints: [{ host: '127.0.0.1', port: 8099, weight: 1, tags: [], meta: {} }], balance: { kind: 'round-robin' } },
    ],
  },
)

const REVISION = { number: 12, hash: '3fa9c07be211', origin: 'redis:v12', at: NOW - 3 * MINUTE }

const HISTORY: readonly RevisionEntry[] = [
  { kind: 'rejected', origin: 'redis:v13', at: NOW - MINUTE, during: 12, problems: [{ severity: 'error', path: 'routes[2].to', line: 31, column: 9, message: 'there is no service "biling"', hint: 'billing' }] },
  { kind: 'effective', revision: REVISION, routes: 6, services: 3, diff: { routes: { added: ['words-for-testers'], removed: ['words-canary'], changed: ['words'] }, services: { added: [], removed: [], changed: ['words'] }, reordered: false } },
  { kind: 'effective', revision: { number: 11, hash: '77d01e5cc5ab', origin: 'redis:v11', at: NOW - 60 * MINUTE }, routes: 6, services: 3, diff: { routes: { added: [], removed: [], changed: [] }, services: { added: [], removed: [], changed: [] }, reordered: true } },
]

export interface FakeAdminSource extends AdminSource {
  readonly instrumented: ReturnType<typeof createInstruments>
  drained: number
  reasons: string[]
  current: Snapshot | undefined
}

export function fakeAdminSource(platform: Platform): FakeAdminSource {
  const instruments = createInstruments()
  for (const [name, label, status, times] of [['words', 'words/v1', 200, 95], ['words', 'words/v2', 200, 4], ['words', 'words/v2', 503, 1], ['billing', 'billing', 200, 7]] as const) {
    for (let i = 0; i < times; i++) instruments.record(accessRecord({ route: name, service: label, status, duration: 3, attempts: status === 503 ? 3 : 1 }))
  }
  const setOf = (ref: string): EndpointSet => ADMIN_SETS[ref] ?? { kind: 'pending' }
  const book = createEndpointBook(platform)
  const compiled = compileTable(ADMIN_TABLE)
  const source: FakeAdminSource = {
    version: '0.1.0',
    startedAt: NOW - 90 * MINUTE,
    listeners: () => [{ name: 'web', port: 8080, tls: false }, { name: 'secure', port: 8443, tls: true }],
    instrumented: instruments,
    drained: 0,
    reasons: [],
    current: { revision: REVISION, table: compiled, services: compiled.services.map((config) => book.build(config, setOf)) },
    snapshot: () => source.current,
    setOf,
    watches: () => [{ ...newStatus('consul/words'), mode: 'live', endpoints: 5, lastSuccess: NOW - 2000, lastAttempt: NOW - 2000, rejected: [{ id: 'n6/words-1', reason: 'has no usable port: 0' }] }],
    store: () => ({ store: 'redis', mode: 'refused', since: NOW - MINUTE, lastSuccess: NOW - 4000, lastError: { at: NOW - 4000, message: 'redis:v13: routes[2].to: there is no service "biling"' }, lastGood: { savedAt: NOW - 3 * MINUTE } }),
    catalogs: () => [],
    refusedTags: () => [],
    announcements: () => [{ registry: 'netflix', instance: 'GATEWAY/h1:gateway:8080', state: 'up', since: NOW - MINUTE, failures: 0, lastSuccess: NOW - 5000 }],
    history: () => HISTORY,
    refused: () => HISTORY.slice(0, 1).filter((entry) => entry.kind === 'rejected'),
    instruments: async () => instruments.export({ ...NO_COUNTS, requestsActive: 3, downstreamOpen: 40, downstreamAccepted: 900, tunnelsOpen: 2, upstreamOpen: 12, upstreamIdle: 9, upstreamOpened: 31, upstreamReused: 5210 }),
    workers: () => [1, 2].map((id) => ({ id, pid: 4000 + id, state: 'running', startedAt: NOW - 90 * MINUTE, revision: 12 })),
    counts: () => ({ tablesRejected: 1, workerRestarts: 0 }),
    notReady: () => source.reasons,
    drain: () => void source.drained++,
  }
  return source
}
