// Sends tries over pooled connections: an idle one when there is one, else a new one.
import type { EndpointState } from '../../model/balancer.ts'
import type { ServiceConfig } from '../../model/service-config.ts'
import { GatewayError } from '../../model/error.ts'
import type { Exchange, OutboundRequest, Transport, UpstreamResponse } from '../../model/exchange.ts'
import type { Dialer } from '../dial.ts'
import { clientClosed } from './client-closed.ts'
import type { ClientExchange } from './client-exchange.ts'
import { EndpointPool, type PoolCounts } from './pool.ts'
import type { Sweep } from './sweep.ts'
import { Upstream } from './upstream.ts'

export class Http1Transport implements Transport {
  readonly counts: PoolCounts = { open: 0, idle: 0, reused: 0, opened: 0, failed: 0 }
  private readonly pools = new Map<EndpointState, EndpointPool>()
  private readonly sweep: Sweep
  private readonly dialer: Dialer

  constructor(sweep: Sweep, dialer: Dialer) {
    this.sweep = sweep
    this.dialer = dialer
  }

  send(exchange: Exchange, request: OutboundRequest, state: EndpointState, service: ServiceConfig, deadline: number): Promise<UpstreamResponse> {
    const client = exchange as ClientExchange
    // It may have left while the core waited, before a second try for instance; nobody would tell this one any more.
    if (client.gone || client.broken !== undefined) return Promise.reject(reasonOf(client))
    const pool = this.poolOf(state, service)
    const upstream = pool.take()
    if (upstream !== undefined) return start(upstream, client, request, deadline)
    if (pool.open >= service.maxConnections) return Promise.reject(new GatewayError('overloaded', `${pool.open} connections to one endpoint of ${service.name}`, { side: 'upstream', retry: 'unsent' }))
    return this.connect(pool, client, request, state, service, deadline)
  }

  reaches({ endpoint }: EndpointState, service: ServiceConfig): Promise<boolean> {
    return this.dialer.reaches(endpoint, service)
  }

  /** An endpoint has left: its idle connections close, requests under way finish. */
  retire(state: EndpointState): void {
    const pool = this.pools.get(state)
    if (pool === undefined) return
    pool.close()
    if (pool.open === 0) this.pools.delete(state)
  }

  /** Ends every idle connection; for shutdown. */
  close(): void {
    for (const pool of this.pools.values()) pool.close()
  }

  private async connect(pool: EndpointPool, client: ClientExchange, request: OutboundRequest, state: EndpointState, service: ServiceConfig, deadline: number): Promise<UpstreamResponse> {
    pool.onOpened()
    const socket = await this.dialer.dial(state.endpoint, service, client, deadline).catch((error: unknown) => {
      pool.onFailed()
      throw error
    })
    const upstream = new Upstream(socket, pool)
    if (client.gone || client.broken !== undefined) {
      upstream.abort()
      throw reasonOf(client)
    }
    return start(upstream, client, request, deadline)
  }

  private poolOf(state: EndpointState, service: ServiceConfig): EndpointPool {
    const pool = this.pools.get(state) ?? this.createPool(state, service)
    if (state.gone) pool.close()
    else pool.reopen()
    return pool
  }

  private createPool(state: EndpointState, service: ServiceConfig): EndpointPool {
    // A connection that began with one client's PROXY header cannot serve another.
    const pool = new EndpointPool(this.sweep, this.counts, service.proxyProtocol === undefined)
    pool.onEmpty = () => this.pools.delete(state)
    this.pools.set(state, pool)
    return pool
  }
}

/** Why there is nobody to send for. */
function reasonOf(client: ClientExchange): GatewayError {
  return client.broken ?? clientClosed()
}

function start(upstream: Upstream, client: ClientExchange, request: OutboundRequest, deadline: number): Promise<UpstreamResponse> {
  client.whenGone((error) => upstream.abort(error))
  return upstream.send(client, request, deadline)
}
