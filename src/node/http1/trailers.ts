// Which trailer fields may pass: none that frames, routes or authenticates a message (RFC 9110 section 6.5.1).
import { classOf, PASS } from '../../proxy/header-class.ts'

const FORBIDDEN = new Set(['authorization', 'cookie', 'set-cookie', 'cache-control', 'expires', 'date', 'age', 'vary', 'location', 'retry-after', 'range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'max-forwards', 'pragma', 'www-authenticate', 'x-request-id'])

/** The text after the last chunk: allowed trailer lines, each ended by CRLF. */
export function trailerText(lines: readonly string[]): string {
  let text = ''
  for (const line of lines) {
    const key = line.slice(0, line.indexOf(':')).toLowerCase()
    if (classOf(key) === PASS && !FORBIDDEN.has(key) && !key.startsWith('content-')) text += `${line}\r\n`
  }
  return text
}
