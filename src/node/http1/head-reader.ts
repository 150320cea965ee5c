// Collects the bytes of one head, which mostly come in one piece, and hands out its text and marks.
import { GatewayError } from '../../model/error.ts'
import { latin1 } from './latin1.ts'
import { BAD, DONE, type HeadLimits, HeadScanner, LINE_TOO_LONG, MORE } from './scanner.ts'

/** Reads heads one after another from a connection. */
export class HeadReader {
  /** The head as text, one character a byte; valid until the next read. */
  text = ''
  /** What positions in `scanner` are relative to, so that `position - base` is an index into `text`. */
  base = 0
  scanner: HeadScanner
  private readonly kind: 'request' | 'response'
  /** For heads that arrive whole. */
  private readonly shared: HeadScanner
  /** Bytes of a head that came in pieces; undefined in the usual case. */
  private held: Buffer | undefined
  private heldLength = 0

  constructor(kind: 'request' | 'response') {
    this.kind = kind
    this.scanner = this.shared = SHARED[kind]
  }

  /** True when part of a head has arrived, and more of it than an empty line before it. */
  get started(): boolean {
    return this.held !== undefined && this.scanner.begun
  }

  /** Reads from `at` up to `to`. Returns the offset after the head, or -1 when more bytes are needed. Throws a GatewayError for a bad one. */
  read(bytes: Buffer, at: number, to: number, limits: HeadLimits): number {
    if (this.held !== undefined) return this.readOn(bytes, at, to, limits)
    if (at === to) return -1
    const scanner = this.shared
    scanner.reset(at)
    const result = scanner.scan(bytes, to, limits)
    if (result === DONE) {
      this.scanner = scanner
      this.base = at
      this.text = latin1(bytes, at, scanner.end)
      return scanner.end
    }
    if (result !== MORE) throw this.refusal(result)
    this.hold(bytes, at, to, limits)
    return -1
  }

  /** The rest of the head was not in one piece: from now on it has a buffer and a scanner of its own. */
  private hold(bytes: Buffer, at: number, to: number, limits: HeadLimits): void {
    this.scanner = new HeadScanner(this.kind)
    this.scanner.reset(0)
    this.heldLength = to - at
    this.held = Buffer.allocUnsafe(Math.max(1024, this.heldLength * 2))
    bytes.copy(this.held, 0, at, to)
    this.scanner.scan(this.held, this.heldLength, limits)
  }

  private readOn(bytes: Buffer, at: number, to: number, limits: HeadLimits): number {
    const before = this.heldLength
    const length = before + to - at
    let held = this.held as Buffer
    if (length > held.length) {
      const larger = Buffer.allocUnsafe(length * 2)
      held.copy(larger, 0, 0, before)
      this.held = held = larger
    }
    bytes.copy(held, before, at, to)
    this.heldLength = length
    const result = this.scanner.scan(held, length, limits)
    if (result === MORE) return -1
    if (result !== DONE) throw this.refusal(result)
    this.base = 0
    this.text = latin1(held, 0, this.scanner.end)
    this.held = undefined
    return at + this.scanner.end - before
  }

  private refusal(result: number): GatewayError {
    if (this.kind === 'response') return new GatewayError('upstream_protocol', 'a malformed or too large response head', { side: 'upstream' })
    if (result === BAD) return new GatewayError('bad_request', 'a byte that the grammar of HTTP/1.1 does not allow in a head', { side: 'downstream' })
    return result === LINE_TOO_LONG
      ? new GatewayError('uri_too_long', 'the request line is over the limit', { side: 'downstream' })
      : new GatewayError('headers_too_large', 'the header fields are over the limit', { side: 'downstream' })
  }
}

/** Heads that arrive whole are scanned and read in one go, so one scanner serves every connection. */
const SHARED = { request: new HeadScanner('request'), response: new HeadScanner('response') }
