// What one client connection stands in: its listener's rules, its peer, and the gateway that serves its requests.
import type { ListenerLimits } from '../model/listener-config.ts'
import type { GatewayError } from '../model/error.ts'
import type { RequestHead, Source } from '../model/request.ts'
import { clientAddress, clientScheme } from '../proxy/client-address.ts'
import { removeClaims } from '../proxy/header-class.ts'
import { type Gateway, handle } from '../proxy/gateway.ts'
import type { ClientExchange } from './http1/client-exchange.ts'
import type { Connection } from './http1/connection.ts'
import type { Downstream } from './http1/downstream.ts'
import type { ParsedRequest } from './http1/request-parser.ts'
import type { Sweep } from './http1/sweep.ts'
import type { Listener } from './listener.ts'

/** Counters of client connections of one worker. */
export interface ConnectionCounts {
  open: number
  /** Of the open ones, those with a request under way. */
  active: number
  accepted: number
  tunnels: number
  tunnelsIdleClosed: number
  tlsFailed: number
  proxyHeaderBad: number
}

/** What the listeners of one worker, and their connections, share. */
export interface ListenerContext {
  readonly gateway: Gateway
  readonly sweep: Sweep
  readonly counts: ConnectionCounts
  onRefused(listener: string, client: string, error: GatewayError, startedAt: number): void
}

/** One connection of a client, as the engine asks about it. */
export class ClientConnection implements Connection {
  readonly trustedPeer: boolean
  readonly peerAddress: string
  private readonly listener: Listener
  private readonly context: ListenerContext
  private readonly source: Source

  constructor(listener: Listener, context: ListenerContext, source: Source) {
    this.listener = listener
    this.context = context
    this.source = source
    this.peerAddress = source.address
    this.trustedPeer = listener.trusted(source.address)
    context.counts.open++
    context.counts.accepted++
  }

  get sweep(): Sweep {
    return this.context.sweep
  }

  get limits(): ListenerLimits {
    return this.listener.config.limits
  }

  get scheme(): 'http' | 'https' {
    return this.listener.config.tls === undefined ? 'http' : 'https'
  }

  get open(): boolean {
    return this.listener.open
  }

  now(): number {
    return this.context.gateway.platform.now()
  }

  headOf(parsed: ParsedRequest): RequestHead {
    const forwarded = this.trustedPeer && parsed.hasClaims
    // Before a route is asked: no condition and no hash may go by what anybody can say of itself.
    if (parsed.hasClaims && !this.trustedPeer) removeClaims(parsed.headers)
    return {
      method: parsed.method,
      scheme: forwarded ? (clientScheme(parsed.headers) ?? this.scheme) : this.scheme,
      authority: parsed.authority,
      host: parsed.host,
      path: parsed.path,
      matchPath: parsed.matchPath,
      query: parsed.query,
      headers: parsed.headers,
      source: forwarded ? { ...this.source, address: clientAddress(parsed.headers, this.peerAddress, this.listener.trusted) } : this.source,
      listener: this.listener.config.name,
    }
  }

  isLast(served: number): boolean {
    const { requestsPerConnection } = this.limits
    return !this.listener.open || (requestsPerConnection > 0 && served >= requestsPerConnection)
  }

  serve(exchange: ClientExchange): Promise<void> {
    this.context.counts.active++
    return handle(this.context.gateway, exchange)
  }

  onRefused(error: GatewayError, startedAt: number): void {
    this.context.onRefused(this.listener.config.name, this.peerAddress, error, startedAt)
  }

  onTunnel(change: 1 | -1): void {
    this.context.counts.tunnels += change
  }

  onTunnelIdle(): void {
    this.context.counts.tunnelsIdleClosed++
  }

  onClosed(downstream: Downstream): void {
    this.context.counts.open--
    this.listener.connections.delete(downstream)
  }
}
