// One connection to an endpoint: sends a request, reads a response strictly, and is only reused when provably clean.
import type { Socket } from 'node:net'
import { GatewayError, type GatewayErrorOptions, type Reason } from '../../model/error.ts'
import type { OutboundRequest, UpstreamResponse } from '../../model/exchange.ts'
import { CHUNK_BAD, CHUNK_DATA, CHUNK_END, ChunkedDecoder } from './chunked.ts'
import type { Downstream } from './downstream.ts'
import { type BodyMode, CHUNKED, NO_BODY, UNTIL_CLOSE } from './framing.ts'
import { HeadReader } from './head-reader.ts'
import type { BodySink } from './request-body.ts'
import { Response, type ResponseSource } from './response.ts'
import { type ParsedResponse, parseResponse } from './response-parser.ts'
import type { Sweep, Timed } from './sweep.ts'
import { trailerText } from './trailers.ts'
import { listen, owned, readLarge, type WireOwner } from './wire.ts'
import { requestHead, writeChunk } from './write.ts'

/** Limits on what an endpoint may send as a head. */
const LIMITS = { lineBytes: 16 * 1024, headBytes: 128 * 1024, headerCount: 256 }
/** A declared length from which on copying each read would cost more than handing buffers on, in bytes. */
const LONG_BODY = 128 * 1024
/** Interim responses before the final one. */
const MAX_INTERIM = 32

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

export class Upstream implements WireOwner, Timed, BodySink, ResponseSource {
  readonly socket: Socket
  deadline = 0
  /** From `Keep-Alive: timeout`, milliseconds; 0 when the endpoint did not say. */
  idleHint = 0
  private state: number = IDLE
  private readonly owner: UpstreamOwner
  private readonly reader = new HeadReader('response')
  private exchange: Downstream | undefined
  private resolve: ((response: UpstreamResponse) => void) | undefined
  private reject: ((error: GatewayError) => void) | undefined
  private request: OutboundRequest | undefined
  private response: Response | undefined
  private served = 0
  private interim = 0
  private requestDone = true
  private chunkedRequest = false
  private mode: BodyMode = NO_BODY
  private left = 0
  private decoder: ChunkedDecoder | undefined
  private keepAlive = false
  private paused = false
  private bodyTimeout = 0
  /** Milliseconds for the response head once the request is out, 0 for no limit. */
  private patience = 0

  constructor(socket: Socket, owner: UpstreamOwner) {
    this.socket = socket
    this.owner = owner
    listen(socket, this)
    owner.sweep.add(this)
  }

  get reusable(): boolean {
    return this.state === IDLE && !this.socket.destroyed
  }

