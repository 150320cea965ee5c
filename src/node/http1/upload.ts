// The uploads of one client connection: the body of the request under way, how long it may still take, and what ended it too early.
import type { Socket } from 'node:net'
import { GatewayError } from '../../model/error.ts'
import type { Connection } from './connection.ts'
import type { RequestBody } from './request-body.ts'
import type { BodyOwner } from './request-input.ts'
import type { ParsedRequest } from './request-parser.ts'

/** The connection that the bodies come on. */
export interface UploadOwner {
  readonly socket: Socket
  /** Of the connection, and of the body while one is awaited. */
  deadline: number
  /** A body is awaited. No longer once a final answer is on its way: the client may well stop there (RFC 9112 section 9.5), and must get all of it. */
  readonly uploading: boolean
  /** Nothing is read any more. */
  readonly gone: boolean
  /** The body broke its framing, its limit or its time while the request was being served. */
  onBroken(error: GatewayError): void
}

/** The bodies of one connection, one after another. */
export class Upload implements BodyOwner {
  /** Undefined for a request without one. */
  body: RequestBody | undefined
  /** Declared length, -1 for none. */
  length = -1
  chunked = false
  /** The client has asked whether to send it. */
  expects = false
  /** Platform time at which the last byte came, milliseconds; 0 before that. */
  wholeAt = 0
  /** What ended the body too early, once it has. */
  broken: GatewayError | undefined
  private readonly owner: UploadOwner
  private readonly connection: Connection

  constructor(owner: UploadOwner, connection: Connection) {
    this.owner = owner
    this.connection = connection
  }

  /** A request is to be served, with what is to come of a body. */
  begin(parsed: ParsedRequest, body: RequestBody | undefined): void {
    this.body = body
    this.length = parsed.length
    this.chunked = parsed.chunked
    this.expects = parsed.expects
    this.wholeAt = 0
    this.broken = undefined
    this.owner.deadline = body === undefined || parsed.expects ? 0 : this.fullTime()
  }

  /** The endpoint takes more. */
  resumeReading(): void {
    if (this.owner.gone) return
    const { socket } = this.owner
    // The time for the next byte starts now: until now none could come.
    if (socket.isPaused()) this.restart()
    socket.resume()
  }

  /** The endpoint takes nothing: from now on the time is its own. */
  pauseReading(): void {
    const { socket } = this.owner
    if (!socket.isPaused()) this.restart()
    socket.pause()
  }

  /** Data gives the client more time, the more the more of it, and never more than for a first byte: what only drips holds no connection of an endpoint for ever. */
  onBodyData(bytes: number): void {
    const { owner } = this
    if (!owner.uploading) return
    const most = this.fullTime()
    if (owner.deadline === 0) owner.deadline = most
    else if (bytes > 0) owner.deadline = Math.min(most, owner.deadline + (bytes * 1000) / this.connection.limits.bodyRate)
  }

  onBodyEnd(): void {
    this.wholeAt = this.connection.now()
    this.owner.deadline = 0
  }

  onBadBody(error: GatewayError): void {
    this.broken = error
    this.owner.onBroken(error)
  }

  /** An interim answer is on its way: what the client has waited for, when it is a 100. */
  onInterim(status: number): void {
    if (status === 100 && this.owner.deadline === 0) this.restart()
  }

  /** The time is over. */
  onLate(): void {
    if (this.owner.socket.isPaused()) this.onBadBody(new GatewayError('upstream_timeout', 'the endpoint took no byte of the body in time', { side: 'upstream' }))
    else this.onBadBody(new GatewayError('request_timeout', 'the body came too slowly', { side: 'downstream' }))
  }

  private restart(): void {
    if (this.owner.uploading) this.owner.deadline = this.fullTime()
  }

  private fullTime(): number {
    return this.connection.sweep.after(this.connection.limits.bodyTimeout)
  }
}
