// Decision vectors: requests with what the table says about them, held on the core alone, on Node over sockets and in workerd.
// test/fixtures/vectors/*.yaml is written by hand; `node test/support/vectors.ts` makes test/fixtures/vectors.json of it, whose
// expectations are read before they are committed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { adapters } from '../../discovery/list.ts'
import { parseConfig } from '../../src/config/parse.ts'
import type { ExplainRequest } from '../../src/model/admin.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'
import { GatewayError } from '../../src/model/error.ts'
import type { Platform } from '../../src/model/platform.ts'
import type { Decision } from '../../src/model/route.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { describedHead } from '../../src/proxy/described-head.ts'
import { createEndpointBook } from '../../src/proxy/endpoints.ts'
import { explainRequest, type RequestExplanation } from '../../src/proxy/explain-request.ts'
import { describedUpgrade } from '../../src/proxy/upgrade.ts'
import { compileTable } from '../../src/route/compile.ts'
import { decide } from '../../src/route/decide.ts'

/** A request with all that decides it. */
export type VectorRequest = Required<Pick<ExplainRequest, 'listener' | 'roll' | 'at'>> & ExplainRequest

/** A decision as data. */
export type PlainDecision =
  | { readonly kind: 'none' }
  | { readonly kind: 'forward'; readonly route: string; readonly params: Readonly<Record<string, string>>; readonly service: string; readonly target: string; readonly authority: string }
  | { readonly kind: 'redirect'; readonly route: string; readonly status: number; readonly location: string }
  | { readonly kind: 'respond'; readonly route: string; readonly status: number; readonly body: string; readonly headers: readonly (readonly [string, string])[] }
  /** Refused with this reason, before any route or by a rewrite. */
  | { readonly kind: 'refused'; readonly reason: string }

/** An explanation without what differs from gateway to gateway: revision, addresses and ages. */
export interface Story extends Pick<RequestExplanation, 'request' | 'winner' | 'losers' | 'omitted' | 'retry'> {
  readonly destination: { readonly service: string; readonly subset: string | null; readonly balance: string; readonly endpoints: readonly (Pick<Endpoint, 'weight' | 'tags' | 'meta'> & { readonly usable: boolean; readonly subsets: readonly string[] })[] } | null
}

export interface Vector {
  /** Name of its table. */
  readonly table: string
  readonly request: VectorRequest
  readonly decision: PlainDecision
  /** Null for a request that is refused before any route. */
  readonly story: Story | null
}

export interface Vectors {
  readonly tables: Readonly<Record<string, TableConfig>>
  readonly vectors: readonly Vector[]
}

/** Listeners that requests may name; the first is the default. */
export const VECTOR_LISTENERS = ['web', 'secure'] as const

const FIXTURES = resolve(import.meta.dirname, '../fixtures')
const MONDAY = '2026-11-23T09:11:00Z'

/** The vectors as committed. */
export function loadVectors(): Vectors {
  return JSON.parse(readFileSync(join(FIXTURES, 'vectors.json'), 'utf8')) as Vectors
}

/** For the names of tests. */
export function vectorName({ table, request }: Vector): string {
  const { method, url, headers = [], from, listener, roll, at } = request
  const more = [...headers.map((pair) => pair.join(': ')), from, listener === 'web' ? '' : listener, roll === 0.5 ? '' : `roll ${roll}`, at === Date.parse(MONDAY) ? '' : new Date(at).toISOString()]
  return `${table}: ${method} ${url} ${more.filter((part) => part !== undefined && part !== '').join(', ')}`.trimEnd()
}

/** The table as the hand-written text says it. */
function writtenTable(text: string): TableConfig {
  const written = parse(text) as { readonly table: object }
  const listeners = Object.fromEntries(VECTOR_LISTENERS.map((name) => [name, { port: 0 }]))
  const { config, problems } = parseConfig(stringify({ listeners, ...written.table }), { file: '', env: {}, adapters })
  if (config === undefined) throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return config.table
}

