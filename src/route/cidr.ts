// Addresses and ranges as four 32-bit words, so that a test is a few masks. IPv4 is kept as its IPv6-mapped form
// (RFC 4291 section 2.5.5.2): one comparison serves both families, and `::ffff:10.0.0.1` cannot pass by a rule on 10.0.0.0/8.
import ipaddr from 'ipaddr.js'

/** An address, most significant word first. */
export type Address = readonly [number, number, number, number]

/** A range of addresses. */
export interface Cidr {
  readonly network: Address
  /** Leading bits that must be equal, 0 to 128; an IPv4 range counts from 96. */
  readonly bits: number
}

let lastText = ''
let last: Address | undefined

/** Parses an address, with or without an IPv6 zone; undefined for anything else. Remembers the last one: a request asks many rules. */
export function parseAddress(text: string): Address | undefined {
  if (text !== lastText) {
    last = readAddress(text)
    lastText = text
  }
  return last
}

/** Parses `10.0.0.0/8`, `2001:db8::/32` or a single address; undefined for anything else. Bits after the prefix are cut. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  const address = readAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const width = text.includes(':') ? 128 : 32
  const prefix = slash < 0 ? String(width) : text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > width) return undefined
  const bits = Number(prefix) + 128 - width
  return { network: mask(address, bits), bits }
}

/** Whether the address lies in the range. */
export function inCidr(address: Address, { network, bits }: Cidr): boolean {
  for (let word = 0; word < 4; word++) {
    const left = bits - word * 32
    if (left <= 0) return true
    if (((((address[word] ?? 0) ^ (network[word] ?? 0)) & wordMask(left)) >>> 0) !== 0) return false
  }
  return true
}

/** Whether every address of `inner` lies in `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return inner.bits >= outer.bits && inCidr(inner.network, outer)
}

function readAddress(text: string): Address | undefined {
  const zone = text.indexOf('%')
  const bare = zone < 0 ? text : text.slice(0, zone)
  // The library also reads `10.1`, octal and hexadecimal parts: other programs read those in other ways.
  if (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)) return undefined
  if (!ipaddr.isValid(bare)) return undefined
  const parsed = ipaddr.parse(bare)
  const parts = (parsed instanceof ipaddr.IPv6 ? parsed : parsed.toIPv4MappedAddress()).parts
  return [word(parts, 0), word(parts, 2), word(parts, 4), word(parts, 6)]
}

function word(parts: readonly number[], at: number): number {
  return (((parts[at] ?? 0) << 16) | (parts[at + 1] ?? 0)) >>> 0
}

function wordMask(bits: number): number {
  return bits >= 32 ? 0xffffffff : ~(0xffffffff >>> bits)
}

function mask(address: Address, bits: number): Address {
  const at = (word: number): number => (bits <= word * 32 ? 0 : (address[word] ?? 0) & wordMask(bits - word * 32)) >>> 0
  return [at(0), at(1), at(2), at(3)]
}
