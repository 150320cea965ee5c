// Cuts the body of a response out of the bytes of its connection: by length, by chunks, or until the connection ends.
import { CHUNK_BAD, CHUNK_MORE, ChunkedDecoder } from './chunked.ts'
import { type BodyMode, CHUNKED, NO_BODY, UNTIL_CLOSE } from './framing.ts'
import type { Response } from './response.ts'
import type { ParsedResponse } from './response-parser.ts'
import { part } from './read-buffers.ts'
import { trailerText } from './trailers.ts'

/** What reading a piece came to: more is to come, that was the last of it, or the framing is broken. */
const BODY_MORE = 0
export const BODY_END = 1
export const BODY_BAD = 2
type BodyResult = typeof BODY_MORE | typeof BODY_END | typeof BODY_BAD

/** Reads the bodies of one connection, one after another. */
export class ResponseBody {
  /** Trailer lines, once ended. */
  trailers = ''
  /** Bytes came after the end: whatever they are, the connection is poisoned. */
  excess = false
  private mode: BodyMode = NO_BODY
  private left = 0
  private decoder: ChunkedDecoder | undefined

  /** Only the end of the connection ends it. */
  get endsByClose(): boolean {
    return this.mode === UNTIL_CLOSE
  }

  /** Starts the body of a response. */
  begin({ mode, length }: ParsedResponse): void {
    this.mode = mode
    this.left = length
    this.trailers = ''
    this.excess = false
    this.decoder = mode === CHUNKED ? new ChunkedDecoder() : undefined
  }

  /** Hands what is body of `bytes[from, to)` to the response. */
  read(bytes: Buffer, from: number, to: number, response: Response): BodyResult {
    if (this.decoder !== undefined) return this.readChunks(this.decoder, bytes, from, to, response)
    if (this.mode === UNTIL_CLOSE) {
      response.push(part(bytes, from, to))
      return BODY_MORE
    }
    const end = Math.min(to, from + this.left)
    this.left -= end - from
    this.excess = end < to
    response.push(part(bytes, from, end))
    return this.left === 0 ? BODY_END : BODY_MORE
  }

  private readChunks(decoder: ChunkedDecoder, bytes: Buffer, from: number, to: number, response: Response): BodyResult {
    const result = decoder.read(bytes, from, to)
    if (decoder.from < decoder.to) response.push(bytes.subarray(decoder.from, decoder.to))
    if (result === CHUNK_BAD) return BODY_BAD
    if (result === CHUNK_MORE) return BODY_MORE
    this.excess = decoder.pos < to
    this.trailers = trailerText(decoder.trailers)
    return BODY_END
  }
}
