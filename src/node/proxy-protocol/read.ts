// Reads the PROXY protocol header that a trusted proxy puts before a connection's bytes (HAProxy's proxy-protocol.txt).
import { isIPv4, isIPv6, SocketAddress } from 'node:net'

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])
/** The longest v1 header, CRLF included. */
const MAX_V1 = 107
/** Addresses and TLVs of a v2 header. */
const MAX_V2 = 4096

/** `more`: not whole yet. `bad`: not a PROXY header; the connection is dropped. Without an address the peer itself is the source. */
export type ProxyHeader =
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' }
  | { readonly kind: 'ok'; readonly length: number; readonly address?: string; readonly port?: number }

/** Reads a header from the start of a connection. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const compared = Math.min(bytes.length, SIGNATURE.length)
  if (bytes.subarray(0, compared).equals(SIGNATURE.subarray(0, compared))) return bytes.length < 16 ? { kind: 'more' } : readV2(bytes)
  return readV1(bytes)
}

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.indexOf('\r\n')
  if (end < 0) return bytes.length < MAX_V1 && 'PROXY '.startsWith(bytes.toString('latin1', 0, Math.min(6, bytes.length))) ? { kind: 'more' } : { kind: 'bad' }
  const line = bytes.toString('latin1', 0, end)
  const length = end + 2
  if (length > MAX_V1) return { kind: 'bad' }
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'ok', length }
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})$/.exec(line)
  if (match === null) return { kind: 'bad' }
  const [, family, from = '', to = '', port = ''] = match
  const valid = family === '4' ? isIPv4(from) && isIPv4(to) : isIPv6(from) && isIPv6(to)
  return valid && Number(port) <= 65_535 ? { kind: 'ok', length, address: from, port: Number(port) } : { kind: 'bad' }
}

function readV2(bytes: Buffer): ProxyHeader {
  const command = bytes[12] as number
  const family = bytes[13] as number
  const size = bytes.readUInt16BE(14)
  if (command >> 4 !== 2 || (command & 15) > 1 || size > MAX_V2) return { kind: 'bad' }
  const length = 16 + size
  if (bytes.length < length) return { kind: 'more' }
  // LOCAL: the proxy speaks for itself (a health check).
  if ((command & 15) === 0) return { kind: 'ok', length }
  if (family === 0x11) return size < 12 ? { kind: 'bad' } : { kind: 'ok', length, address: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) }
  if (family === 0x21) return size < 36 ? { kind: 'bad' } : { kind: 'ok', length, address: ipv6(bytes.subarray(16, 32)), port: bytes.readUInt16BE(48) }
  return { kind: 'ok', length }
}

/** As a socket would say it, so that one client has one name: `2001:db8::1`, `::ffff:192.0.2.7`. */
function ipv6(bytes: Buffer): string {
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(i).toString(16))
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}