/** What the core alone says: the decision, and the explanation as text. */
export function tell(snapshot: Snapshot, request: VectorRequest): { readonly decision: PlainDecision; readonly story: Story | null } {
  const context = { wallClock: request.at, roll: request.roll }
  try {
    const head = describedHead(request, { callers: snapshot.table.callers, listener: VECTOR_LISTENERS[0], trustedProxies: [] })
    const story = storyOf(explainRequest(snapshot, head, context))
    return { decision: orRefused(() => plainDecision(decide(snapshot.table, head, context), describedUpgrade(head))), story }
  } catch (error) {
    if (error instanceof GatewayError) return { decision: { kind: 'refused', reason: error.reason }, story: null }
    throw error
  }
}

/** A snapshot of a table with static endpoints. */
export function snapshotOf(config: TableConfig, platform: Platform): Snapshot {
  const table = compileTable(config)
  const book = createEndpointBook(platform)
  return { revision: { number: 1, hash: '', origin: 'test', at: 0 }, table, services: table.services.map((service) => book.build(service, () => ({ kind: 'pending' }))) }
}

export function storyOf({ request, winner, losers, omitted, destination, retry }: RequestExplanation): Story {
  const where = destination && {
    service: destination.service,
    subset: destination.subset,
    balance: destination.balance,
    endpoints: destination.endpoints.map(({ weight, tags, meta, usable, subsets }) => ({ weight, tags, meta, usable, subsets })),
  }
  return { request, winner, losers, omitted, destination: where, retry }
}

function orRefused(decision: () => PlainDecision): PlainDecision {
  try {
    return decision()
  } catch (error) {
    if (error instanceof GatewayError) return { kind: 'refused', reason: error.reason }
    throw error
  }
}

function plainDecision(decision: Decision, upgrade: string): PlainDecision {
  if (decision.kind === 'none') return decision
  const route = decision.entry.route.name
  if (decision.kind === 'redirect') return { kind: 'redirect', route, status: decision.status, location: decision.location }
  if (decision.kind === 'respond') return { kind: 'respond', route, status: decision.status, body: decision.body, headers: decision.headers }
  if (upgrade !== '' && !decision.entry.route.config.upgrade) return { kind: 'refused', reason: 'upgrade_refused' }
  return { kind: 'forward', route, params: decision.params, service: decision.destination.label, target: decision.target, authority: decision.authority }
}

interface Written {
  readonly request: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly from?: string
  readonly listener?: string
  readonly roll?: number
  readonly at?: string
  /** For readers. */
  readonly note?: string
}

function readRequest(written: string | Written): VectorRequest {
  const { request, headers, from, listener = VECTOR_LISTENERS[0], roll = 0.5, at = MONDAY } = typeof written === 'string' ? { request: written } : written
  const space = request.indexOf(' ')
  const pairs = Object.entries(headers ?? {}).flatMap(([name, values]) => [values].flat().map((value): [string, string] => [name, String(value)]))
  return { method: request.slice(0, space), url: request.slice(space + 1), ...(headers === undefined ? {} : { headers: pairs }), ...(from === undefined ? {} : { from }), listener, roll, at: Date.parse(at) }
}

/** Makes the vectors of the hand-written texts. */
export function makeVectors(platform: Platform): Vectors {
  const tables: Record<string, TableConfig> = {}
  const vectors: Vector[] = []
  const directory = join(FIXTURES, 'vectors')
  for (const file of readdirSync(directory).sort()) {
    const text = readFileSync(join(directory, file), 'utf8')
    const table = basename(file, '.yaml')
    const snapshot = snapshotOf((tables[table] = writtenTable(text)), platform)
    for (const written of (parse(text) as { readonly requests: readonly (string | Written)[] }).requests) {
      const request = readRequest(written)
      vectors.push({ table, request, ...tell(snapshot, request) })
    }
  }
  return { tables, vectors }
}

/** One vector a line, so that a change shows as the lines that it changed. */
export function vectorsText({ tables, vectors }: Vectors): string {
  const lines = (members: readonly string[]): string => members.map((member) => `    ${member}`).join(',\n')
  const table = lines(Object.entries(tables).map(([name, config]) => `${JSON.stringify(name)}: ${JSON.stringify(config)}`))
  return `{\n  "tables": {\n${table}\n  },\n  "vectors": [\n${lines(vectors.map((vector) => JSON.stringify(vector)))}\n  ]\n}\n`
}

if (import.meta.main) {
  const { nodePlatform } = await import('../../src/node/platform.ts')
  writeFileSync(join(FIXTURES, 'vectors.json'), vectorsText(makeVectors(nodePlatform(() => undefined))))
}
