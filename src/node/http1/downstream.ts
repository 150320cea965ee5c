// One client connection, and in which state it is: requests are read one after another, each is served before the next, and after an
// upgrade it is a tunnel.
import type { Socket } from 'node:net'
import { GatewayError } from '../../model/error.ts'
import type { ResponseHead } from '../../model/request.ts'
import { clientClosed } from './client-closed.ts'
import { ClientExchange, type ExchangeOwner } from './client-exchange.ts'
import type { Connection } from './connection.ts'
import { refusalText } from './refusal.ts'
import { Reply, type ReplyOwner } from './reply.ts'
import { type InputOwner, RequestInput } from './request-input.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { Response } from './response.ts'
import type { Timed } from './sweep.ts'
import { Tunnel, type TunnelOwner } from './tunnel.ts'
import { part } from './read-buffers.ts'
import { Upload, type UploadOwner } from './upload.ts'
import { Wire, type WireOwner } from './wire.ts'

/** Between requests, or in the middle of a head. */
const READING = 0
/** A request is being served; its body may still come. */
const SERVING = 1
const TUNNEL = 2
/** Answered for the last time: what still comes is thrown away until the client closes. */
const LINGERING = 3
const CLOSED = 4

/** Milliseconds in which a client may still send after the last answer, so that a reset does not destroy it on the way. */
const LINGER_MS = 1000

/** A connection of a client, from its first byte to its last. */
export class Downstream implements WireOwner, Timed, ReplyOwner, InputOwner, UploadOwner, ExchangeOwner, TunnelOwner {
  deadline = 0
  readonly wire: Wire
  readonly reply: Reply
  private readonly upload: Upload
  private readonly exchange: ClientExchange
  private state: number = READING
  private readonly connection: Connection
  private readonly input: RequestInput
  private served = 0
  /** Is over with the request under way. */
  private underWay: Promise<void> | undefined
  private ended = false
  private tunnel: Tunnel | undefined
  /** The client does not read: its next request waits until it does. */
  private held = false

  constructor(socket: Socket, connection: Connection) {
    this.connection = connection
    this.wire = new Wire(socket, this)
    this.reply = new Reply(this.wire, this)
    this.upload = new Upload(this, connection)
    this.exchange = new ClientExchange(this, connection, this.reply, this.upload)
    this.input = new RequestInput(this, this.upload, connection.scheme, connection.limits)
    this.deadline = connection.sweep.after(connection.limits.headTimeout)
    connection.sweep.add(this)
  }

  get socket(): Socket {
    return this.wire.socket
  }

  get gone(): boolean {
    return this.state === CLOSED || this.state === LINGERING
  }

  get serving(): boolean {
    return this.state === SERVING
  }

  get bodyDone(): boolean {
    return this.input.bodyDone
  }

  get uploading(): boolean {
    return this.state === SERVING && !this.input.bodyDone && !this.reply.started
  }

