// One connection to an endpoint: sends a request, reads a response strictly, and is only reused when provably clean.
import type { Socket } from 'node:net'
import { GatewayError } from '../../model/error.ts'
import type { OutboundRequest, UpstreamResponse } from '../../model/exchange.ts'
import { clientClosed } from './client-closed.ts'
import type { ClientExchange } from './client-exchange.ts'
import { BY_LENGTH, NO_BODY } from './framing.ts'
import { HeadReader } from './head-reader.ts'
import { latin1 } from './latin1.ts'
import { Pending } from './pending.ts'
import { owned, part } from './read-buffers.ts'
import { RequestWriter, type RequestWriterOwner } from './request-writer.ts'
import { ONE_WRITE, Response, type ResponseSource } from './response.ts'
import { BODY_BAD, BODY_END, ResponseBody } from './response-body.ts'
import { type ParsedResponse, parseResponse } from './response-parser.ts'
import type { Sweep, Timed } from './sweep.ts'
import { checkSwitch } from './upgrade.ts'
import { cutResponse, earlyEnd, failure, lateBody } from './upstream-errors.ts'
import { Wire, type WireOwner } from './wire.ts'

/** Limits on what an endpoint may send as a head. */
const LIMITS = { lineBytes: 16 * 1024, headBytes: 128 * 1024, headerCount: 256 }
/** A declared length from which on copying each read would cost more than handing buffers on, in bytes. */
const LONG_BODY = 128 * 1024
/** Milliseconds for what an endpoint may have said before it closed, once a write to it has failed. */
const LAST_WORDS_MS = 1000

/** Who gets a connection back, or learns that it is gone. */
export interface UpstreamOwner {
  readonly sweep: Sweep
  onReusable(upstream: Upstream): void
  onGone(upstream: Upstream): void
  /** A reused connection was found closed: those that are idle now have most likely gone with it. */
  onStale(): void
}

const IDLE = 0
const SENT = 1
const BODY = 2
const TUNNEL = 3
const CLOSED = 4

export class Upstream implements WireOwner, Timed, RequestWriterOwner, ResponseSource {
  private readonly wire: Wire
  deadline = 0
  /** From `Keep-Alive: timeout`, milliseconds; 0 when the endpoint did not say. */
  idleHint = 0
  private state: number = IDLE
  private readonly owner: UpstreamOwner
  private readonly reader = new HeadReader('response')
  private readonly pending = new Pending()
  private response: Response | undefined
  private served = 0
  private readonly writer: RequestWriter
  private readonly body = new ResponseBody()
  private keepAlive = false
  private paused = false
  private bodyTimeout = 0

  constructor(socket: Socket, owner: UpstreamOwner) {
    this.owner = owner
    this.wire = new Wire(socket, this)
    this.writer = new RequestWriter(this.wire, this)
    owner.sweep.add(this)
  }

  get reusable(): boolean {
    return this.state === IDLE && !this.wire.socket.destroyed
  }

  /** Sends the request, and its body as it comes. `deadline` is sweep time, 0 for none. */
  send(exchange: ClientExchange, request: OutboundRequest, deadline: number): Promise<UpstreamResponse> {
    this.state = SENT
    this.pending.begin(exchange, request, deadline === 0 ? 0 : Math.max(1, deadline - this.owner.sweep.now))
    // A long upload is not a slow endpoint: its time begins with the last byte of the request. Until then the client's own limits
    // hold; a client that waits for 100 Continue sends nothing before the endpoint has spoken.
    const { upload } = exchange
    this.deadline = upload.body === undefined || upload.expects ? deadline : 0
    this.bodyTimeout = exchange.bodyTimeout
    this.writer.begin(request, upload)
    return this.pending.head()
  }

  /** A client that asked first has its answer, or did not wait for it. */
  onUpload(): void {
    if (this.state === SENT) this.deadline = 0
  }

  onUploaded(): void {
    const { patience } = this.pending
    if (this.state === SENT && patience !== 0) this.deadline = this.owner.sweep.now + patience
  }

  /** Drops whatever is under way: the connection cannot be trusted to be clean. */
  abort(cause?: GatewayError): void {
    if (this.pending.waits) this.settleWith(cause ?? clientClosed())
    this.forget()
    this.close()
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.wire.socket.pause()
  }

  resume(): void {
    if (!this.paused || this.state === CLOSED) return
    this.paused = false
    // The time for the next byte starts now: until now none could come.
    if (this.state === BODY) this.deadline = this.owner.sweep.after(this.bodyTimeout)
    this.wire.socket.resume()
  }

  writeRaw(bytes: Buffer): boolean {
    return this.state === TUNNEL ? this.wire.bytes(owned(bytes)) : true
  }

  endRaw(done: () => void): void {
    if (this.state === TUNNEL) this.wire.end(done)
    else done()
  }

  get open(): boolean {
    return this.state !== CLOSED
  }

