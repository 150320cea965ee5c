// The answer to what could not even become a request; it has no route and no exchange.
import type { GatewayError } from '../../model/error.ts'
import { phraseOf } from '../../proxy/status.ts'
import { httpDate } from './http-date.ts'

/** A whole response that ends the connection. It names the rule, and nothing that the client sent. */
export function refusalText(error: GatewayError): string {
  const body = `${error.reason}: ${error.reason === 'internal' ? 'a defect in the gateway' : error.message}\n`
  return `HTTP/1.1 ${error.status} ${phraseOf(error.status)}\r\nfairlead-error: ${error.reason}\r\ndate: ${httpDate()}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body, 'latin1')}\r\nconnection: close\r\n\r\n${body}`
}