  get tunnelBytes(): number | undefined {
    return this.tunnel?.bytesIn
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.state === READING) this.input.readHead(bytes, 0, length)
    else if (this.state === SERVING) this.readBody(bytes, 0, length)
    else if (this.state === TUNNEL) this.tunnel?.fromClient(part(bytes, 0, length))
  }

  onEnd(): void {
    this.ended = true
    if (this.state === TUNNEL) this.tunnel?.clientEnded()
    // What is still to be written to it goes out first.
    else if (this.state === LINGERING && !this.socket.writableFinished) return
    else if (this.state === READING) this.leave()
    // A client may end its direction after a whole request and still wait for the answer; within a body it cannot.
    else if (this.state !== SERVING || !this.input.bodyDone) this.destroy()
  }

  onWriteFailed(): boolean {
    return false
  }

  onDrain(): void {
    if (this.held) this.next()
    else if (this.tunnel !== undefined) this.tunnel.clientTakesMore()
    else this.reply.resume()
  }

  onClosed(): void {
    this.destroy()
  }

  onDefect(defect: unknown): void {
    this.connection.sweep.endDefective(this, defect)
  }

  onDeadline(): void {
    this.deadline = 0
    if (this.state === READING && this.input.headBegun) this.refuse(new GatewayError('request_timeout', 'the head came too slowly', { side: 'downstream' }))
    else if (this.state === READING) this.leave()
    else if (this.state === SERVING && !this.input.bodyDone) this.upload.onLate()
    else if (this.state === TUNNEL) this.tunnel?.idle()
    else this.destroy()
  }

  /** Stops after the request under way; a tunnel is told that the gateway goes away. */
  drain(): void {
    this.reply.keepAlive = false
    if (this.state === READING && !this.input.headBegun) this.leave()
  }

  /** Ends the connection at the end of the drain time. */
  cut(): void {
    if (this.state === TUNNEL) this.tunnel?.goAway()
    else this.destroy()
  }

  resumeReading(): void {
    if (this.state !== CLOSED) this.socket.resume()
  }

  pauseReading(): void {
    this.socket.pause()
  }

  onHeadBegun(): void {
    this.exchange.startedAt = this.connection.now()
    this.deadline = this.connection.sweep.after(this.connection.limits.headTimeout)
  }

  onHead(parsed: ParsedRequest, bytes: Buffer, at: number, to: number): void {
    const { connection } = this
    this.state = SERVING
    this.exchange.begin(parsed)
    this.reply.begin(parsed.method, parsed.http10, parsed.keepAlive && !connection.isLast(++this.served))
    this.upload.begin(parsed, this.input.begin(parsed, connection.limits.bodyBytes))
    if (at < to) this.readBody(bytes, at, to)
    const { broken } = this.upload
    if (broken !== undefined) this.refuse(broken)
    else if (this.state === SERVING) this.underWay = connection.serve(this.exchange)
  }

  onBadHead(error: GatewayError): void {
    this.refuse(error)
  }

  private readBody(bytes: Buffer, from: number, to: number): void {
    if (this.upload.broken === undefined) this.input.readBody(bytes, from, to)
  }

  /** A response is out whole: the next request, or the end. */
  onReplied(): void {
    this.exchange.whenGone(undefined)
    if (this.state !== SERVING) return
    if (!this.reply.keepAlive || !this.input.bodyDone || (this.ended && !this.input.isAhead)) return this.linger()
    this.state = READING
    this.upload.body?.release()
    this.deadline = this.connection.sweep.after(this.connection.limits.idleTimeout)
    // Requests without end from a client that reads none of the answers must not fill the memory.
    if (this.wire.needsDrain) this.pauseReading()
    else return this.next()
    this.held = true
  }

  /** Reads on, from what has come already. */
  private next(): void {
    this.held = false
    if (this.state !== READING) return
    // An endpoint may answer before it has taken the body that held the client back.
    if (this.socket.isPaused()) this.socket.resume()
    const ahead = this.input.takeAhead()
    if (ahead === undefined) return
    // Not from within the answer before: fifty pipelined requests must not be fifty frames deep, and the record of the one before is made
    // from what this connection says of it.
    const read = (): void => {
      if (this.state === READING) this.input.readHead(ahead, 0, ahead.length)
    }
    queueMicrotask(() => void this.underWay?.then(read))
  }

  /** Ends a connection on which nothing is asked. What was answered may still be on its way. */
  private leave(): void {
    if (this.wire.backlog > 0) this.linger()
    else this.destroy()
  }

  /** Nothing more will be answered. */
  private linger(): void {
    this.state = LINGERING
    this.upload.body?.release()
    this.held = false
    // A slow client gets the time of a body for what is still to be written; only then the short wait begins.
    this.deadline = this.connection.sweep.after(this.connection.limits.bodyTimeout)
    this.wire.end(() => {
      if (this.ended) this.destroy()
      else this.deadline = this.connection.sweep.now + LINGER_MS
    })
    this.socket.resume()
  }

  /** Answers what cannot be served and ends the connection: after a refusal nobody knows where the next request starts. */
  refuse(error: GatewayError): void {
    if (this.state === CLOSED || this.state === LINGERING) return
    this.connection.onRefused(error, this.exchange.startedAt)
    this.wire.text(refusalText(error))
    this.linger()
  }

  onBroken(error: GatewayError): void {
    if (this.reply.started) return this.destroy()
    // Told to whoever waits for the endpoint: the request's own record must say what its client is told.
    this.exchange.tellGone(error)
  }

  openTunnel(response: Response, head: ResponseHead): Promise<void> {
    this.state = TUNNEL
    this.tunnel = new Tunnel(this, response, this.connection, this.exchange.upgrade)
    const over = this.tunnel.open(head, this.input.takeAhead())
    // It may have said its last before the endpoint switched.
    if (this.ended) this.tunnel.clientEnded()
    return over
  }

  onReplyCut(): void {
    this.destroy()
  }

  /** The connection is over, whoever ended it. */
  destroy(): void {
    if (this.state === CLOSED) return
    this.state = CLOSED
    this.deadline = 0
    this.connection.sweep.remove(this)
    this.connection.onClosed(this)
    this.wire.destroy()
    this.exchange.tellGone()
    this.tunnel?.clientGone()
    this.reply.abandon(clientClosed())
  }
}
