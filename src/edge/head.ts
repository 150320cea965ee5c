// From a Request to the guarded head that the table decides on: the same normal forms as on Node. What the runtime has
// already changed cannot be seen any more: it joins repeated fields with commas and resolves dot segments itself.
import { GatewayError, type Reason } from '../model/error.ts'
import type { RequestHead } from '../model/request.ts'
import { unmapped } from '../proxy/client-address.ts'
import { removeClaims } from '../proxy/header-class.ts'
import { checkMethod } from '../proxy/method.ts'
import { normalizeHost, normalizePath } from '../proxy/normalize.ts'
import { headerList } from './headers.ts'
import type { WorkerdRequest } from './workerd.ts'

/** Throws a GatewayError for what Node would refuse as well. */
export function headOf(request: WorkerdRequest, listener: string): RequestHead {
  const { method } = request
  checkMethod(method)
  // Not by `URL`, which repairs what must be refused.
  const [, protocol = '', authority = '', rawPath = '', query = ''] = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(request.url) ?? []
  const scheme = protocol.toLowerCase() === 'https' ? 'https' : 'http'
  const host = normalizeHost(authority, scheme)
  if (host === undefined) throw refuse('bad_host', 'Host is not a host name, an optional port and nothing else')
  const path = normalizePath(rawPath === '' ? '/' : rawPath)
  if (path === undefined) throw refuse('bad_path', 'the path can be read in more than one way')
  const headers = headerList(request.headers)
  // As on Node for a peer that is not trusted, since nobody is here; what the runtime says of the client is in `source`.
  removeClaims(headers)
  return {
    method,
    scheme,
    authority: host.authority,
    host: host.host,
    path: path.path,
    matchPath: path.matchPath,
    query,
    headers,
    source: { address: clientAddressOf(request), port: 0, identities: [] },
    listener,
  }
}

/**
 * Who sent it. A workerd that stands alone says so itself, and then CF-Connecting-IP is the client's own invention; on
 * Cloudflare there is only the field, which Cloudflare writes. `unknown` matches no range.
 */
export function clientAddressOf({ cf, headers }: WorkerdRequest): string {
  const peer = cf?.clientIp
  if (peer === undefined) return unmapped(headers.get('cf-connecting-ip') ?? 'unknown')
  return unmapped(peer.startsWith('[') ? peer.slice(1, peer.indexOf(']')) : peer.replace(/:\d+$/, ''))
}

function refuse(reason: Reason, message: string): GatewayError {
  return new GatewayError(reason, message, { side: 'downstream' })
}
