// A Kubernetes API server as far as EndpointSlices go: revisions, lists in pages, watches with bookmarks, expired versions, and
// its ways of saying no. Written against answers of kube-apiserver 1.33.5. It answers a `Request` with a `Response`, so that it
// stands behind a platform's `fetch` in virtual time, and behind a real socket (fake-k8s-server.ts).
import type { FakePlatform } from './fake-platform.ts'

/** A slice as a test writes it; the server adds uid, revision and times. */
export interface SliceSpec {
  readonly name: string
  readonly namespace?: string
  /** Service it belongs to. */
  readonly service: string
  readonly labels?: Readonly<Record<string, string>>
  readonly addressType?: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints: unknown
  readonly ports?: unknown
}

/** One question as it arrived. */
interface Seen {
  readonly origin: string
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly at: number
}

type Override = (seen: Seen) => Response | undefined

export interface FakeK8s {
  readonly seen: Seen[]
  /** Watches that are open now. */
  watching(): number
  put(slice: SliceSpec): void
  remove(name: string, namespace?: string): void
  /** What the endpoint slice controller would leave of a service: these slices and no others. */
  service(service: string, slices: readonly SliceSpec[], namespace?: string): void
  /** Forgets the history: watches and pages from before have expired. */
  compact(): void
  /** Goes back to an earlier revision with these slices, as a restored backup does. */
  restore(revision: number, slices: readonly SliceSpec[]): void
  /** Sends every watch a line as it is. */
  sendRaw(line: string): void
  /** Ends every open watch, orderly or by an error. */
  endWatches(how: 'end' | 'error'): void
  /** Events are not sent to the watches. */
  deaf: boolean
  /** The watches that are open now stay open for ever, and hear nothing any more. */
  freeze(): void
  /** Whether an expired version is answered by HTTP 410, or by an ERROR line in a 200. */
  goneAs: 'status' | 'event'
  answerWith(override: Override): void
  recover(): void
  /** Tokens that are known, and what may be done with each; undefined lets everybody do everything. */
  tokens: ReadonlyMap<string, readonly ('list' | 'watch')[]> | undefined
  readonly revision: number
  /** Answers a question. */
  answer(url: string, init: { readonly headers?: HeadersInit | undefined; readonly signal?: AbortSignal | null | undefined }): Response
}

interface Stored {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** JSON of the object. */
  readonly text: string
  readonly uid: string
}

interface Event {
  readonly revision: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: Stored
}

interface Watcher {
  readonly namespace: string | undefined
  readonly selects: (labels: Readonly<Record<string, string>>) => boolean
  send(line: string): void
  end(how: 'end' | 'error'): void
  freeze(): void
}

const PATH = /^\/apis\/discovery\.k8s\.io\/v1(?:\/namespaces\/([^/]+))?\/endpointslices$/
const SERVICE = 'kubernetes.io/service-name'
/** Between two bookmarks, milliseconds. */
const BOOKMARK = 60_000

