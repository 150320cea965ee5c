// Nomad's service API, event stream and allocation checks at the level of their wire: indexes of the whole table, blocking and
// stale lists, namespaces, ACLs, and the ways in which the stream misleads. Written after Nomad's API documentation and a real Nomad
// 1.10.5, which test/servers/nomad.test.ts holds the adapter against.
import type { FetchInit, Platform } from '../../src/model/platform.ts'
import { json, plain, wire, type Registered, type Row } from './nomad-wire.ts'

/** One question as it arrived. */
export interface Seen {
  readonly origin: string
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly socketPath: string | undefined
  readonly at: number
}

/** An answer in place of the registry's own; undefined for that one. */
type Override = (seen: Seen, init: FetchInit) => Response | undefined | Promise<Response | undefined>

interface Frame {
  readonly index: number
  readonly namespace: string
  readonly events: readonly object[]
}

interface OpenStream {
  readonly namespace: string
  readonly token: string | undefined
  write(text: string): void
  end(): void
}

export interface PutOptions {
  /** Default `default`. */
  readonly namespace?: string
  /** Type of the events of rows that are gone, default `ServiceDeregistration`; undefined sends no event at all. */
  readonly removal?: string | undefined
}

export interface FakeNomad {
  readonly seen: Seen[]
  /** Index of the table of registrations. */
  index: number
  /** Replaces the rows of a service, raises the index, wakes who waits and tells the streams. */
  put(service: string, rows: readonly (Row | Registered)[], options?: PutOptions): void
  /** Lists change and no stream hears of it. */
  putSilently(service: string, rows: readonly Row[]): void
  /** What the checks of an allocation say: pairs of service and status. Without it a known allocation has none, and says `null`. */
  setChecks(id: string, ...checks: readonly (readonly [service: string, status: string])[]): void
  /** Servers other than the leader keep answering with what they have now, until called with false. */
  lag(lagging: boolean): void
  /** Streams that are open now. */
  streams(): number
  /** Writes a line into every stream. */
  write(line: string): void
  /** Ends every stream. */
  cut(): void
  /** Streams stay open and say nothing more, heartbeats neither. */
  freeze(): void
  /** The agent comes back without any state: the index starts anew. */
  restartEmpty(): void
  /** Turns on ACLs: what each token may read; `*` is every namespace. Ends the streams that may not be heard any more. */
  acl(rights: Readonly<Record<string, readonly string[]>>): void
  /** Answers everything with this until `recover`; may depend on the question. */
  answerWith(answer: Override): void
  recover(): void
  /** Headers added to every list. */
  headers: Record<string, string>
  /** The registry as a `fetch`. */
  fetch(url: string, init?: FetchInit): Promise<Response>
}

