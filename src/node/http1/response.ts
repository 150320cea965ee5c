// An endpoint's response on its way: held until the core has decided, then handed to the client as it comes. It belongs to one
// exchange; the connection it came on may long serve another when the last of it is written.
import type { GatewayError } from '../../model/error.ts'
import type { UpstreamResponse } from '../../model/exchange.ts'
import type { HeaderList } from '../../model/headers.ts'
import type { BodyMode } from './framing.ts'
import type { ParsedResponse } from './response-parser.ts'
import { latin1 } from './latin1.ts'
import { keep } from './read-buffers.ts'

/** Where a response goes once it is relayed. */
export interface ResponseSink {
  /** False when the client wants a pause; it calls `resume` on the response later. */
  writeResponse(bytes: Buffer): boolean
  endResponse(trailers: string): void
  failResponse(error: GatewayError): void
}

/** The connection a response comes from, as far as the response may act on it. */
export interface ResponseSource {
  pause(): void
  resume(): void
  /** Drops the connection. */
  abort(): void
  /** Bytes from the client for an upgraded connection; false when it wants a pause. */
  writeRaw(bytes: Buffer): boolean
  /** The client has ended its direction of an upgraded connection. `done` is called when the endpoint has been sent all of it, or never will be. */
  endRaw(done: () => void): void
  /** False when the connection is gone. */
  readonly open: boolean
  /** Bytes that are not out yet. */
  readonly backlog: number
}

/** Bodies up to this size leave in one write with their head, as one string. */
export const ONE_WRITE = 16 * 1024

export class Response implements UpstreamResponse {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderList
  readonly mode: BodyMode
  /** Declared Content-Length, -1 for none. */
  readonly length: number
  readonly source: ResponseSource
  /** All of it has arrived; the connection is no longer this response's. */
  ended = false
  private trailers = ''
  private failure: GatewayError | undefined
  private early: Buffer[] = []
  private text: string | undefined
  private sink: ResponseSink | undefined

  constructor(source: ResponseSource, parsed: ParsedResponse) {
    this.source = source
    this.status = parsed.status
    this.reason = parsed.reason
    this.headers = parsed.headers
    this.mode = parsed.mode
    this.length = parsed.length
  }

  /** The body when it is here whole and in one piece, to leave in one write with the head: text for a small one. */
  takeWhole(): Buffer | string | undefined {
    if (this.text !== undefined) return this.text
    if (!this.ended || this.trailers !== '' || this.failure !== undefined || this.early.length !== 1) return undefined
    const bytes = this.early.pop()
    return bytes !== undefined && bytes.length <= ONE_WRITE ? latin1(bytes, 0, bytes.length) : bytes
  }

  /** The whole of a small body, which came in one read with its head; `end` follows. */
  pushWhole(text: string): void {
    this.text = text
  }

  /** Starts handing the body to the client. */
  relayTo(sink: ResponseSink): void {
    this.sink = sink
    const early = this.early
    this.early = []
    let go = true
    for (const bytes of early) go = sink.writeResponse(bytes)
    if (this.failure !== undefined) sink.failResponse(this.failure)
    else if (this.ended) sink.endResponse(this.trailers)
    else if (go) this.source.resume()
  }

  push(bytes: Buffer): void {
    if (this.sink !== undefined) {
      if (!this.sink.writeResponse(bytes)) this.source.pause()
      return
    }
    this.early.push(keep(bytes))
    // Still being decided on: hold the endpoint back rather than collect. Not for the first piece: the decision is mostly there
    // before the next read, and to stop and start reading costs two system calls.
    if (this.early.length > 1) this.source.pause()
  }

  end(trailers: string): void {
    this.ended = true
    this.trailers = trailers
    this.sink?.endResponse(trailers)
  }

  fail(error: GatewayError): void {
    if (this.ended) return
    this.ended = true
    this.failure = error
    this.sink?.failResponse(error)
  }

  /** The client takes more again. */
  resume(): void {
    if (!this.ended) this.source.resume()
  }

  /** The client is gone. */
  abandon(): void {
    this.sink = undefined
    if (!this.ended) this.source.abort()
  }

  discard(): void {
    this.early = []
    if (!this.ended) this.source.abort()
  }
}
