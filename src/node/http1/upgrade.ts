// Which requests ask for another protocol, whether they may, and which answers may switch to it.
import { checkHandshake, protocolOf } from '../../proxy/upgrade.ts'
import { has, type ParsedRequest } from './request-parser.ts'
import type { ParsedResponse } from './response-parser.ts'
import { failure } from './upstream-errors.ts'

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

/** Throws for a 101 that nobody asked for, or for another protocol: it must never become a tunnel. */
export function checkSwitch(asked: string, parsed: ParsedResponse): void {
  if (asked === '' || parsed.upgrade !== asked) throw failure('upstream_protocol', 'switched protocols without being asked to')
}
