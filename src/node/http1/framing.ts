// How long a message body is (RFC 9112 section 6), decided strictly: whatever two parsers could frame differently is refused.

export const NO_BODY = 0
export const BY_LENGTH = 1
export const CHUNKED = 2
/** Response only: the end of the connection is the end of the body. */
export const UNTIL_CLOSE = 3
export type BodyMode = typeof NO_BODY | typeof BY_LENGTH | typeof CHUNKED | typeof UNTIL_CLOSE

/** Reads 1 to 15 digits and nothing else; -1 for anything else. */
function decimal(text: string): number {
  if (text.length === 0 || text.length > 15) return -1
  let number = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

/** Framing fields as they are met while a head is read. */
export class Framing {
  /** -1 when there is none. */
  length = -1
  chunked = false
  /** Set when a framing field is malformed or contradicts another. */
  bad = false
  private hasCoding = false

  /** A Content-Length line: digits only, once, below 2^53 (RFC 9110 section 8.6). */
  contentLength(value: string): void {
    const length = decimal(value)
    if (this.length >= 0 || this.hasCoding || length < 0) this.bad = true
    else this.length = length
  }

  /** A Transfer-Encoding line: exactly `chunked`, once; every other coding is one that this hop cannot undo. */
  transferEncoding(value: string): void {
    if (this.hasCoding || this.length >= 0 || value.toLowerCase() !== 'chunked') this.bad = true
    this.hasCoding = true
    this.chunked = true
  }
}
