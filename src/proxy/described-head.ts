// A request that was described rather than received (explain, tests of a table) as the head that the table decides on. It goes
// through the same normal forms as a received one, so that what would be refused is refused here too.
import type { ExplainRequest } from '../model/admin.ts'
import type { CallerConfig } from '../model/table-config.ts'
import { GatewayError, type Reason } from '../model/error.ts'
import { HeaderList } from '../model/headers.ts'
import { octetsOf } from '../model/octets.ts'
import type { RequestHead, Source } from '../model/request.ts'
import { isToken } from '../model/token.ts'
import { parseAddress } from '../route/cidr.ts'
import { clientAddress, clientScheme, type Trust, trustOf, unmapped } from './client-address.ts'
import { removeClaims } from './header-class.ts'
import { checkMethod } from './method.ts'
import { normalizeHost, normalizePath } from './normalize.ts'

/** What the description may leave out or refer to. */
export interface DescribedBy {
  readonly callers: readonly CallerConfig[]
  /** Listener when none is named. */
  readonly listener: string
  /** Scheme of a URL without one. Default `http`. */
  readonly scheme?: 'http' | 'https'
  /** Whose forwarding headers the listener believes. Without it the description is of what the table sees, and all of it stands. */
  readonly trustedProxies?: readonly string[]
}

// oxlint-disable-next-line no-control-regex -- control characters are what must not be in a field value (RFC 9110 section 5.5)
const NOT_IN_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]/
const MAX_HEADERS = 100

/** Throws a GatewayError with the reason with which a received request like this is refused, or that says what of the description is wrong. */
export function describedHead(request: ExplainRequest, { callers, listener, scheme: unsaid = 'http', trustedProxies }: DescribedBy): RequestHead {
  checkMethod(request.method)
  const url = splitUrl(request.url, unsaid)
  const headers = headersOf(request.headers ?? [])
  const scheme = url.scheme
  const host = headers.get('host') ?? url.host
  const normal = normalizeHost(host, scheme)
  if (normal === undefined) throw refuse('bad_host', `${JSON.stringify(host)} is not a host name with an optional port`)
  const mark = url.target.indexOf('?')
  const path = normalizePath(mark < 0 ? url.target : url.target.slice(0, mark))
  const query = mark < 0 ? '' : url.target.slice(mark)
  if (path === undefined || /[^\x21-\x7e]/.test(query)) throw refuse('bad_path', `the path or query of ${JSON.stringify(request.url)} is malformed or can be read in more than one way`)
  const peer = sourceOf(request.from ?? '127.0.0.1', callers)
  if (!headers.has('host')) headers.append('Host', host)
  return {
    method: request.method,
    ...(trustedProxies === undefined ? { scheme, source: peer } : sentBy(peer, scheme, headers, trustOf(trustedProxies))),
    authority: normal.authority,
    host: normal.host,
    path: path.path,
    matchPath: path.matchPath,
    query,
    headers,
    listener: request.listener ?? listener,
  }
}

/** Who asked and by which scheme, when it is this peer that sends the request. Removes the fields that only a trusted one may send. */
function sentBy(peer: Source, scheme: 'http' | 'https', headers: HeaderList, trusted: Trust): Pick<RequestHead, 'scheme' | 'source'> {
  if (trusted(peer.address)) return { scheme: clientScheme(headers) ?? scheme, source: { ...peer, address: clientAddress(headers, peer.address, trusted) } }
  removeClaims(headers)
  return { scheme, source: peer }
}

interface SplitUrl {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly target: string
}

/** Not by `URL`, which would repair just what must be refused. A fragment is never sent, so it is cut. */
function splitUrl(url: string, unsaid: SplitUrl['scheme']): SplitUrl {
  const match = /^(?:(https?):\/\/)?([^/?#]*)([^#]*)/i.exec(url)
  const [, scheme = unsaid, host = '', rest = ''] = match ?? []
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', host: host === '' ? 'localhost' : host, target: rest.startsWith('/') ? rest : `/${rest}` }
}

function headersOf(pairs: readonly (readonly [string, string])[]): HeaderList {
  if (pairs.length > MAX_HEADERS) throw refuse('headers_too_large', `${pairs.length} header fields, the limit is ${MAX_HEADERS}`)
  const headers = new HeaderList()
  for (const [name, value] of pairs) {
    if (!isToken(name)) throw refuse('bad_request', `${JSON.stringify(name)} is not the name of a header field`)
    if (NOT_IN_VALUE.test(value)) throw refuse('bad_request', `the value of ${name} holds a control character`)
    headers.append(name, octetsOf(value.trim()))
  }
  if (headers.getAll('host').length > 1) throw refuse('bad_host', 'more than one Host')
  return headers
}

/** An address, the name of a caller (its first certificate name, or an address of its first range), or a certificate name itself. */
function sourceOf(from: string, callers: readonly CallerConfig[]): Source {
  const caller = callers.find(({ name }) => name === from)
  const identity = caller?.spiffe[0] ?? (from.startsWith('spiffe://') ? from : undefined)
  if (identity !== undefined) return { address: '127.0.0.1', port: 0, identities: [identity] }
  const address = caller === undefined ? from : (caller.cidr[0]?.split('/')[0] ?? '')
  if (parseAddress(address) !== undefined) return { address: unmapped(address), port: 0, identities: [] }
  const known = callers.length === 0 ? 'the table has no callers' : `callers of the table: ${callers.map(({ name }) => name).join(', ')}`
  throw refuse('bad_request', `from: ${JSON.stringify(from)} is neither an address, a spiffe:// name nor a caller (${known})`)
}

function refuse(reason: Reason, message: string): GatewayError {
  return new GatewayError(reason, message, { side: 'downstream' })
}
