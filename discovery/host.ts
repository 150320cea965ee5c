// Which addresses a registry may send traffic to. Registries are writable by many; none may point the gateway at itself's
// metadata service or at an address that another parser reads differently.
import ipaddr from 'ipaddr.js'
import type { Endpoint } from '../src/model/endpoint.ts'
import { normalEndpointHost } from '../src/model/host.ts'

const NAME = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i
// The last label of a name that resolvers take for a number: 2852039166, 0xa9fea9fe, 1.2.3.0x4.
const NUMBER_AT_END = /(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/i
const REFUSED_RANGES: ReadonlySet<string> = new Set(['unspecified', 'broadcast', 'multicast'])
// Metadata services of clouds outside the link-local ranges.
const METADATA: ReadonlySet<string> = new Set(['fd00:ec2::254', '100.100.100.200', 'metadata.google.internal'])

/** Reads a host: in its one spelling when it is fine, else why it is not. */
export function readHost(text: unknown, allowLinkLocal: boolean): { readonly host: string } | { readonly reason: string } {
  if (typeof text !== 'string' || text === '') return { reason: 'has no address' }
  if (text.length > 255) return { reason: 'has an address longer than 255 characters' }
  const host = /^\[.*\]$/.test(text) ? text.slice(1, -1) : text
  const ip = parseAddress(host)
  if (ip === undefined && (!NAME.test(host) || NUMBER_AT_END.test(host))) return { reason: `has an address that is neither a host name nor an IP address: ${JSON.stringify(text)}` }
  const range = ip?.range()
  if (range !== undefined && REFUSED_RANGES.has(range)) return { reason: `has the ${range} address ${host}` }
  if (range === 'linkLocal' && !allowLinkLocal) return { reason: `has the link-local address ${host}; allowLinkLocal permits them` }
  const canonical = ip?.toString() ?? host.toLowerCase().replace(/\.$/, '')
  if (METADATA.has(canonical) && !allowLinkLocal) return { reason: `has the address of a cloud metadata service, ${host}` }
  return { host: normalEndpointHost(host) }
}

/** Where a server is, to compare: two entries with one are the same server. */
export function addressOf({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return `${host} ${port}`
}

function parseAddress(host: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return ipaddr.IPv4.parse(host)
  if (!host.includes(':') || !ipaddr.IPv6.isValid(host)) return undefined
  const address = ipaddr.IPv6.parse(host)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}