  get backlog(): number {
    return this.wire.backlog
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.state === BODY) this.readBody(bytes, 0, length)
    else if (this.state === SENT) this.readHead(bytes, length)
    else if (this.state === TUNNEL) this.response?.push(part(bytes, 0, length))
    // Bytes nobody asked for: whatever they are, no later request may be answered with them.
    else this.close()
  }

  onEnd(): void {
    if (this.state === BODY && this.body.endsByClose) this.endOfBody('')
    else if (this.state === TUNNEL) this.response?.end('')
    else this.close()
  }

  onDrain(): void {
    if (this.state === TUNNEL) this.pending.exchange?.resumeReading()
    else if (this.writer.failure === undefined) this.pending.exchange?.upload.body?.resume()
  }

  /** The endpoint takes no more, and may have said why before it closed, with a 413 for instance: what it said is on its way, or here. */
  onWriteFailed(error: Error): boolean {
    if (this.state !== SENT && this.state !== BODY) return false
    if (this.writer.failure !== undefined) return true
    this.writer.failure = error
    const last = this.owner.sweep.now + LAST_WORDS_MS
    if (this.state === SENT && (this.deadline === 0 || last < this.deadline)) this.deadline = last
    return true
  }

  onClosed(error: Error | undefined): void {
    this.close(error)
  }

  onDefect(defect: unknown): void {
    this.owner.sweep.endDefective(this, defect)
  }

  /** Ends the connection after a defect of ours, which is no fault of the endpoint. */
  destroy(): void {
    const { response } = this
    const error = new GatewayError('internal', 'a defect on the connection to an endpoint')
    this.settleWith(error)
    response?.fail(error)
    this.close()
  }

  onDeadline(): void {
    this.deadline = 0
    if (this.state === SENT && this.writer.failure !== undefined) this.endedEarly(this.writer.failure)
    else if (this.state === SENT) this.settleWith(failure('upstream_timeout', 'no response head in time', { retry: 'reset' }))
    else if (this.state === BODY) this.response?.fail(lateBody(this.paused))
    this.close()
  }

  private readHead(bytes: Buffer, to: number): void {
    try {
      for (let at = 0; ; ) {
        at = this.reader.read(bytes, at, to, LIMITS)
        if (at < 0) return
        const parsed = parseResponse(this.reader.text, this.reader.scanner, this.reader.base, this.pending.method)
        if (parsed.status >= 200 || parsed.status === 101) return this.begin(parsed, bytes, at, to)
        // It is the client's turn now.
        if (parsed.status === 100 && !this.writer.done && this.writer.failure === undefined) this.deadline = 0
        this.pending.onInterim(parsed)
      }
    } catch (error) {
      this.settleWith(error instanceof GatewayError ? error : new GatewayError('internal', 'a defect while reading a response', { cause: error }))
      // Not a polite end: the endpoint must not go on believing in what it began, a tunnel for instance.
      this.wire.reset()
      this.close()
    }
  }

  /** A final response head is there; its body starts at `at` in `bytes`. */
  private begin(parsed: ParsedResponse, bytes: Buffer, at: number, to: number): void {
    if (parsed.status === 101) checkSwitch(this.pending.upgrade, parsed)
    const answer = this.pending.takeAnswer()
    const response = new Response(this, parsed)
    this.response = response
    this.state = parsed.status === 101 ? TUNNEL : BODY
    this.body.begin(parsed)
    this.keepAlive = parsed.keepAlive
    this.idleHint = parsed.idleSeconds * 1000
    this.deadline = this.state === TUNNEL ? 0 : this.owner.sweep.after(this.bodyTimeout)
    if (this.state === TUNNEL) {
      this.writer.stop()
      if (at < to) response.push(bytes.subarray(at, to))
    } else if (parsed.mode === NO_BODY) {
      if (at < to) this.keepAlive = false
      this.endOfBody('')
    } else {
      if (parsed.length > LONG_BODY) this.wire.readLarge(true)
      if (parsed.mode === BY_LENGTH && to - at === parsed.length && parsed.length <= ONE_WRITE) {
        response.pushWhole(latin1(bytes, at, to))
        this.endOfBody('')
      } else if (at < to) this.readBody(bytes, at, to)
    }
    answer?.(response)
  }

  private readBody(bytes: Buffer, from: number, to: number): void {
    const { response } = this
    this.deadline = this.owner.sweep.after(this.bodyTimeout)
    if (response === undefined) return
    const result = this.body.read(bytes, from, to, response)
    if (this.body.excess) this.keepAlive = false
    if (result === BODY_END) this.endOfBody(this.body.trailers)
    else if (result === BODY_BAD) {
      response.fail(failure('upstream_protocol', 'malformed chunked coding in the response'))
      this.close()
    }
  }

  /** Request and response are over: back to the pool when clean, before the client is told, so that its next request finds it. */
  private endOfBody(trailers: string): void {
    const { response } = this
    const clean = this.keepAlive && this.writer.done && this.writer.failure === undefined && !this.wire.socket.destroyed && !this.wire.socket.readableEnded
    this.served++
    this.deadline = 0
    this.forget()
    this.wire.readLarge(false)
    this.wire.forgiveWrites(false)
    if (clean) {
      this.state = IDLE
      this.resume()
      this.owner.onReusable(this)
    } else this.close()
    response?.end(trailers)
  }

  /** The connection is over before a response head. */
  private endedEarly(error: Error | undefined): void {
    const reason = earlyEnd(this.reader.started, this.served > 0, error)
    if (reason.retry === 'stale') this.owner.onStale()
    this.settleWith(reason)
  }

  /** Ends a request that got no response head. */
  private settleWith(error: GatewayError): void {
    this.response = undefined
    this.pending.fail(error)
  }

  private forget(): void {
    this.response = undefined
    this.pending.forget()
  }

  /** Ends the connection and whatever is under way on it. */
  private close(error?: Error): void {
    if (this.state === CLOSED) return
    const before = this.state
    const { response } = this
    this.state = CLOSED
    this.owner.sweep.remove(this)
    this.owner.onGone(this)
    this.writer.stop()
    this.wire.destroy()
    // Not where it was settled before: a client that left and a timeout say nothing of the idle connections.
    if (before === SENT && this.pending.waits) this.endedEarly(error ?? this.writer.failure)
    else response?.fail(cutResponse(error))
    this.forget()
  }
}
