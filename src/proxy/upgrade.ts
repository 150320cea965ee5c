// Which requests ask for another protocol, and whether a route lets them: rules that the runtimes and explain share.
import { GatewayError } from '../model/error.ts'
import type { HeaderList } from '../model/headers.ts'
import type { RequestHead } from '../model/request.ts'
import type { Route } from '../model/route.ts'

/** The protocol that `Upgrade` (lower case) asks for; empty when it is none that passes. HTTP/2 over an upgrade never does (h2c smuggling). */
export function protocolOf(upgrade: string): string {
  const tokens = upgrade.split(',').map((token) => token.trim())
  const token = tokens.find((name) => name === 'websocket') ?? (tokens.length === 1 ? (tokens[0] as string) : '')
  return /^(?:h2c|http|tls)\b/.test(token) || !/^[a-z0-9!#$%&'*+.^_`|~/-]{1,64}$/.test(token) ? '' : token
}

/** Throws for a malformed WebSocket handshake (RFC 6455 section 4.1). */
export function checkHandshake(method: string, headers: HeaderList): void {
  const keys = headers.getAll('sec-websocket-key')
  const versions = headers.getAll('sec-websocket-version')
  if (method !== 'GET' || keys.length !== 1 || !/^[A-Za-z0-9+/]{22}==$/.test(keys[0] as string) || versions.length !== 1)
    throw new GatewayError('bad_request', 'a WebSocket handshake is a GET with one key and one version', { side: 'downstream' })
}

/**
 * The protocol that a described request asks for, as a received one would. A person who asks need not write key and version of a
 * handshake; those that stand there must hold.
 */
export function describedUpgrade({ method, headers }: RequestHead): string {
  const members = headers.getAll('connection').join(',').toLowerCase().split(',')
  if (!headers.has('upgrade') || !members.some((member) => member.trim() === 'upgrade')) return ''
  const protocol = protocolOf(headers.getAll('upgrade').join(',').toLowerCase())
  // The body would have to be framed before the switch; such a request goes on without the upgrade.
  if (headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0) return ''
  const written = method !== 'GET' || headers.has('sec-websocket-key') || headers.has('sec-websocket-version')
  if (protocol === 'websocket' && written) checkHandshake(method, headers)
  return protocol
}

/** Why a route does not let a request through that asks for this protocol, empty for none; undefined when it does. */
export function upgradeRefusal({ name, config }: Route, protocol: string): GatewayError | undefined {
  return protocol === '' || config.upgrade ? undefined : new GatewayError('upgrade_refused', `route ${name} does not allow upgrades`)
}
