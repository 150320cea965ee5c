// Which requests ask for another protocol, and whether they may.
import { checkHandshake, protocolOf } from '../../proxy/upgrade.ts'
import { has, type ParsedRequest } from './request-parser.ts'

/**
 * The protocol to upgrade to, empty when the request is an ordinary one; HTTP/1.0 cannot upgrade. Throws for a malformed
 * WebSocket handshake.
 */
export function upgradeOf(parsed: ParsedRequest): string {
  if (parsed.upgrade === '' || parsed.http10 || !has(parsed.connection, 'upgrade')) return ''
  const protocol = protocolOf(parsed.upgrade)
  // Its body would have to be framed before the switch; such a request goes on without the upgrade.
  if (protocol === '' || parsed.chunked || parsed.length > 0) return ''
  if (protocol === 'websocket') checkHandshake(parsed.method, parsed.headers)
  return protocol
}
