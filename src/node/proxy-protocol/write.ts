// The PROXY protocol header sent to endpoints that ask for it (HAProxy's proxy-protocol.txt, sections 2.1 and 2.2).
import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { Source } from '../../model/request.ts'

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])

/** The header for one client. Addresses of two families, or unknown ones, are sent as UNKNOWN (v1) or LOCAL (v2). */
export function proxyHeader(version: 'v1' | 'v2', source: Source, socket: Pick<Socket, 'localAddress' | 'localPort'>): Buffer {
  const from = withoutZone(source.address)
  const to = withoutZone(socket.localAddress?.replace(/^::ffff:(?=\d)/, '') ?? '')
  const toPort = socket.localPort ?? 0
  const family = isIPv4(from) && isIPv4(to) ? 4 : isIPv6(from) && isIPv6(to) ? 6 : 0
  if (version === 'v1') {
    if (family === 0) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1')
    return Buffer.from(`PROXY TCP${family} ${from} ${to} ${source.port} ${toPort}\r\n`, 'latin1')
  }
  if (family === 0) return Buffer.concat([SIGNATURE, Buffer.from([0x20, 0, 0, 0])])
  const addresses = Buffer.concat([addressBytes(from, family), addressBytes(to, family), portBytes(source.port), portBytes(toPort)])
  return Buffer.concat([SIGNATURE, Buffer.from([0x21, family === 4 ? 0x11 : 0x21, 0, addresses.length]), addresses])
}

/** `fe80::1%eth0` is `fe80::1` to everybody else. */
function withoutZone(address: string): string {
  return address.split('%')[0] as string
}

function portBytes(port: number): Buffer {
  return Buffer.from([port >> 8, port & 255])
}

function addressBytes(address: string, family: 4 | 6 | 0): Buffer {
  if (family === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  const all = tail === undefined ? front : [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]))
}

/** 16-bit groups of a part of an IPv6 address; a trailing dotted quad is two. */
function groups(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [(a << 8) | b, (c << 8) | d]
  })
}
