// The API server as it is asked: lists in pages, watches, its ways of saying no.
import type { Platform } from '../../src/model/platform.ts'
import type { Capabilities } from '../adapter.ts'
import { askOne, createAddresses, type Addresses } from '../addresses.ts'
import { withDeadline, type Late } from '../deadline.ts'
import { ask, later, open, typeOf } from '../http.ts'
import { SERVICE_ACCOUNT, type K8sOptions } from './options.ts'
import { parseJson, recordOf } from '../json.ts'
import { readLines } from '../lines.ts'
import { createSecret } from '../secret.ts'
import { printable, saidBy } from '../text.ts'

/** Slices of one page: with at most 1000 endpoints each they stay below the bound of one answer. */
const PAGE = 80
/** More would be a mistake, or an attack. */
const PAGES = 1250
/** How often a list begins anew because its pages expired meanwhile. */
const RESTARTS = 2
const DEADLINE = 10_000
/** The server writes at most 1.5 MB into its store. */
const MAX_LINE = 4 * 2 ** 20
const MAX_STATUS = 64 * 1024

/** What the API server said instead of an answer. `expired`: the version that was asked from is gone (410). */
export interface Refusal {
  readonly kind: 'denied' | 'failed' | 'expired'
  readonly message: string
  readonly retryAfter?: number
}

/** A whole list. */
interface Listed {
  readonly kind: 'listed'
  readonly items: readonly unknown[]
  /** Where a watch goes on from. */
  readonly version: string
}

/** An open watch. `lines` throws when the connection breaks. */
interface Watch {
  readonly kind: 'open'
  readonly lines: AsyncGenerator<string, void>
}

/** The questions of this adapter. Both give a refusal rather than throw. */
export interface K8sClient {
  /** All slices of a namespace that the selector takes, as the store has them now. `other` asks another server first where there are several. */
  list(namespace: string, selector: string, other: boolean, signal: AbortSignal): Promise<Listed | Refusal>
  /** The changes since a version, for so many seconds. */
  watch(namespace: string, selector: string, version: string, seconds: number, signal: AbortSignal): Promise<Watch | Refusal>
}

interface Asking {
  readonly platform: Platform
  readonly token: () => Promise<string | undefined>
  readonly options: K8sOptions
  readonly addresses: Addresses
}

/** A client of the API servers at these addresses. Throws when the options need files that the runtime has not. */
export function createK8sClient(registry: string, options: K8sOptions & { readonly address: string | readonly string[] }, platform: Platform, { files }: Capabilities): K8sClient {
  // Such tokens are renewed while the gateway runs.
  const token = createSecret(registry, { name: 'token', written: options.token, file: options.tokenFile, most: 64 * 1024, instead: 'address and token', missing }, files)
  const to: Asking = { platform, token, options, addresses: createAddresses(options.address) }
  return {
    list: (namespace, selector, other, signal) =>
      askOne<Listed | Refusal>({ ...to, confirm: other, signal }, async (address, own) => {
        for (let restarts = 0; ; restarts++) {
          const listed = await orRefusal(listAll(to, address, pathOf(namespace), { labelSelector: selector, limit: String(PAGE) }, own))
          if (listed.kind !== 'expired' || restarts === RESTARTS) return listed
        }
      }),
    watch(namespace, selector, version, seconds, signal) {
      const query = { labelSelector: selector, watch: '1', resourceVersion: version, allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) }
      return askOne<Watch | Refusal>({ ...to, confirm: false, signal }, (address, own) => orRefusal(openWatch(to, `${address}${pathOf(namespace)}?${new URLSearchParams(query).toString()}`, own)))
    },
  }
}

function pathOf(namespace: string): string {
  return `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`
}

function orRefusal<T>(answer: Promise<T | Refusal>): Promise<T | Refusal> {
  return answer.catch((error: unknown): Refusal => ({ kind: 'failed', message: saidBy(error) }))
}

async function listAll(to: Asking, address: string, path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Listed | Refusal> {
  const items: unknown[] = []
  let next = ''
  for (let pages = 0; pages < PAGES; pages++) {
    const page = await readPage(to, `${address}${path}?${new URLSearchParams(next === '' ? query : { ...query, continue: next }).toString()}`, signal)
    if (page.kind !== 'page') return page
    for (const item of page.items) items.push(item)
    next = page.next
    if (next === '') return { kind: 'listed', items, version: page.version }
  }
  return { kind: 'failed', message: `${address}: the list has more than ${PAGES * PAGE} slices` }
}

interface Page {
  readonly kind: 'page'
  readonly items: readonly unknown[]
  readonly version: string
  readonly next: string
}

async function readPage(to: Asking, url: string, signal: AbortSignal): Promise<Page | Refusal> {
  const { origin } = new URL(url)
  const late = (reason: Late): Refusal => ({ kind: 'failed', message: `${origin}: ${reason.message}` })
  return withDeadline<Page | Refusal>(to.platform, DEADLINE, signal, async (own) => {
    const answer = await ask(to.platform, { url, headers: await headersOf(to), signal: own, tls: to.options.tls })
    const body = new TextDecoder().decode(answer.body)
    if (answer.status !== 200) return refusal(origin, answer.status, answer.headers, body)
    const list = recordOf(parseJson(body))
    const metadata = recordOf(list?.['metadata'])
    const items = list?.['items'] ?? []
    const [version, next = ''] = [metadata?.['resourceVersion'], metadata?.['continue']]
    if (typeof version !== 'string' || typeof next !== 'string' || !Array.isArray(items)) {
      return { kind: 'failed', message: `${origin}: the answer is no list of EndpointSlices but ${typeOf(answer.headers)}; is this a Kubernetes API server?` }
    }
    return { kind: 'page', items, version, next }
  }, late)
}

async function openWatch(to: Asking, url: string, signal: AbortSignal): Promise<Watch | Refusal> {
  const response = await open(to.platform, { url, headers: await headersOf(to), signal, tls: to.options.tls })
  if (response.status === 200 && response.body !== null) return { kind: 'open', lines: readLines(response.body, MAX_LINE) }
  let body = ''
  if (response.body !== null) for await (const line of readLines(response.body, MAX_STATUS)) body = (body + line).slice(0, MAX_STATUS)
  return refusal(new URL(url).origin, response.status, response.headers, body)
}

/** A status object, of an answer or of an event of type ERROR, as a refusal. */
export function refusal(origin: string, status: number, headers: Headers | undefined, body: string): Refusal {
  const said = recordOf(parseJson(body))
  const text = typeof said?.['message'] === 'string' ? said['message'] : body
  const message = `${origin}: ${status} ${printable(text).trim()}`.trim()
  const more = later(headers)
  if (status === 401) return { kind: 'denied', message: `${message}; check the token`, ...more }
  if (status === 403) return { kind: 'denied', message: `${message}; the gateway needs get, list and watch on endpointslices`, ...more }
  if (status === 410) return { kind: 'expired', message, ...more }
  if (status === 404) return { kind: 'failed', message: `${message}; discovery.k8s.io/v1 needs Kubernetes 1.21 or newer`, ...more }
  return { kind: 'failed', message, ...more }
}

function missing(file: string): string {
  return `the token file ${file} is missing or empty${file.startsWith(SERVICE_ACCOUNT) ? '; outside a cluster the registry needs address, token and tls.ca' : ''}`
}

async function headersOf(to: Asking): Promise<Readonly<Record<string, string>>> {
  const token = await to.token()
  return { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
}
