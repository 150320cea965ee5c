// What a client connection knows from its listener and its peer, and what it reports back.
import type { ListenerLimits } from '../../model/listener-config.ts'
import type { GatewayError } from '../../model/error.ts'
import type { RequestHead } from '../../model/request.ts'
import type { ClientExchange } from './client-exchange.ts'
import type { Downstream } from './downstream.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { Sweep } from './sweep.ts'

/** The surroundings of one client connection. */
export interface Connection {
  readonly sweep: Sweep
  readonly limits: ListenerLimits
  readonly scheme: 'http' | 'https'
  readonly trustedPeer: boolean
  readonly peerAddress: string
  /** False while the gateway drains. */
  readonly open: boolean
  now(): number
  /** Adds who sent it to what was sent. */
  headOf(parsed: ParsedRequest): RequestHead
  /** True when this is the last request that the connection may make. */
  isLast(served: number): boolean
  /** Serves one request; resolves when all of it is over, its record included. Never rejects. */
  serve(exchange: ClientExchange): Promise<void>
  onRefused(error: GatewayError, startedAt: number): void
  /** A tunnel opened (1) or ended (-1). */
  onTunnel(change: 1 | -1): void
  onTunnelIdle(): void
  onClosed(downstream: Downstream): void
}
