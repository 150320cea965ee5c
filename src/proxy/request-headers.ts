// The header fields of a request as they leave: hop-by-hop fields gone, forwarding fields rewritten, the route's rules applied.
import type { Exchange } from '../model/exchange.ts'
import type { HeaderList } from '../model/headers.ts'
import type { RequestHead } from '../model/request.ts'
import type { HeaderRules, Params } from '../model/route.ts'
import { classOf, HOP, namedByConnection, TRUST } from './header-class.ts'
import { applyRules } from './header-rules.ts'

/** Builds the outbound fields. Host, framing, `Connection`, `Upgrade` and `Expect` are the transport's. */
export function outboundHeaders(exchange: Exchange, requestId: string, rules: HeaderRules | undefined, params: Params): HeaderList {
  const { head, trustedPeer } = exchange
  const named = head.headers.has('connection') ? namedByConnection(head.headers.getAll('connection')) : undefined
  const out = head.headers.select((key) => {
    const kind = classOf(key)
    if (kind === HOP || (kind === TRUST && (!trustedPeer || isRewritten(key))) || key === 'x-request-id') return false
    return named === undefined || !named.includes(key)
  })
  // After removal, so that `Connection: X-Forwarded-For` cannot take away what this hop vouches for.
  if (trustedPeer) extendForwarding(out, exchange)
  else startForwarding(out, exchange)
  out.push('x-request-id', 'x-request-id', requestId)
  if (rules !== undefined) applyRules(out, rules, params)
  return out
}

/** Forwarding fields that this hop extends or replaces even when the peer is trusted. */
function isRewritten(key: string): boolean {
  return key === 'x-forwarded-for' || key === 'x-forwarded-proto' || key === 'x-forwarded-host' || key === 'forwarded'
}

function startForwarding(out: HeaderList, { head, peerAddress }: Exchange): void {
  out.push('x-forwarded-for', 'x-forwarded-for', peerAddress)
  out.push('x-forwarded-proto', 'x-forwarded-proto', head.scheme)
  out.push('x-forwarded-host', 'x-forwarded-host', head.authority)
}

/** Extends what a trusted proxy said by this hop. */
function extendForwarding(out: HeaderList, { head, peerAddress, peerScheme }: Exchange): void {
  const before = head.headers.getAll('x-forwarded-for')
  out.append('x-forwarded-for', [...before, peerAddress].join(', '))
  out.append('x-forwarded-proto', lastMember(head, 'x-forwarded-proto') ?? head.scheme)
  out.append('x-forwarded-host', lastMember(head, 'x-forwarded-host') ?? head.authority)
  const forwarded = head.headers.getAll('forwarded')
  if (forwarded.length > 0) out.append('forwarded', [...forwarded, `for=${nodeOf(peerAddress)};proto=${peerScheme};host="${head.authority}"`].join(', '))
}

function lastMember(head: RequestHead, key: string): string | undefined {
  return head.headers.getAll(key).at(-1)?.split(',').at(-1)?.trim()
}

/** A node identifier of RFC 7239 section 6: IPv6 in brackets and quotes. */
function nodeOf(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address
}
