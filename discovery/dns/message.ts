// DNS messages on the wire (RFC 1035), as far as looking up services needs them: one question out, one reply in. Whatever
// arrives may be forged, so the reader is strict: every length is checked and a name costs a bounded number of steps.
import ipaddr from 'ipaddr.js'

/** What may be asked for, with its number. */
const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const
const CNAME = 5
const OPT = 41
const IN = 1
const HEADER = 12
/** Octets of a name with its lengths, RFC 1035 2.3.4. */
const MAX_NAME = 255
/** Compression pointers in one name; real ones need one or two. */
const MAX_JUMPS = 16

export interface DnsQuestion {
  /** Without the dot at the end. */
  readonly name: string
  readonly type: keyof typeof TYPES
}

export type DnsRecord = { readonly name: string; /** Seconds. */ readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME'; readonly target: string }
  | SrvData
)

/** RFC 2782. The target is `.` when the service is decidedly not offered. */
export interface SrvData {
  readonly type: 'SRV'
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: string
}

export interface DnsReply {
  readonly id: number
  /** Lower-case name and number of the type, as sent back; undefined when the reply has no question. */
  readonly asked: { readonly name: string; readonly type: number } | undefined
  /** Response code: 0 no error, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED … */
  readonly code: number
  readonly truncated: boolean
  /** Records of known types; names in lower case. */
  readonly answers: readonly DnsRecord[]
  readonly additional: readonly DnsRecord[]
}

/** Whether a text can be asked for: labels of 1 to 63 letters, digits, `-` and `_`, at most 253 characters. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(text)
}

/** A question to a resolver (recursion desired). `udpSize` announces by EDNS how large an answer may be; without it, no EDNS. */
export function encodeQuery(id: number, question: DnsQuestion, udpSize?: number): Uint8Array {
  const labels = question.name.split('.').map((label) => new TextEncoder().encode(label))
  const name = labels.flatMap((label) => [label.length, ...label])
  const header = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, udpSize === undefined ? 0 : 1]
  const opt = udpSize === undefined ? [] : [0, 0, OPT, udpSize >> 8, udpSize & 255, 0, 0, 0, 0, 0, 0]
  return Uint8Array.from([...header, ...name, 0, 0, TYPES[question.type], 0, IN, ...opt])
}

/** Reads a reply. Throws an Error that says what is wrong when it is none, or is malformed anywhere. */
export function decodeReply(bytes: Uint8Array): DnsReply {
  try {
    return read(bytes)
  } catch (error) {
    // What the views throw when something is read past the end.
    throw error instanceof RangeError ? new Error('it ends too early', { cause: error }) : error
  }
}

function read(bytes: Uint8Array): DnsReply {
  const reader = new Reader(bytes)
  const id = reader.uint16()
  const flags = reader.uint16()
  const [questions, answers, authorities, additional] = [reader.uint16(), reader.uint16(), reader.uint16(), reader.uint16()]
  if ((flags & 0x8000) === 0) throw new Error('it is a question')
  if (questions > 1) throw new Error(`it has ${questions} questions`)
  const asked = questions === 0 ? undefined : { name: reader.name(), type: reader.uint16(), class: reader.uint16() }
  if (asked !== undefined && asked.class !== IN) throw new Error(`its class is ${asked.class}`)
  const records = (count: number): DnsRecord[] => Array.from({ length: count }, () => reader.record()).filter((record) => record !== undefined)
  const listed = records(answers)
  records(authorities)
  return { id, asked: asked && { name: asked.name, type: asked.type }, code: flags & 15, truncated: (flags & 0x0200) !== 0, answers: listed, additional: records(additional) }
}

/** Whether a reply answers this question. Only an error may leave the question out, RFC 5452 section 9.1. */
export function answers(reply: DnsReply, id: number, question: DnsQuestion): boolean {
  if (reply.id !== id) return false
  if (reply.asked === undefined) return reply.code !== 0 && reply.answers.length === 0
  return reply.asked.name === question.name.toLowerCase() && reply.asked.type === TYPES[question.type]
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    if (bytes.length < HEADER) throw new Error(`it has only ${bytes.length} bytes`)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  uint16(): number {
    const value = this.#view.getUint16(this.#at)
    this.#at += 2
    return value
  }

  #uint32(): number {
    const value = this.#view.getUint32(this.#at)
    this.#at += 4
    return value
  }

  // Lower-case, `.` for the root. What a host name cannot hold is escaped, so that a dot inside a label divides nothing.
  name(): string {
    const labels: string[] = []
    let [at, size, jumps, limit] = [this.#at, 1, 0, this.#at]
    let end: number | undefined
    for (;;) {
      const length = this.#view.getUint8(at)
      if (length === 0) break
      if (length >= 0xc0) {
        const target = this.#view.getUint16(at) & 0x3fff
        // Only back, and ever further back: a loop is not possible.
        if (target >= limit || ++jumps > MAX_JUMPS) throw new Error('a name in it has a bad pointer')
        end ??= at + 2
        at = limit = target
        continue
      }
      if (length > 63) throw new Error('a name in it has a bad label')
      size += length + 1
      if (size > MAX_NAME) throw new Error('a name in it is too long')
      if (at + 1 + length > this.#bytes.length) throw new RangeError()
      labels.push(textOf(this.#bytes.subarray(at + 1, at + 1 + length)))
      at += length + 1
    }
    this.#at = end ?? at + 1
    return labels.length === 0 ? '.' : labels.join('.')
  }

  // Undefined for types that are not asked for.
  record(): DnsRecord | undefined {
    const name = this.name()
    const [type, klass, seconds, length] = [this.uint16(), this.uint16(), this.#uint32(), this.uint16()]
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError()
    const data = klass === IN ? this.#data(type, length) : undefined
    if (data !== undefined && this.#at !== end) throw new Error('a record in it has a bad length')
    this.#at = end
    // A time with the highest bit is 0, RFC 2181 section 8.
    return data && { name, ttl: seconds > 0x7fff_ffff ? 0 : seconds, ...data }
  }

  #data(type: number, length: number): { type: 'A' | 'AAAA'; address: string } | { type: 'CNAME'; target: string } | SrvData | undefined {
    if (type === TYPES.A) return { type: 'A', address: this.#address(4, length) }
    if (type === TYPES.AAAA) return { type: 'AAAA', address: this.#address(16, length) }
    if (type === CNAME) return { type: 'CNAME', target: this.name() }
    if (type === TYPES.SRV) return { type: 'SRV', priority: this.uint16(), weight: this.uint16(), port: this.uint16(), target: this.name() }
    return undefined
  }

  #address(size: number, length: number): string {
    if (length !== size) throw new Error('an address in it has a bad length')
    const bytes = this.#bytes.subarray(this.#at, this.#at + size)
    this.#at += size
    return ipaddr.fromByteArray([...bytes]).toString()
  }
}

function textOf(label: Uint8Array): string {
  const text = String.fromCharCode(...label).toLowerCase()
  // oxlint-disable-next-line no-control-regex -- everything that is no letter, digit, hyphen or underscore
  return text.replace(/[^a-z0-9_-]/g, (character) => `\\${character.charCodeAt(0).toString().padStart(3, '0')}`)
}