/** Makes one; time is the platform's. */
export function createFakeK8s(platform: Pick<FakePlatform, 'now' | 'sleep'>): FakeK8s {
  const objects = new Map<string, Stored>()
  const watchers = new Set<Watcher>()
  let history: Event[] = []
  let compacted = 0
  let revision = 100
  let override: Override | undefined
  let made = 0

  const record = (type: Event['type'], object: Stored): void => {
    const event: Event = { revision, type, object }
    history.push(event)
    if (!fake.deaf) for (const watcher of watchers) if (concerns(watcher, object)) watcher.send(lineOf(event))
  }
  const put = (spec: SliceSpec): void => {
    const namespace = spec.namespace ?? 'default'
    const key = `${namespace}/${spec.name}`
    const before = objects.get(key)
    revision++
    const object = store(spec, namespace, before?.uid ?? `uid-${++made}`, revision)
    objects.set(key, object)
    record(before === undefined ? 'ADDED' : 'MODIFIED', object)
  }
  const remove = (name: string, namespace: string = 'default'): void => {
    const key = `${namespace}/${name}`
    const before = objects.get(key)
    if (before === undefined) return
    objects.delete(key)
    revision++
    record('DELETED', { ...before, text: before.text.replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${revision}"`) })
  }

  const list = (namespace: string | undefined, query: URLSearchParams): Response => {
    const selects = selectorOf(query.get('labelSelector') ?? '')
    const limit = Number(query.get('limit') ?? 0)
    const token = query.get('continue')
    const from = token === null ? { rv: revision, start: '' } : (JSON.parse(atob(token)) as { rv: number; start: string })
    if (from.rv < compacted) return status(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.')
    const asked = Number(query.get('resourceVersion') ?? 0)
    if (asked > revision) return status(504, 'Timeout', `Too large resource version: ${asked}, current: ${revision}`, { 'retry-after': '1' })
    // The pages of one list are of one revision.
    const all = [...(from.rv === revision ? objects : asOf(from.rv)).entries()].filter(([, object]) => (namespace === undefined || object.namespace === namespace) && selects(object.labels)).sort(([a], [b]) => (a < b ? -1 : 1))
    const rest = all.filter(([key]) => key > from.start)
    const page = limit > 0 ? rest.slice(0, limit) : rest
    const last = page.at(-1)?.[0]
    const more = page.length < rest.length && last !== undefined ? `,"continue":${JSON.stringify(btoa(JSON.stringify({ rv: from.rv, start: last })))},"remainingItemCount":${rest.length - page.length}` : ''
    const items = page.map(([, { text }]) => text.replace('"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1",', ''))
    return new Response(`{"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"${from.rv}"${more}},"items":[${items.join(',')}]}`, JSON_HEADERS)
  }
  const asOf = (wanted: number): Map<string, Stored> => {
    const then = new Map(objects)
    for (const { revision: at, object } of history.toReversed()) {
      if (at <= wanted) continue
      const key = `${object.namespace}/${object.name}`
      const before = history.findLast((event) => event.revision <= wanted && `${event.object.namespace}/${event.object.name}` === key)
      if (before === undefined || before.type === 'DELETED') then.delete(key)
      else then.set(key, before.object)
    }
    return then
  }
  const watch = (namespace: string | undefined, query: URLSearchParams, signal: AbortSignal | null | undefined): Response => {
    if (query.has('sendInitialEvents')) return status(422, 'Invalid', 'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled')
    const from = Number(query.get('resourceVersion') ?? 0)
    const selects = selectorOf(query.get('labelSelector') ?? '')
    if (from < compacted && fake.goneAs === 'status') return status(410, 'Expired', `too old resource version: ${from} (${compacted})`)
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        const own = new AbortController()
        let open = true
        const encoder = new TextEncoder()
        const watcher: Watcher = {
          namespace,
          selects,
          send: (line) => {
            if (open) controller.enqueue(encoder.encode(`${line}\n`))
          },
          freeze: () => own.abort(),
          end: (how) => {
            if (!open) return
            open = false
            watchers.delete(watcher)
            own.abort()
            if (how === 'end') controller.close()
            else controller.error(new TypeError('terminated', { cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }) }))
          },
        }
        signal?.addEventListener('abort', () => watcher.end('error'))
        if (from < compacted) {
          watcher.send(`{"type":"ERROR","object":${statusText(410, 'Expired', `too old resource version: ${from} (${compacted})`)}}`)
          return watcher.end('end')
        }
        for (const event of history) if (event.revision > from && concerns(watcher, event.object)) watcher.send(lineOf(event))
        watchers.add(watcher)
        const seconds = Number(query.get('timeoutSeconds') ?? 1800)
        void platform.sleep(seconds * 1000, own.signal).then(() => own.signal.aborted || watcher.end('end'))
        if (query.get('allowWatchBookmarks') === 'true') void bookmarks(watcher, own.signal)
      },
    })
    return new Response(stream, JSON_HEADERS)
  }
  const bookmarks = async (watcher: Watcher, signal: AbortSignal): Promise<void> => {
    for (;;) {
      await platform.sleep(BOOKMARK, signal)
      if (signal.aborted) return
      if (!fake.deaf) watcher.send(`{"type":"BOOKMARK","object":{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"${revision}","creationTimestamp":null},"addressType":"","endpoints":null,"ports":null}}`)
    }
  }

  const fake: FakeK8s = {
    seen: [],
    watching: () => watchers.size,
    put,
    remove,
    service(service, slices, namespace = 'default') {
      const wanted = new Set(slices.map(({ name }) => name))
      for (const object of objects.values()) if (object.namespace === namespace && object.labels[SERVICE] === service && !wanted.has(object.name)) remove(object.name, namespace)
      for (const slice of slices) put({ namespace, ...slice })
    },
    compact() {
      compacted = revision + 1
      revision++
      history = []
    },
    restore(back, slices) {
      fake.endWatches('end')
      objects.clear()
      history = []
      compacted = 0
      revision = back
      for (const slice of slices) put(slice)
    },
    sendRaw(line) {
      for (const watcher of watchers) watcher.send(line)
    },
    endWatches(how) {
      for (const watcher of watchers) watcher.end(how)
    },
    deaf: false,
    freeze() {
      for (const watcher of watchers) watcher.freeze()
      watchers.clear()
    },
    goneAs: 'event',
    answerWith: (next) => void (override = next),
    recover: () => void (override = undefined),
    tokens: undefined,
    get revision() {
      return revision
    },
    answer(url, init) {
      const { origin, pathname, searchParams: query } = new URL(url)
      const token = /^Bearer (.+)$/.exec(new Headers(init.headers).get('authorization') ?? '')?.[1]
      const seen: Seen = { origin, path: pathname, query, token, at: platform.now() }
      fake.seen.push(seen)
      const overridden = override?.(seen)
      if (overridden !== undefined) return overridden
      const match = PATH.exec(pathname)
      if (match === null) return new Response('404 page not found\n', { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' } })
      const verb = query.get('watch') === '1' || query.get('watch') === 'true' ? 'watch' : 'list'
      const rights = fake.tokens?.get(token ?? '')
      if (fake.tokens !== undefined && rights === undefined) return status(401, 'Unauthorized', 'Unauthorized')
      if (rights !== undefined && !rights.includes(verb)) return status(403, 'Forbidden', `endpointslices.discovery.k8s.io is forbidden: User "gateway" cannot ${verb} resource "endpointslices" in API group "discovery.k8s.io" in the namespace "${match[1]}"`)
      return verb === 'watch' ? watch(match[1], query, init.signal) : list(match[1], query)
    },
  }
  return fake
}

/** Puts one behind the platform's `fetch`, for whatever address is asked. */
export function fakeK8s(platform: FakePlatform): FakeK8s {
  const fake = createFakeK8s(platform)
  platform.onFetch((url, init) => fake.answer(url, init))
  return fake
}

/** A failure as the API server words it. */
export function status(code: number, reason: string, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(statusText(code, reason, message), { status: code, headers: { 'content-type': 'application/json', ...headers } })
}

/** An endpoint as the endpoint slice controller writes it. */
export function endpoint(address: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { addresses: [address], conditions: { ready: true, serving: true, terminating: false }, ...more }
}

const JSON_HEADERS = { headers: { 'content-type': 'application/json' } }

function statusText(code: number, reason: string, message: string): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code })
}

