// From marked bytes to an endpoint's response head. What is malformed or framed ambiguously never reaches a client.
import { GatewayError } from '../../model/error.ts'
import { HeaderList } from '../../model/headers.ts'
import { CONNECTION, CONTENT_LENGTH, cutValue, fieldName, KEEP_ALIVE, TRANSFER_ENCODING, UPGRADE } from './field-names.ts'
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
  const line = text.slice(scanner.lineStart - base, scanner.lineEnd - base)
  const match = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: (.*))?$/.exec(line)
  if (match === null) throw malformed('the status line is not HTTP/1.x, a status from 100 to 599 and a reason')
  const status = Number(match[2])
  const http10 = match[1] === '0'
  const headers = new HeaderList()
  const framing = new Framing()
  let connection = ''
  let upgrade = ''
  let idleSeconds = 0
  const { marks, count } = scanner
  for (let i = 0; i < count; i++) {
    const nameAt = (marks[3 * i] as number) - base
    const colon = (marks[3 * i + 1] as number) - base
    const name = text.slice(nameAt, colon)
    const value = cutValue(text, colon + 1, (marks[3 * i + 2] as number) - base)
    const { key, kind } = fieldName(name)
    headers.push(name, key, value)
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
    reason: match[3] ?? '',
    headers,
    mode,
    length: framing.length,
    keepAlive: mode !== UNTIL_CLOSE && (connection === '' ? !http10 : http10 ? has(connection, 'keep-alive') : !has(connection, 'close')),
    idleSeconds,
    upgrade,
  }
}

/** RFC 9112 section 6.3. */
function bodyMode(status: number, method: string, framing: Framing): BodyMode {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY
  if (framing.chunked) return CHUNKED
  if (framing.length === 0) return NO_BODY
  return framing.length > 0 ? BY_LENGTH : UNTIL_CLOSE
}

function malformed(message: string): GatewayError {
  return new GatewayError('upstream_protocol', message, { side: 'upstream' })
}
