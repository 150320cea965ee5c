// Who sent a request and by which scheme, through proxies that are believed: the right-most address that none of them is.
import type { HeaderList } from '../model/headers.ts'
import { type Cidr, inCidr, parseAddress, parseCidr } from '../route/cidr.ts'

/** Answers whether an address belongs to a trusted proxy. */
export type Trust = (address: string) => boolean

/** Members of a forwarding header that are looked at; a longer chain is an attack on the reader. */
const MAX_HOPS = 64

/** Compiles a list of ranges; empty trusts nobody. Ranges that do not parse trust nobody either: config has refused them before. */
export function trustOf(ranges: readonly string[]): Trust {
  const cidrs = ranges.map(parseCidr).filter((cidr): cidr is Cidr => cidr !== undefined)
  if (cidrs.length === 0) return () => false
  return (text) => {
    const address = parseAddress(text)
    return address !== undefined && cidrs.some((cidr) => inCidr(address, cidr))
  }
}

/** IPv4 written as an IPv6-mapped address, the way a dual-stack socket reports it, in its plain form. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * The client's address. `peer` is trusted already. X-Forwarded-For is read first, then `for=` of Forwarded (RFC 7239); a member
 * that is no address ends the search at the hop before it.
 */
export function clientAddress(headers: HeaderList, peer: string, trusted: Trust): string {
  const hops = headers.has('x-forwarded-for') ? members(headers.getAll('x-forwarded-for')) : members(headers.getAll('forwarded')).map(forOf)
  let address = peer
  for (let i = hops.length - 1, seen = 0; i >= 0 && seen < MAX_HOPS; i--, seen++) {
    const hop = bare(hops[i] as string)
    if (parseAddress(hop) === undefined) return address
    address = unmapped(hop)
    if (!trusted(address)) return address
  }
  return address
}

/**
 * The scheme in which the client asked, as the nearest proxy says it; undefined when it says none. The peer is trusted already.
 * X-Forwarded-Proto is read first, then `proto=` of Forwarded.
 */
export function clientScheme(headers: HeaderList): 'http' | 'https' | undefined {
  const said = headers.has('x-forwarded-proto') ? members(headers.getAll('x-forwarded-proto')).at(-1) : protoOf(members(headers.getAll('forwarded')).at(-1) ?? '')
  // Some write the scheme of the WebSocket.
  if (/^(?:https|wss)$/i.test(said ?? '')) return 'https'
  return /^(?:http|ws)$/i.test(said ?? '') ? 'http' : undefined
}

function members(values: readonly string[]): string[] {
  return values.join(',').split(',').map((member) => member.trim())
}

function forOf(element: string): string {
  return /(?:^|;)\s*for=("?)([^";]*)\1/i.exec(element)?.[2] ?? ''
}

function protoOf(element: string): string {
  return /(?:^|;)\s*proto=("?)([^";]*)\1/i.exec(element)?.[2] ?? ''
}

/** Without brackets and port: `[2001:db8::1]:443`, `192.0.2.1:1234`. */
function bare(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, Math.max(1, hop.indexOf(']')))
  const colon = hop.indexOf(':')
  return colon >= 0 && colon === hop.lastIndexOf(':') ? hop.slice(0, colon) : hop
}
