// Decodes the chunked coding strictly (RFC 9112 section 7.1): every bare CR or LF, sign, space or junk is refused, extensions
// are dropped and their cost is bounded.

export const CHUNK_MORE = 0
export const CHUNK_END = 1
export const CHUNK_BAD = -1
export type ChunkResult = typeof CHUNK_MORE | typeof CHUNK_END | typeof CHUNK_BAD

const SIZE_START = 0
const SIZE = 1
const EXTENSION = 2
const SIZE_LF = 3
const DATA = 4
const DATA_CR = 5
const DATA_LF = 6
const TRAILER_START = 7
const TRAILER = 8
const TRAILER_LF = 9
const END_LF = 10
const ENDED = 11

const CR = 13
const LF = 10
/** Longest extension of one chunk, and longest trailer section, in bytes. */
const MAX_EXTENSION = 4096
const MAX_TRAILERS = 8192
/** Bytes of extensions and of zeros before sizes that are allowed beyond those of data: many tiny chunks with long extensions are an attack, tiny chunks alone are a stream of events. */
const OVERHEAD_FLOOR = 64 * 1024
/** 2^52: sizes above cannot be counted exactly, and nobody sends one. */
const MAX_SIZE_DIGITS = 13

/** One body. Feed reads through `read` until it says END or BAD. */
export class ChunkedDecoder {
  /** Where the data of the last read is in the caller's buffer, in one piece; empty when there was none. */
  from = 0
  to = 0
  /** Where the last read ended: behind the body after END. */
  pos = 0
  /** Raw trailer lines, each `name: value`, once ended. */
  readonly trailers: string[] = []
  private state: number = SIZE_START
  private left = 0
  private digits = 0
  private extension = 0
  private overhead = 0
  private data = 0
  private trailer = ''
  private trailerBytes = 0

  /**
   * Reads `bytes[at, end)` up to its end or that of the body. The data of several chunks is moved together, over the framing between
   * them: handed on chunk by chunk, however small, each would be a buffer and a write of its own. Nothing else is written to.
   */
  read(bytes: Uint8Array, at: number, end: number): ChunkResult {
    this.pos = this.from = this.to = at
    while (this.pos < end) {
      if (this.state === DATA) {
        this.takeData(bytes, end)
        continue
      }
      const result = this.step(bytes[this.pos++] as number)
      if (result !== CHUNK_MORE) return result
    }
    return CHUNK_MORE
  }

  private takeData(bytes: Uint8Array, end: number): void {
    const take = Math.min(this.left, end - this.pos)
    if (this.to === this.from) this.from = this.to = this.pos
    else bytes.copyWithin(this.to, this.pos, this.pos + take)
    this.to += take
    this.pos += take
    this.left -= take
    this.data += take
    if (this.left === 0) this.state = DATA_CR
  }

  /** One framing byte. */
  private step(code: number): ChunkResult {
    switch (this.state) {
      case SIZE_START:
      case SIZE:
        return this.sizeByte(code)
      case EXTENSION:
        if (code === CR) return this.go(SIZE_LF)
        return ++this.extension > MAX_EXTENSION || this.isTooMuch() || (code < 0x20 && code !== 9) || code === 0x7f ? CHUNK_BAD : CHUNK_MORE
      case SIZE_LF:
        if (code !== LF) return CHUNK_BAD
        return this.go(this.left === 0 ? TRAILER_START : DATA)
      case DATA_CR:
        return code === CR ? this.go(DATA_LF) : CHUNK_BAD
      case DATA_LF:
        this.digits = 0
        return code === LF ? this.go(SIZE_START) : CHUNK_BAD
      default:
        return this.trailerByte(code)
    }
  }

  /** Counts a byte that the message could do without. */
  private isTooMuch(): boolean {
    return ++this.overhead > OVERHEAD_FLOOR + this.data
  }

  private sizeByte(code: number): ChunkResult {
    const digit = hexDigit(code)
    if (digit >= 0) {
      // A zero before the last digit says nothing.
      if (++this.digits > MAX_SIZE_DIGITS || (this.left === 0 && this.digits > 1 && this.isTooMuch())) return CHUNK_BAD
      this.left = this.left * 16 + digit
      return this.go(SIZE)
    }
    if (this.state === SIZE_START) return CHUNK_BAD
    this.extension = 0
    if (code === 0x3b) return this.go(EXTENSION)
    return code === CR ? this.go(SIZE_LF) : CHUNK_BAD
  }

  private trailerByte(code: number): ChunkResult {
    if (++this.trailerBytes > MAX_TRAILERS) return CHUNK_BAD
    switch (this.state) {
      case TRAILER_START:
        if (code === CR) return this.go(END_LF)
        this.trailer = String.fromCharCode(code)
        return code > 0x20 && code !== 0x7f && code !== 0x3a ? this.go(TRAILER) : CHUNK_BAD
      case TRAILER:
        if (code === CR) return this.endTrailer()
        this.trailer += String.fromCharCode(code)
        return (code < 0x20 && code !== 9) || code === 0x7f ? CHUNK_BAD : CHUNK_MORE
      case TRAILER_LF:
        return code === LF ? this.go(TRAILER_START) : CHUNK_BAD
      case END_LF:
        this.state = ENDED
        return code === LF ? CHUNK_END : CHUNK_BAD
      default:
        return CHUNK_BAD
    }
  }

  private endTrailer(): ChunkResult {
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/.test(this.trailer)) return CHUNK_BAD
    this.trailers.push(this.trailer)
    return this.go(TRAILER_LF)
  }

  private go(state: number): ChunkResult {
    this.state = state
    return CHUNK_MORE
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
