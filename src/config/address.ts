// Addresses: ranges (CIDR) of clients, and host:port of endpoints and listeners.
import ipaddr from 'ipaddr.js'
import { containsCidr, parseCidr } from '../route/cidr.ts'
import { Complaint } from './complaint.ts'

/** `10.0.0.0/8`, `::1`, `10.0.0.7` → a range in normal form with its prefix length. IPv4 inside IPv6 becomes IPv4. */
export function readCidr(text: string): string {
  const [address, prefix, more] = text.split('/')
  if (more !== undefined || address === undefined || !isAddress(address)) throw new Complaint(`'${text}' is not an address or a range`, 'write 10.0.0.0/8 or 2001:db8::/32')
  let ip = ipaddr.parse(address)
  const most = ip.kind() === 'ipv4' ? 32 : 128
  let bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (bits < 0 || bits > most) throw new Complaint(`'${text}': the prefix length must be 0 to ${most}`)
  if (ip instanceof ipaddr.IPv6 && ip.isIPv4MappedAddress() && bits >= 96) [ip, bits] = [ip.toIPv4Address(), bits - 96]
  const network = networkOf(ip, bits)
  if (network !== ip.toString()) throw new Complaint(`'${text}' has bits after its prefix`, `write ${network}/${bits}, or ${ip.toString()}/${ip.kind() === 'ipv4' ? 32 : 128} for this address alone`)
  return `${network}/${bits}`
}

/** A range in normal form; undefined for what `readCidr` complains of. */
export function rangeOf(text: string): string | undefined {
  try {
    return readCidr(text)
  } catch (error) {
    if (error instanceof Complaint) return undefined
    throw error
  }
}

/** Whether every address of `inner` lies in `outer`; both are ranges in normal form. */
export function containsRange(outer: string, inner: string): boolean {
  const [wide, narrow] = [parseCidr(outer), parseCidr(inner)]
  // As ranges of IPv6, which they are there, those of IPv4 would lie in `::/0`.
  return outer.includes(':') === inner.includes(':') && wide !== undefined && narrow !== undefined && containsCidr(wide, narrow)
}

/** Whether a text is a whole IPv4 (four decimal parts) or IPv6 address. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}

function networkOf(ip: ipaddr.IPv4 | ipaddr.IPv6, bits: number): string {
  const bytes = ip.toByteArray().map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))) & 0xff)
  return ipaddr.fromByteArray(bytes).toString()
}

/** An address or a name to listen on; an IPv6 address with or without brackets becomes one without. */
export function readListenHost(text: string): string {
  const host = text.startsWith('[') && text.endsWith(']') && text.includes(':') ? text.slice(1, -1) : text
  if (!/^[^\s/[\]]+$/.test(host)) throw new Complaint(`'${text}' is no address and no name`, 'write 127.0.0.1, ::1 or localhost')
  return host
}

/** `host:port`, `[::1]:80` → parts. The host of an IPv6 address stands without brackets. */
export function readHostPort(text: string): { host: string; port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(parts?.[3])
  if (parts === null || port > 65_535 || (parts[1] !== undefined && !isAddress(parts[1]))) throw new Complaint(`'${text}' is not host:port`, 'write 10.0.0.1:80, name:80 or [::1]:80')
  return { host: parts[1] ?? (parts[2] as string), port }
}
