// Consul's health API at the level of its wire, under virtual time: indexes, blocking queries, consistency, ACLs and the
// ways in which it fails. Written against answers of Consul 1.21.0.
import type { FetchInit } from '../../src/model/platform.ts'
import type { FakePlatform } from './fake-platform.ts'

/** A row of /v1/health/service as a test builds it. */
export interface Row {
  readonly id: string
  readonly node?: string
  readonly address?: string
  readonly nodeAddress?: string
  readonly port?: number
  readonly tags?: readonly string[] | null
  readonly meta?: Readonly<Record<string, string>> | null
  readonly nodeMeta?: Readonly<Record<string, string>>
  readonly weights?: { readonly Passing: number; readonly Warning: number }
  readonly kind?: string
  /** Check ids and statuses; default a passing serfHealth. */
  readonly checks?: readonly (readonly [id: string, status: string])[]
}

/** One question as it arrived. */
interface Seen {
  readonly origin: string
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly at: number
}

/** An answer in place of the registry's own; undefined for that one. */
type Override = (seen: Seen, init: FetchInit) => Response | undefined | Promise<Response | undefined>

export interface FakeConsul {
  readonly seen: Seen[]
  /** Blocking queries that wait now. */
  waiting(): number
  /** Replaces the rows of a service, raises the index and wakes its watchers. */
  put(service: string, rows: readonly (Row | Record<string, unknown>)[]): void
  /** Makes these the services of the catalogue with their tags, raises its index and wakes its watchers. */
  putCatalog(services: Readonly<Record<string, readonly string[]>>): void
  /** Raises the index of a service without any change, waking its watchers. */
  bump(service: string): void
  /** Answers everything with this until `recover`; may depend on the question. */
  answerWith(answer: Override): void
  recover(): void
  /** Headers added to every healthy answer. */
  headers: Record<string, string>
  index: bigint
  /** Whether questions that block are answered by the streaming backend, which says nothing of its leader. Default no. */
  streaming: boolean
  /** Milliseconds since the server had contact with its leader. Default 0. */
  lastContact: number
}

/** Stands for the catalogue among the names of services; none can be called so. */
const CATALOG = '/'

/** Puts a Consul behind the platform's `fetch`, for whatever address is asked. */
export function fakeConsul(platform: Pick<FakePlatform, 'now' | 'sleep' | 'random' | 'onFetch'>): FakeConsul {
  const rows = new Map<string, { readonly rows: readonly unknown[]; readonly index: bigint }>()
  const watchers = new Set<{ readonly service: string; readonly wake: () => void }>()
  let override: Override | undefined
  let catalog: Readonly<Record<string, readonly string[]>> = { consul: [] }
  const wake = (service: string): void => {
    for (const watcher of watchers) if (watcher.service === service) watcher.wake()
  }
  const fake: FakeConsul = {
    seen: [],
    headers: {},
    index: 100n,
    streaming: false,
    lastContact: 0,
    waiting: () => watchers.size,
    put(service, next) {
      fake.index += 1n
      rows.set(service, { rows: next.map((row) => ('id' in row && !('Node' in row) ? wire(row as Row) : row)), index: fake.index })
      wake(service)
    },
    putCatalog(services) {
      fake.index += 1n
      catalog = services
      rows.set(CATALOG, { rows: [], index: fake.index })
      wake(CATALOG)
    },
    bump(service) {
      fake.index += 1n
      rows.set(service, { rows: rows.get(service)?.rows ?? [], index: fake.index })
      wake(service)
    },
    answerWith: (answer) => void (override = answer),
    recover: () => void (override = undefined),
  }
  const leadership = (blocking: boolean): Record<string, string> =>
    fake.streaming && blocking
      ? { 'x-consul-query-backend': 'streaming', 'x-consul-knownleader': 'false', 'x-consul-lastcontact': '0' }
      : { 'x-consul-query-backend': 'blocking-query', 'x-consul-knownleader': String(fake.lastContact === 0), 'x-consul-lastcontact': String(fake.lastContact) }
  const indexOf = (service: string): bigint => rows.get(service)?.index ?? fake.index
  const block = async (service: string, query: URLSearchParams, init: FetchInit): Promise<void> => {
    const wait = Number(/^(\d+)ms$/.exec(query.get('wait') ?? '')?.[1] ?? 300_000)
    if (BigInt(query.get('index') ?? 0) === 0n || indexOf(service) > BigInt(query.get('index') ?? 0)) {
      if (indexOf(service) !== BigInt(query.get('index') ?? 0)) return
    }
    const woken = new AbortController()
    const watcher = { service, wake: () => indexOf(service) > BigInt(query.get('index') ?? 0) && woken.abort() }
    watchers.add(watcher)
    const stop = (): void => woken.abort()
    init.signal?.addEventListener('abort', stop)
    await platform.sleep(wait + (platform.random() * wait) / 16, woken.signal)
    init.signal?.removeEventListener('abort', stop)
    watchers.delete(watcher)
  }
  platform.onFetch(async (url, init) => {
    const { origin, pathname, searchParams } = new URL(url)
    const token = new Headers(init.headers).get('x-consul-token') ?? undefined
    const seen: Seen = { origin, path: pathname, query: searchParams, token, at: platform.now() }
    fake.seen.push(seen)
    const overridden = await override?.(seen, init)
    if (overridden !== undefined) return overridden
    if (pathname === '/v1/catalog/services') {
      if (searchParams.has('index')) await block(CATALOG, searchParams, init)
      return json(catalog, { 'x-consul-index': String(indexOf(CATALOG)), ...fake.headers })
    }
    const service = decodeURIComponent(/^\/v1\/health\/service\/([^/]+)$/.exec(pathname)?.[1] ?? '')
    if (service === '') return new Response('not found', { status: 404 })
    if (searchParams.has('index')) await block(service, searchParams, init)
    const tags = searchParams.getAll('tag')
    const list = (rows.get(service)?.rows ?? []).filter((row) => tags.every((tag) => tagsOf(row).includes(tag)))
    return json(list, { 'x-consul-index': String(indexOf(service)), ...leadership(searchParams.has('index')), ...fake.headers })
  })
  return fake
}

/** A healthy-looking JSON answer. */
export function json(body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', ...headers } })
}

/** A failure as Consul words it. */
export function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } })
}

/** The row as Consul writes it. */
export function wire(row: Row): Record<string, unknown> {
  const node = row.node ?? 'n1'
  return {
    Node: { ID: '', Node: node, Address: row.nodeAddress ?? '10.0.0.1', Datacenter: 'dc1', TaggedAddresses: null, Meta: row.nodeMeta ?? {} },
    Service: {
      ID: row.id,
      Service: 'web',
      Tags: row.tags === undefined ? [] : row.tags,
      Address: row.address ?? '',
      Meta: row.meta === undefined ? {} : row.meta,
      Port: row.port ?? 8080,
      Weights: row.weights ?? { Passing: 1, Warning: 1 },
      ...(row.kind === undefined ? {} : { Kind: row.kind }),
    },
    Checks: (row.checks ?? [['serfHealth', 'passing']]).map(([id, status]) => ({ Node: node, CheckID: id, Name: id, Status: status, Notes: '', Output: '' })),
  }
}

function tagsOf(row: unknown): readonly string[] {
  return ((row as { Service?: { Tags?: readonly string[] | null } }).Service?.Tags ?? []) as readonly string[]
}
