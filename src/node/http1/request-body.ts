// The body of one request between the client's connection and whichever endpoint it goes to. It waits for an endpoint, keeps
// what a retry may need, and holds the client back when the endpoint is slow.
import type { HeaderRules } from '../../model/route.ts'
import { giveBack, isReusable, keep } from './read-buffers.ts'
import { ruledTrailers } from './trailers.ts'

/** Bytes that wait for an endpoint before the client is paused. */
const QUEUE_LIMIT = 64 * 1024
/** Largest body that is kept for a retry. */
const KEEP_LIMIT = 64 * 1024

/** Where body bytes go. */
export interface BodySink {
  /** False when the sink wants a pause; it calls `resume` on the body later. `done` is called once nobody reads the chunk any more, or never. */
  writeBody(chunk: Buffer, done?: () => void): boolean
  endBody(trailers: string): void
}

/** One request's body; made only for requests that have one. */
export class RequestBody {
  /** All of it has arrived. */
  complete = false
  bytes = 0
  private trailers = ''
  private rules: HeaderRules | undefined
  private readonly chunks: Buffer[] = []
  private held = 0
  private keep = false
  /** Reusable chunks that are being written. */
  private writing = 0
  /** Some of it went out and was not kept. */
  private lost = false
  private sink: BodySink | undefined
  private readonly pause: () => void
  private readonly unpause: () => void

  constructor(pause: () => void, unpause: () => void) {
    this.pause = pause
    this.unpause = unpause
  }

  get replayable(): boolean {
    return !this.lost
  }

  /** Keeps the body, up to 64 KiB, so that it can be sent again. */
  keepForRetry(): void {
    this.keep = true
  }

  /** What the route does to fields of the request. It is known only once the head is decided on, when all of the body may be here. */
  ruleTrailers(rules: HeaderRules): void {
    this.rules = rules
  }

  /** Bytes from the client. */
  push(bytes: Buffer): void {
    const chunk = keep(bytes)
    this.bytes += chunk.length
    if (this.sink === undefined) {
      this.hold(chunk)
      if (this.held >= QUEUE_LIMIT) this.pause()
      return
    }
    if (!this.write(this.sink, chunk)) this.pause()
  }

  end(trailers: string): void {
    this.complete = true
    this.trailers = trailers
    if (this.sink !== undefined) this.endSink(this.sink)
  }

  /** Sends everything to an endpoint from the start. Only while `replayable`. */
  attach(sink: BodySink): void {
    this.sink = sink
    const waiting = this.chunks.splice(0)
    this.held = 0
    let go = true
    for (const chunk of waiting) go = this.write(sink, chunk)
    if (this.complete) this.endSink(sink)
    else if (go) this.unpause()
  }

  /** The endpoint failed; what is kept waits for the next. */
  detach(): void {
    this.sink = undefined
  }

  /** The request is over: nothing will be sent again. */
  release(): void {
    // A chunk that is still being written, of an upload that was answered early, is the collector's.
    if (this.writing === 0) this.chunks.forEach(giveBack)
    this.chunks.length = 0
    this.sink = undefined
  }

  /** The endpoint takes more again. */
  resume(): void {
    if (this.sink !== undefined) this.unpause()
  }

  private endSink(sink: BodySink): void {
    sink.endBody(ruledTrailers(this.trailers, this.rules))
  }

  private hold(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.held += chunk.length
  }

  private write(sink: BodySink, chunk: Buffer): boolean {
    const retained = this.retain(chunk)
    if (!isReusable(chunk)) return sink.writeBody(chunk)
    this.writing++
    return sink.writeBody(chunk, () => {
      this.writing--
      if (!retained) giveBack(chunk)
    })
  }

  /** Keeps a chunk that goes out, or notes that it is lost. */
  private retain(chunk: Buffer): boolean {
    if (this.keep && !this.lost && this.held + chunk.length <= KEEP_LIMIT) {
      this.hold(chunk)
      return true
    }
    this.lost = true
    this.chunks.length = 0
    this.held = 0
    return false
  }
}