  /** Sends the request, and its body as it comes. `deadline` is sweep time, 0 for none. */
  send(exchange: Downstream, request: OutboundRequest, deadline: number): Promise<UpstreamResponse> {
    this.state = SENT
    this.exchange = exchange
    this.request = request
    this.interim = 0
    this.patience = deadline === 0 ? 0 : deadline - this.owner.sweep.now
    // A long upload is not a slow endpoint: its time begins with the last byte of the request. Until then the client's own limits
    // hold; a client that waits for 100 Continue sends nothing before the endpoint has spoken.
    this.deadline = exchange.body === undefined || exchange.expects ? deadline : 0
    this.bodyTimeout = exchange.bodyTimeout
    this.chunkedRequest = exchange.chunkedBody
    const { body } = exchange
    this.requestDone = body === undefined
    const head = requestHead(request, exchange.bodyLength, exchange.chunkedBody, exchange.expects)
    if (body === undefined) this.socket.write(head, 'latin1')
    else {
      // Head and what is there of the body leave in one write.
      this.socket.cork()
      this.socket.write(head, 'latin1')
      body.attach(this)
      this.socket.uncork()
    }
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  writeBody(chunk: Buffer): boolean {
    if (this.requestDone || this.state === CLOSED) return true
    if (!this.chunkedRequest) return this.socket.write(chunk)
    return writeChunk(this.socket, chunk)
  }

  endBody(trailers: string): void {
    if (this.requestDone) return
    this.requestDone = true
    if (this.state === SENT && this.patience !== 0) this.deadline = this.owner.sweep.now + this.patience
    if (this.chunkedRequest && this.state !== CLOSED) this.socket.write(`0\r\n${trailers}\r\n`, 'latin1')
  }

  /** Drops whatever is under way: the connection cannot be trusted to be clean. */
  abort(cause?: GatewayError): void {
    this.reject?.(cause ?? new GatewayError('client_closed', 'the client went away', { side: 'downstream' }))
    this.forget()
    this.close()
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.socket.pause()
  }

  resume(): void {
    if (!this.paused || this.state === CLOSED) return
    this.paused = false
    // The time for the next byte starts now: until now none could come.
    if (this.state === BODY) this.deadline = this.owner.sweep.now + this.bodyTimeout
    this.socket.resume()
  }

  writeRaw(bytes: Buffer): boolean {
    return this.state === TUNNEL ? this.socket.write(owned(bytes)) : true
  }

  endRaw(): void {
    if (this.state === TUNNEL) this.socket.end()
  }

  onBytes(bytes: Buffer): void {
    if (this.state === BODY) this.readBody(bytes, 0)
    else if (this.state === SENT) this.readHead(bytes)
    else if (this.state === TUNNEL) this.response?.push(bytes)
    // Bytes nobody asked for: whatever they are, no later request may be answered with them.
    else this.close()
  }

  onEnd(): void {
    if (this.state === BODY && this.mode === UNTIL_CLOSE) this.endOfBody('')
    else if (this.state === TUNNEL) this.response?.end('')
    else this.close()
  }

  onDrain(): void {
    if (this.state === TUNNEL) this.exchange?.resumeReading()
    else this.exchange?.body?.resume()
  }

  onClosed(error: Error | undefined): void {
    this.close(error)
  }

  onDeadline(): void {
    this.deadline = 0
    if (this.state === SENT) this.refuse('upstream_timeout', 'no response head in time', { retry: 'reset' })
    else if (this.state === BODY) this.response?.fail(this.paused ? new GatewayError('client_closed', 'the client took no byte of the response in time', { side: 'downstream' }) : failure('upstream_incomplete', 'no byte of the response body in time', {}))
    this.close()
  }

  private readHead(bytes: Buffer): void {
    try {
      for (let at = 0; ; ) {
        at = this.reader.read(bytes, at, LIMITS)
        if (at < 0) return
        const parsed = parseResponse(this.reader.text, this.reader.scanner, this.reader.base, this.request?.method ?? '')
        if (parsed.status >= 200 || parsed.status === 101) return this.begin(parsed, bytes, at)
        if (++this.interim > MAX_INTERIM) throw failure('upstream_protocol', 'too many interim responses', {})
        this.exchange?.relayInterim(parsed)
      }
    } catch (error) {
      this.settleWith(error instanceof GatewayError ? error : new GatewayError('internal', 'a defect while reading a response', { cause: error }))
      // Not a polite end: the endpoint must not go on believing in what it began, a tunnel for instance.
      this.socket.resetAndDestroy()
      this.close()
    }
  }

  /** A final response head is there; its body starts at `at` in `bytes`. */
  private begin(parsed: ParsedResponse, bytes: Buffer, at: number): void {
    const { resolve } = this
    if (parsed.status === 101) this.checkSwitch(parsed)
    const response = new Response(this, parsed)
    this.response = response
    this.resolve = this.reject = undefined
    this.state = parsed.status === 101 ? TUNNEL : BODY
    this.mode = parsed.mode
    this.left = parsed.length
    this.keepAlive = parsed.keepAlive
    this.idleHint = parsed.idleSeconds * 1000
    this.deadline = this.state === TUNNEL ? 0 : this.owner.sweep.now + this.bodyTimeout
    if (this.state === TUNNEL) {
      this.requestDone = true
      if (at < bytes.length) response.push(bytes.subarray(at))
    } else if (parsed.mode === NO_BODY) {
      if (at < bytes.length) this.keepAlive = false
      this.endOfBody('')
    } else {
      if (parsed.mode === CHUNKED) this.decoder = new ChunkedDecoder()
      else if (parsed.length > LONG_BODY) readLarge(this.socket, true)
      if (at < bytes.length) this.readBody(bytes, at)
    }
    resolve?.(response)
  }

  /** A 101 that nobody asked for, or for another protocol, must never become a tunnel. */
  private checkSwitch(parsed: ParsedResponse): void {
    const asked = this.request?.upgrade ?? ''
    if (asked === '' || parsed.upgrade !== asked) throw failure('upstream_protocol', 'switched protocols without being asked to', {})
  }

  private readBody(bytes: Buffer, from: number): void {
    this.deadline = this.owner.sweep.now + this.bodyTimeout
    if (this.mode === CHUNKED) return this.readChunked(bytes, from)
    if (this.mode === UNTIL_CLOSE) return this.response?.push(from === 0 ? bytes : bytes.subarray(from))
    const to = Math.min(bytes.length, from + this.left)
    this.left -= to - from
    // Bytes after the end poison the connection: they are dropped with it.
    if (to < bytes.length) this.keepAlive = false
    this.response?.push(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to))
    if (this.left === 0) this.endOfBody('')
  }

