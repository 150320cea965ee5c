// Cuts the body of a request out of the bytes of its connection, by length or by chunks.
import { GatewayError } from '../../model/error.ts'
import { CHUNK_BAD, CHUNK_MORE, ChunkedDecoder } from './chunked.ts'
import { RequestBody } from './request-body.ts'
import type { ParsedRequest } from './request-parser.ts'
import { part } from './read-buffers.ts'
import { trailerText } from './trailers.ts'

/** The connection whose reading a body may hold back. */
export interface PausableReader {
  pauseReading(): void
  resumeReading(): void
}

/** Reads the bodies of one connection, one after another. */
export class BodyReader {
  /** No byte of the present body is missing. */
  done = true
  private body: RequestBody | undefined
  private decoder: ChunkedDecoder | undefined
  private left = 0
  private limit = 0
  private readonly reader: PausableReader

  constructor(reader: PausableReader) {
    this.reader = reader
  }

  /** Bytes of data of the present body that have come. */
  get bytes(): number {
    return this.body?.bytes ?? 0
  }

  /** Starts the body of a request; undefined when it has none. `limit` in bytes, 0 for none. Throws when the declared length is over it. */
  begin(parsed: ParsedRequest, limit: number): RequestBody | undefined {
    this.limit = limit
    if (limit > 0 && parsed.length > limit) throw tooLarge()
    this.done = !parsed.chunked && parsed.length <= 0
    if (this.done) {
      this.body = undefined
      return undefined
    }
    this.decoder = parsed.chunked ? new ChunkedDecoder() : undefined
    this.left = parsed.length
    this.body = new RequestBody(
      () => this.reader.pauseReading(),
      () => this.reader.resumeReading(),
    )
    return this.body
  }

  /** Reads from `from` up to `to`; returns where the body ended, or `to`. Throws a GatewayError for bad framing. */
  read(bytes: Buffer, from: number, to: number): number {
    const { body } = this
    if (body === undefined) return from
    return this.decoder === undefined ? this.readLength(body, bytes, from, to) : this.readChunks(body, this.decoder, bytes, from, to)
  }

  private readLength(body: RequestBody, bytes: Buffer, from: number, to: number): number {
    const end = Math.min(to, from + this.left)
    this.left -= end - from
    this.done = this.left === 0
    if (end > from) body.push(part(bytes, from, end))
    if (this.done) body.end('')
    return end
  }

  private readChunks(body: RequestBody, decoder: ChunkedDecoder, bytes: Buffer, from: number, to: number): number {
    const result = decoder.read(bytes, from, to)
    if (this.limit > 0 && body.bytes + decoder.to - decoder.from > this.limit) throw tooLarge()
    if (decoder.from < decoder.to) body.push(bytes.subarray(decoder.from, decoder.to))
    if (result === CHUNK_BAD) throw new GatewayError('bad_request', 'malformed chunked coding', { side: 'downstream' })
    if (result === CHUNK_MORE) return to
    this.done = true
    body.end(trailerText(decoder.trailers))
    return decoder.pos
  }
}

function tooLarge(): GatewayError {
  return new GatewayError('body_too_large', 'the body is over the limit', { side: 'downstream' })
}