/** Makes a Nomad, for whatever address is asked. Its time is the platform's. */
export function fakeNomad(platform: Pick<Platform, 'now' | 'sleep' | 'random'>): FakeNomad {
  let table = new Map<string, readonly Registered[]>()
  let follower: { readonly table: typeof table; readonly index: number } | undefined
  let buffer: Frame[] = []
  let frozen = false
  let rights: Readonly<Record<string, readonly string[]>> | undefined
  let override: Override | undefined
  const checks = new Map<string, Record<string, object>>()
  const streams = new Set<OpenStream>()
  const waiting = new Set<() => void>()

  const key = (namespace: string, service: string): string => `${namespace} ${service}`
  const change = (namespace: string, service: string, rows: readonly Registered[]): void => {
    fake.index += 1
    table = new Map(table).set(key(namespace, service), rows)
    for (const wake of waiting) wake()
  }
  const emit = (namespace: string, type: string, ...rows: readonly Registered[]): void => {
    if (rows.length === 0) return
    const frame = { index: fake.index, namespace, events: rows.map((row) => eventOf(type, row, fake.index)) }
    buffer = [...buffer, frame].slice(-100)
    for (const stream of streams) if (hears(stream.namespace, namespace)) stream.write(lineOf(frame))
  }

  const fake: FakeNomad = {
    seen: [],
    headers: {},
    index: 100,
    put(service, rows, options = {}) {
      const namespace = options.namespace ?? 'default'
      const before = table.get(key(namespace, service)) ?? []
      const next = rows.map((row) => ('id' in row ? wire(row as Row, service, namespace) : row))
      change(namespace, service, next)
      const removal = 'removal' in options ? options.removal : 'ServiceDeregistration'
      const [same, ids] = [new Set(before.map((row) => JSON.stringify(row))), new Set(next.map((row) => row['ID']))]
      for (const row of next) if (!same.has(JSON.stringify(row))) emit(namespace, 'ServiceRegistration', row)
      const gone = before.filter((row) => !ids.has(row['ID']))
      // What the servers clean up with one write is one frame; each client's deregistration is a write of its own.
      if (removal === 'ServiceDeregistration') for (const row of gone) emit(namespace, removal, row)
      else if (removal !== undefined) emit(namespace, removal, ...gone)
    },
    putSilently: (service, rows) => change('default', service, rows.map((row) => wire(row, service, 'default'))),
    setChecks: (id, ...states) =>
      void checks.set(
        `alloc-${id}`,
        Object.fromEntries(states.map(([service, status], n) => [`check-${n}`, { ID: `check-${n}`, Check: 'alive', Mode: 'healthiness', Status: status, Group: 'job.group[0]', Service: service, Output: '', Timestamp: 1 }])),
      ),
    lag(lagging) {
      follower = lagging ? { table, index: fake.index } : undefined
      for (const wake of waiting) wake()
    },
    streams: () => streams.size,
    write(line) {
      for (const stream of streams) stream.write(`${line}\n`)
    },
    cut() {
      for (const stream of streams) stream.end()
    },
    freeze: () => void (frozen = true),
    restartEmpty() {
      table = new Map()
      buffer = []
      fake.index = 7
      fake.cut()
    },
    acl(next) {
      rights = next
      for (const stream of streams) {
        if (mayHear(stream.namespace, stream.token)) continue
        stream.write('subscription closed by server, client should resubscribe\n')
        stream.end()
      }
    },
    answerWith: (answer) => void (override = answer),
    recover: () => void (override = undefined),
    fetch: (url, init = {}) => answer(url, init),
  }

  async function answer(url: string, init: FetchInit): Promise<Response> {
    const { origin, pathname, searchParams: query } = new URL(url)
    const token = new Headers(init.headers).get('x-nomad-token') ?? undefined
    const seen: Seen = { origin, path: pathname, query, token, socketPath: init.socketPath, at: platform.now() }
    fake.seen.push(seen)
    const overridden = await override?.(seen, init)
    if (overridden !== undefined) return overridden
    const namespace = query.get('namespace') ?? 'default'
    const allowed = rights === undefined ? ['*'] : token === undefined ? [] : rights[token]
    // It knows the token or not: it says the same.
    if (allowed === undefined) return plain(403, 'Permission denied')
    const may = (wanted: string): boolean => allowed.includes('*') || allowed.includes(wanted)
    if (pathname === '/v1/services') return listServices(query, init, namespace, allowed, may)
    if (pathname === '/v1/event/stream') return mayHear(namespace, token) ? openStream(namespace, token, init) : plain(403, 'Permission denied')
    if (!may(namespace)) return plain(403, 'Permission denied')
    const allocation = /^\/v1\/client\/allocation\/([^/]+)\/checks$/.exec(pathname)?.[1]
    if (allocation !== undefined) return checksOf(allocation)
    const service = decodeURIComponent(/^\/v1\/service\/([^/]+)$/.exec(pathname)?.[1] ?? '')
    return service === '' ? plain(404, 'Invalid URL Path') : list(query, init, (rows) => rows.get(key(namespace, service)) ?? [])
  }

  // The stream of all namespaces needs rights in each that there is.
  function mayHear(namespace: string, token: string | undefined): boolean {
    const allowed = rights === undefined ? ['*'] : (rights[token ?? ''] ?? [])
    const all = namespace === '*' ? ['default', ...[...table.keys()].map((name) => name.split(' ')[0] ?? '')] : [namespace]
    return allowed.includes('*') || all.every((each) => allowed.includes(each))
  }

  async function list(query: URLSearchParams, init: FetchInit, read: (rows: typeof table) => unknown): Promise<Response> {
    const view = (): { readonly table: typeof table; readonly index: number } => (query.has('stale') && follower !== undefined ? follower : { table, index: fake.index })
    await block(query, init, () => view().index)
    return json(read(view().table), { 'x-nomad-index': String(view().index), 'x-nomad-knownleader': 'true', 'x-nomad-lastcontact': '0', ...fake.headers })
  }

  async function block(query: URLSearchParams, init: FetchInit, index: () => number): Promise<void> {
    const from = Number(query.get('index') ?? 0)
    const wait = Number(/^(\d+)ms$/.exec(query.get('wait') ?? '')?.[1] ?? 300_000)
    if (from === 0 || index() > from) return
    const woken = new AbortController()
    const wake = (): void => void (index() > from && woken.abort())
    const stop = (): void => woken.abort()
    waiting.add(wake)
    init.signal?.addEventListener('abort', stop)
    await platform.sleep(wait + (platform.random() * wait) / 16, woken.signal)
    init.signal?.removeEventListener('abort', stop)
    waiting.delete(wake)
  }

  function listServices(query: URLSearchParams, init: FetchInit, namespace: string, allowed: readonly string[], may: (namespace: string) => boolean): Promise<Response> | Response {
    if (namespace !== '*' && !may(namespace)) return plain(403, 'Permission denied')
    // No rights anywhere is no error there, and has no index.
    if (allowed.length === 0) return json([], { 'x-nomad-index': '0' })
    return list(query, init, (rows) => {
      const names = new Map<string, object[]>()
      for (const [name, registered] of rows) {
        const [of = '', service = ''] = name.split(' ')
        if (registered.length > 0 && may(of) && hears(namespace, of)) names.set(of, [...(names.get(of) ?? []), { ServiceName: service, Tags: [...new Set(registered.flatMap((row) => (row['Tags'] ?? []) as string[]))] }])
      }
      return [...names].map(([of, services]) => ({ Namespace: of, Services: services }))
    })
  }

  function openStream(namespace: string, token: string | undefined, init: FetchInit): Response {
    const encoder = new TextEncoder()
    const closed = new AbortController()
    const beat = async (stream: OpenStream): Promise<void> => {
      while (!closed.signal.aborted) {
        await platform.sleep(30_000, closed.signal)
        if (!closed.signal.aborted) stream.write('{}\n')
      }
    }
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const stream: OpenStream = {
          namespace,
          token,
          write: (text) => void (frozen || controller.enqueue(encoder.encode(text))),
          end() {
            leave()
            controller.close()
          },
        }
        const leave = (): void => {
          streams.delete(stream)
          closed.abort()
        }
        init.signal?.addEventListener('abort', () => {
          if (!streams.has(stream)) return
          leave()
          controller.error(init.signal?.reason)
        })
        streams.add(stream)
        stream.write('{}\n')
        for (const frame of buffer) if (hears(namespace, frame.namespace)) stream.write(lineOf(frame))
        void beat(stream)
      },
      cancel() {
        closed.abort()
      },
    })
    return new Response(body, { headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' } })
  }

  function checksOf(allocation: string): Response {
    const known = checks.get(allocation) ?? ([...table.values()].flat().some((row) => row['AllocID'] === allocation) ? null : undefined)
    return known === undefined ? plain(404, `Unknown allocation "${allocation}"`) : json(known)
  }

  return fake
}

function eventOf(type: string, row: Registered, index: number): object {
  return { Topic: 'Service', Type: type, Key: row['ID'], Namespace: row['Namespace'], FilterKeys: [row['JobID'], row['ServiceName']], Index: index, Payload: { Service: row } }
}

function lineOf({ index, events }: Frame): string {
  return `${JSON.stringify({ Index: index, Events: events })}\n`
}

function hears(wanted: string, namespace: string): boolean {
  return wanted === '*' || wanted === namespace
}
