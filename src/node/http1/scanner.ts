// Finds the lines of an HTTP/1.1 head in one pass over the bytes, and refuses every byte that two parsers could read in two
// ways (RFC 9112 sections 2.2, 3, 5). It only marks places; cutting strings is left to the parsers.

/** Result of a scan: the head is complete, more bytes are needed, or what is wrong. */
export const DONE = 1
export const MORE = 0
export const BAD = -1
export const LINE_TOO_LONG = -2
const TOO_LARGE = -3
export type ScanResult = typeof DONE | typeof MORE | typeof BAD | typeof LINE_TOO_LONG | typeof TOO_LARGE

export interface HeadLimits {
  readonly lineBytes: number
  readonly headBytes: number
  readonly headerCount: number
}

const START = 0
const START_LF = 1
const LINE = 2
const LINE_LF = 3
const NAME_START = 4
const NAME = 5
const VALUE = 6
const VALUE_LF = 7
const END_LF = 8

const CR = 13
const LF = 10
const COLON = 58
/** Empty lines accepted before a start line (RFC 9112 section 2.2 asks for at least one). */
const MAX_BLANK_LINES = 2

/** tchar, RFC 9110 section 5.6.2. */
const TCHAR = table((code) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)))
/** What a field value may hold: HTAB, SP, VCHAR and obs-text (RFC 9110 section 5.5). */
const FIELD = table((code) => code === 9 || (code >= 0x20 && code !== 0x7f))
/** A request line is visible ASCII and single spaces. */
const REQUEST_LINE = table((code) => code >= 0x20 && code < 0x7f)

/** Scans one head, in as many pieces as it comes. */
export class HeadScanner {
  /** For header `i`: start of its name, its colon, the end of its line, and a hash of its name, at `4 * i`. */
  marks: Int32Array
  /** Header fields found. */
  count = 0
  /** Start and end of the start line. */
  lineStart = 0
  lineEnd = 0
  /** First byte after the head, once done. */
  end = 0
  private state: number = START
  private pos = 0
  private blanks = 0
  private hash = 0
  private readonly line: Uint8Array
  private readonly response: boolean

  constructor(kind: 'request' | 'response') {
    this.response = kind === 'response'
    this.line = this.response ? FIELD : REQUEST_LINE
    this.marks = new Int32Array(4 * 64)
  }

  /** The start line has begun: empty lines before it are no part of a head. */
  get begun(): boolean {
    return this.state > START_LF
  }

  /** Starts a new head at `from`. */
  reset(from: number): void {
    this.state = START
    this.pos = from
    this.lineStart = from
    this.count = 0
    this.blanks = 0
  }

  /** Continues up to `to`. Positions are relative to the same buffer in every call for one head. */
  scan(bytes: Uint8Array, to: number, limits: HeadLimits): ScanResult {
    const { line } = this
    let { state, pos, hash, lineStart: start } = this
    while (pos < to) {
      const code = bytes[pos] as number
      switch (state) {
        case VALUE:
          while (pos < to && FIELD[bytes[pos] as number] === 1) pos++
          if (pos === to) break
          if (bytes[pos] !== CR) return BAD
          this.marks[4 * this.count + 2] = pos
          this.count++
          state = VALUE_LF
          pos++
          break
        case NAME:
          while (pos < to && TCHAR[bytes[pos] as number] === 1) hash = Math.imul(hash, 31) + (bytes[pos++] as number)
          if (pos === to) break
          if (bytes[pos] !== COLON) return BAD
          this.marks[4 * this.count + 1] = pos
          this.marks[4 * this.count + 3] = hash
          state = VALUE
          pos++
          break
        case VALUE_LF:
        case LINE_LF:
          if (code !== LF) return BAD
          state = NAME_START
          pos++
          break
        case NAME_START:
          if (code === CR) {
            state = END_LF
            pos++
            break
          }
          if (TCHAR[code] === 0) return BAD
          if (this.count >= limits.headerCount || pos - start > limits.headBytes) return TOO_LARGE
          if (4 * this.count + 4 > this.marks.length) this.grow()
          this.marks[4 * this.count] = pos
          hash = code
          state = NAME
          pos++
          break
        case LINE:
          while (pos < to && line[bytes[pos] as number] === 1) pos++
          if (pos - start > limits.lineBytes) return LINE_TOO_LONG
          if (pos === to) break
          if (bytes[pos] !== CR) return BAD
          this.lineEnd = pos
          state = LINE_LF
          pos++
          break
        case END_LF:
          if (code !== LF) return BAD
          // The last field has no next one to be measured at.
          if (pos + 1 - start > limits.headBytes) return TOO_LARGE
          this.end = pos + 1
          return DONE
        case START_LF:
          if (code !== LF) return BAD
          state = START
          pos++
          this.lineStart = start = pos
          break
        default:
          if (code === CR && !this.response) {
            if (++this.blanks > MAX_BLANK_LINES) return BAD
            state = START_LF
            pos++
          } else if (line[code] === 1 && code !== 0x20 && code !== 9) {
            this.lineStart = start = pos
            state = LINE
          } else return BAD
      }
    }
    this.state = state
    this.pos = pos
    this.hash = hash
    return pos - this.lineStart > limits.headBytes ? TOO_LARGE : MORE
  }

  private grow(): void {
    const larger = new Int32Array(this.marks.length * 2)
    larger.set(this.marks)
    this.marks = larger
  }
}

function table(allowed: (code: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let code = 0; code < 256; code++) bytes[code] = allowed(code) ? 1 : 0
  return bytes
}
