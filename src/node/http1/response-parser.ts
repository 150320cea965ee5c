// From marked bytes to an endpoint's response head. What is malformed or framed ambiguously never reaches a client.
import { GatewayError } from '../../model/error.ts'
import { HeaderList } from '../../model/headers.ts'
import { CLAIM, CONNECTION, CONTENT_LENGTH, KEEP_ALIVE, OTHER, takeField, TRANSFER_ENCODING, UPGRADE, valueOf } from './field-names.ts'
import { BY_LENGTH, type BodyMode, CHUNKED, Framing, NO_BODY, UNTIL_CLOSE } from './framing.ts'
import { has } from './request-parser.ts'
import type { HeadScanner } from './scanner.ts'

export interface ParsedResponse {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderList
  readonly mode: BodyMode
  /** Declared Content-Length, -1 for none. With HEAD and 304 it is what the body would have been. */
  readonly length: number
  readonly keepAlive: boolean
  /** Seconds from `Keep-Alive: timeout=n`, 0 when not given. */
  readonly idleSeconds: number
  /** Upgrade in lower case, empty without one. */
  readonly upgrade: string
}

/** Reads a response head. `method` is the request's, since HEAD has no body whatever the fields say. Throws a GatewayError. */
export function parseResponse(text: string, scanner: HeadScanner, base: number, method: string): ParsedResponse {
  const { status, reason, http10 } = parseStatusLine(text, scanner.lineStart - base, scanner.lineEnd - base)
  const headers = new HeaderList()
  const framing = new Framing()
  let connection = ''
  let upgrade = ''
  let idleSeconds = 0
  const { marks, count } = scanner
  for (let i = 0; i < count; i++) {
    const kind = takeField(headers, text, marks, i, base)
    // Most fields are only passed on.
    if (kind === OTHER || kind === CLAIM) continue
    const value = valueOf(text, marks, i, base)
    switch (kind) {
      case CONTENT_LENGTH:
        framing.contentLength(value)
        break
      case TRANSFER_ENCODING:
        framing.transferEncoding(value)
        break
      case CONNECTION:
        connection = connection === '' ? value.toLowerCase() : `${connection},${value.toLowerCase()}`
        break
      case KEEP_ALIVE:
        idleSeconds = Number(/\btimeout=([0-9]{1,6})/i.exec(value)?.[1] ?? 0)
        break
      case UPGRADE:
        upgrade = value.toLowerCase()
        break
      default:
    }
  }
  if (framing.bad || (http10 && framing.chunked)) throw malformed('Content-Length and Transfer-Encoding are malformed or contradict each other')
  const mode = bodyMode(status, method, framing)
  return {
    status,
    reason,
    headers,
    mode,
    length: framing.length,
    keepAlive: mode !== UNTIL_CLOSE && (mode !== NO_BODY || endsWithHead(status, framing)) && (connection === '' ? !http10 : http10 ? has(connection, 'keep-alive') : !has(connection, 'close')),
    idleSeconds,
    upgrade,
  }
}

/** `HTTP/1.x SP status [SP reason]` (RFC 9112 section 4); without the space after the status as well, which is common. */
function parseStatusLine(text: string, from: number, to: number): { readonly status: number; readonly reason: string; readonly http10: boolean } {
  const minor = text.charCodeAt(from + 7)
  const status = statusAt(text, from + 9)
  const isLine = text.startsWith('HTTP/1.', from) && (minor === 0x30 || minor === 0x31) && text.charCodeAt(from + 8) === 0x20 && status > 0
  const end = from + 12
  if (!isLine || to < end || (to > end && text.charCodeAt(end) !== 0x20)) throw malformed('the status line is not HTTP/1.x, a status from 100 to 599 and a reason')
  return { status, reason: to > end ? text.slice(end + 1, to) : '', http10: minor === 0x30 }
}

/** Three digits from 100 to 599; 0 for anything else. */
function statusAt(text: string, at: number): number {
  const a = text.charCodeAt(at) - 0x30
  const b = text.charCodeAt(at + 1) - 0x30
  const c = text.charCodeAt(at + 2) - 0x30
  return a >= 1 && a <= 5 && b >= 0 && b <= 9 && c >= 0 && c <= 9 ? a * 100 + b * 10 + c : 0
}

/** RFC 9112 section 6.3. */
function bodyMode(status: number, method: string, framing: Framing): BodyMode {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY
  if (framing.chunked) return CHUNKED
  if (framing.length === 0) return NO_BODY
  return framing.length > 0 ? BY_LENGTH : UNTIL_CLOSE
}

/**
 * Whether what has no body will send none. A 204 must not declare one (RFC 9110 section 8.6), but some do and send it later, as what
 * would be taken for the answer to another client's request. An interim answer that does is no answer: what follows it is its body or
 * the final one.
 */
function endsWithHead(status: number, framing: Framing): boolean {
  const declares = (status < 200 || status === 204) && (framing.chunked || framing.length > 0)
  if (declares && status < 200 && status !== 101) throw malformed('an interim response with a body')
  return !declares
}

function malformed(message: string): GatewayError {
  return new GatewayError('upstream_protocol', message, { side: 'upstream' })
}