function lineOf({ type, object }: Event): string {
  return `{"type":"${type}","object":${object.text}}`
}

function concerns(watcher: Watcher, object: Stored): boolean {
  return (watcher.namespace === undefined || watcher.namespace === object.namespace) && watcher.selects(object.labels)
}

/** The three forms of a selector that are needed: `key`, `key=value`, `key in (a,b)`. */
function selectorOf(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const many = /^(\S+) in \(([^)]*)\)$/.exec(text)
  if (many !== null) {
    const values = new Set((many[2] ?? '').split(','))
    return (labels) => values.has(labels[many[1] ?? ''] ?? '')
  }
  const [key = '', value] = text.split('=')
  return (labels) => key === '' || (value === undefined ? labels[key] !== undefined : labels[key] === value)
}

function store(spec: SliceSpec, namespace: string, uid: string, revision: number): Stored {
  const labels = { ...spec.labels, [SERVICE]: spec.service, 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' }
  const object = {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      name: spec.name,
      generateName: `${spec.service}-`,
      namespace,
      uid,
      resourceVersion: String(revision),
      generation: 1,
      creationTimestamp: '2024-01-01T00:00:00Z',
      labels,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: spec.service, uid: `${uid}-service`, controller: true, blockOwnerDeletion: true }],
    },
    addressType: spec.addressType ?? 'IPv4',
    endpoints: spec.endpoints,
    ports: spec.ports === undefined ? [{ name: 'http', port: 8080, protocol: 'TCP' }] : spec.ports,
  }
  return { namespace, name: spec.name, labels, text: JSON.stringify(object), uid }
}
