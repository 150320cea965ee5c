// Writes requests to an endpoint: the head with its framing, then the body as it comes, for as long as the endpoint takes it.
import type { OutboundRequest } from '../../model/exchange.ts'
import type { BodySink } from './request-body.ts'
import type { Upload } from './upload.ts'
import type { Wire } from './wire.ts'
import { requestHead, writeChunk } from './write.ts'

/** The connection whose requests are written. */
export interface RequestWriterOwner {
  /** A piece of the body is about to go out. */
  onUpload(): void
  /** The last byte of a request with a body is about to go out. */
  onUploaded(): void
}

/** Writes the requests of one connection, one after another. */
export class RequestWriter implements BodySink {
  /** Nothing of the present request is left to be written. */
  done = true
  /** Why the endpoint takes no more. */
  failure: Error | undefined
  private chunked = false
  private readonly wire: Wire
  private readonly owner: RequestWriterOwner

  constructor(wire: Wire, owner: RequestWriterOwner) {
    this.wire = wire
    this.owner = owner
  }

  begin(request: OutboundRequest, upload: Upload): void {
    const { body } = upload
    this.chunked = upload.chunked
    this.done = body === undefined
    const head = requestHead(request, upload.length, upload.chunked, upload.expects)
    if (body === undefined) {
      this.wire.text(head)
      return
    }
    this.wire.forgiveWrites(true)
    // Head and what is there of the body leave in one write.
    this.wire.together(() => {
      this.wire.text(head)
      body.attach(this)
    })
  }

  writeBody(chunk: Buffer, done?: () => void): boolean {
    if (this.done) return true
    // The rest of it stays with the client.
    if (this.failure !== undefined) return false
    this.owner.onUpload()
    return this.chunked ? writeChunk(this.wire, chunk, done) : this.wire.bytes(chunk, done)
  }

  endBody(trailers: string): void {
    if (this.done || this.failure !== undefined) return
    this.done = true
    this.owner.onUploaded()
    if (this.chunked) this.wire.text(`0\r\n${trailers}\r\n`)
  }

  /** What still comes of the body goes nowhere. */
  stop(): void {
    this.done = true
  }
}
