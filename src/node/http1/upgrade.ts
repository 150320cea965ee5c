// Which requests ask for another protocol, and whether they may.
import { GatewayError } from '../../model/error.ts'
import { has, type ParsedRequest } from './request-parser.ts'

/**
 * The protocol to upgrade to, empty when the request is an ordinary one. HTTP/2 over an upgrade is never passed on (h2c
 * smuggling); HTTP/1.0 cannot upgrade. Throws for a malformed WebSocket handshake (RFC 6455 section 4.1).
 */
export function upgradeOf(parsed: ParsedRequest): string {
  if (parsed.upgrade === '' || parsed.http10 || !has(parsed.connection, 'upgrade')) return ''
  const tokens = parsed.upgrade.split(',').map((token) => token.trim())
  const token = tokens.find((name) => name === 'websocket') ?? (tokens.length === 1 ? (tokens[0] as string) : '')
  if (token === '' || /^(?:h2c|http|tls)\b/.test(token) || !/^[a-z0-9!#$%&'*+.^_`|~/-]{1,64}$/.test(token)) return ''
  // Its body would have to be framed before the switch; such a request goes on without the upgrade.
  if (parsed.chunked || parsed.length > 0) return ''
  if (token === 'websocket') checkHandshake(parsed)
  return token
}

function checkHandshake({ method, headers }: ParsedRequest): void {
  const keys = headers.getAll('sec-websocket-key')
  const versions = headers.getAll('sec-websocket-version')
  if (method !== 'GET' || keys.length !== 1 || !/^[A-Za-z0-9+/]{22}==$/.test(keys[0] as string) || versions.length !== 1)
    throw new GatewayError('bad_request', 'a WebSocket handshake is a GET with one key and one version', { side: 'downstream' })
}