  private readChunked(bytes: Buffer, from: number): void {
    const { decoder } = this
    if (decoder === undefined) return
    decoder.pos = from
    for (;;) {
      const result = decoder.next(bytes, bytes.length)
      if (result === CHUNK_DATA) this.response?.push(bytes.subarray(decoder.from, decoder.to))
      else if (result === CHUNK_END) {
        if (decoder.pos < bytes.length) this.keepAlive = false
        return this.endOfBody(trailerText(decoder.trailers))
      } else if (result === CHUNK_BAD) {
        this.response?.fail(failure('upstream_protocol', 'malformed chunked coding in the response', {}))
        return this.close()
      } else return
    }
  }

  /** Request and response are over: back to the pool when clean, before the client is told, so that its next request finds it. */
  private endOfBody(trailers: string): void {
    const { response } = this
    const clean = this.keepAlive && this.requestDone && !this.socket.destroyed && !this.socket.readableEnded
    this.served++
    this.decoder = undefined
    this.deadline = 0
    this.forget()
    readLarge(this.socket, false)
    if (clean) {
      this.state = IDLE
      this.resume()
      this.owner.onReusable(this)
    } else this.close()
    response?.end(trailers)
  }

  /** Ends a request that got no response head. */
  private refuse(reason: Reason, message: string, options: GatewayErrorOptions): void {
    this.settleWith(failure(reason, message, options))
  }

  private settleWith(error: GatewayError): void {
    const { reject, exchange } = this
    this.forget()
    exchange?.body?.detach()
    reject?.(error)
  }

  private forget(): void {
    this.exchange = undefined
    this.request = undefined
    this.response = undefined
    this.resolve = this.reject = undefined
  }

  /** Ends the connection and whatever is under way on it. */
  private close(error?: Error): void {
    if (this.state === CLOSED) return
    const before = this.state
    const { response } = this
    this.state = CLOSED
    this.owner.sweep.remove(this)
    this.owner.onGone(this)
    this.socket.destroy()
    if (before === SENT) this.refuseEarlyEnd(error)
    else response?.fail(failure('upstream_incomplete', `the endpoint closed the connection within its response${error === undefined ? '' : ` (${error.message})`}`, { cause: error }))
    this.forget()
  }

  private refuseEarlyEnd(error: Error | undefined): void {
    if (this.reader.started) return this.refuse('upstream_protocol', 'the endpoint closed the connection within a response head', { cause: error })
    // TLS 1.3: an endpoint that does not like our certificate says so after the handshake.
    if (isTlsAlert(error)) return this.refuse('upstream_tls', error.message, { cause: error })
    if (this.served > 0) this.owner.onStale()
    this.refuse('upstream_reset', 'the endpoint closed the connection without a response', { retry: this.served > 0 ? 'stale' : 'reset', cause: error })
  }
}

function isTlsAlert(error: Error | undefined): error is Error {
  return error !== undefined && 'code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_SSL_')
}

function failure(reason: Reason, message: string, options: GatewayErrorOptions): GatewayError {
  return new GatewayError(reason, message, { side: 'upstream', ...options })
}
