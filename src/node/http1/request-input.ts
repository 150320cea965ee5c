// What a client sends on its connection, cut into requests: the head and the body of each, and what came ahead of its turn.
import { GatewayError } from '../../model/error.ts'
import type { HeadLimits } from './scanner.ts'
import { BodyReader, type PausableReader } from './body-reader.ts'
import { HeadReader } from './head-reader.ts'
import { owned, part } from './read-buffers.ts'
import type { RequestBody } from './request-body.ts'
import { type ParsedRequest, parseRequest } from './request-parser.ts'

/** Whose bodies they are; its reading waits while an endpoint takes nothing. */
export interface BodyOwner extends PausableReader {
  /** So many bytes of data came, of a body that is not over. */
  onBodyData(bytes: number): void
  onBodyEnd(): void
  onBadBody(error: GatewayError): void
}

/** Whose input it is. */
export interface InputOwner {
  /** The first bytes of a head are there, or all of it. */
  onHeadBegun(): void
  /** A request. What came after its head in the same read starts at `at`. */
  onHead(parsed: ParsedRequest, bytes: Buffer, at: number, to: number): void
  /** Nobody knows where the next request starts. */
  onBadHead(error: GatewayError): void
  pauseReading(): void
}

/** The requests of one connection, one after another. */
export class RequestInput {
  private readonly owner: InputOwner
  private readonly bodyOwner: BodyOwner
  private readonly scheme: 'http' | 'https'
  private readonly limits: HeadLimits
  private readonly heads = new HeadReader('request')
  private readonly bodies: BodyReader
  /** Bytes of the next request that came while one is served. */
  private waiting: Buffer | undefined

  constructor(owner: InputOwner, bodyOwner: BodyOwner, scheme: 'http' | 'https', limits: HeadLimits) {
    this.owner = owner
    this.bodyOwner = bodyOwner
    this.scheme = scheme
    this.limits = limits
    this.bodies = new BodyReader(bodyOwner)
  }

  /** Part of a head has arrived. */
  get headBegun(): boolean {
    return this.heads.started
  }

  /** No byte of the present body is missing. */
  get bodyDone(): boolean {
    return this.bodies.done
  }

  /** The next request has begun to come already. */
  get isAhead(): boolean {
    return this.waiting !== undefined
  }

  /** Reads a head from `from` up to `to`. */
  readHead(bytes: Buffer, from: number, to: number): void {
    const { heads, owner } = this
    try {
      const fresh = !heads.started
      const at = heads.read(bytes, from, to, this.limits)
      if (fresh && (at >= 0 || heads.started)) owner.onHeadBegun()
      if (at >= 0) owner.onHead(parseRequest(heads.text, heads.scanner, heads.base, this.scheme), bytes, at, to)
    } catch (error) {
      owner.onBadHead(error instanceof GatewayError ? error : new GatewayError('internal', 'a defect while reading a request', { cause: error }))
    }
  }

  /** Begins the body that follows a head; undefined when there is none. `limit` in bytes, 0 for none. Throws when the declared length is over it. */
  begin(parsed: ParsedRequest, limit: number): RequestBody | undefined {
    return this.bodies.begin(parsed, limit)
  }

  /** Reads what is body from `from` up to `to`, and keeps the rest for its turn. */
  readBody(bytes: Buffer, from: number, to: number): void {
    const { bodies, bodyOwner } = this
    if (bodies.done) return this.keep(part(bytes, from, to))
    const before = bodies.bytes
    let at: number
    try {
      at = bodies.read(bytes, from, to)
    } catch (error) {
      return bodyOwner.onBadBody(error as GatewayError)
    }
    if (!bodies.done) return bodyOwner.onBodyData(bodies.bytes - before)
    bodyOwner.onBodyEnd()
    if (at < to) this.keep(bytes.subarray(at, to))
  }

  /** What came ahead of its turn, which is now. */
  takeAhead(): Buffer | undefined {
    const { waiting } = this
    this.waiting = undefined
    return waiting
  }

  /** Keeps what follows the request under way, and reads no more until its turn comes. */
  private keep(bytes: Buffer): void {
    this.waiting = this.waiting === undefined ? owned(bytes) : Buffer.concat([this.waiting, bytes])
    this.owner.pauseReading()
  }
}
