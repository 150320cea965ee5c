// The part of a process that serves traffic: listeners, the HTTP/1.1 engine, and the snapshot that requests are decided on.
// It is told tables and endpoint sets; where those come from is the control plane's business.
import type { AccessRecord } from '../model/access.ts'
import type { ListenerConfig, TableConfig } from '../model/config.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { GatewayError } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import type { Table } from '../model/route.ts'
import type { Revision, ServiceEndpoints, Snapshot } from '../model/snapshot.ts'
import { Budgets } from '../proxy/budgets.ts'
import { createEndpointBook, type EndpointBook } from '../proxy/endpoints.ts'
import type { Gateway } from '../proxy/gateway.ts'
import type { LiveExplain } from '../proxy/live-explain.ts'
import { compileTable } from '../route/compile.ts'
import type { Live } from '../telemetry/live.ts'
import type { ConnectionCounts, Serving } from './client-connection.ts'
import { createDialer } from './dial.ts'
import { Sweep } from './http1/sweep.ts'
import { Http1Transport } from './http1/transport.ts'
import { Listener } from './listener.ts'
import { upstreamContexts } from './tls.ts'

export interface DataPlaneOptions {
  readonly platform: Platform
  readonly zone?: string
  readonly explain?: LiveExplain
  record(access: AccessRecord): void
  onRefused?(listener: string, client: string, error: GatewayError): void
}

const PENDING: EndpointSet = { kind: 'pending' }
const NOTHING: Revision = { number: 0, hash: '', origin: 'none', at: 0 }

export class DataPlane {
  readonly connections: ConnectionCounts = { open: 0, active: 0, accepted: 0, tunnels: 0, tunnelsIdleClosed: 0, tlsFailed: 0, proxyHeaderBad: 0, refused: 0 }
  private readonly platform: Platform
  private readonly sweep: Sweep
  private readonly transport: Http1Transport
  private readonly book: EndpointBook
  private readonly gateway: Gateway
  private readonly serving: Serving
  private readonly listeners = new Map<string, Listener>()
  private readonly sets = new Map<string, EndpointSet>()

  constructor(options: DataPlaneOptions) {
    const { platform } = options
    this.platform = platform
    this.sweep = new Sweep(platform.now)
    this.transport = new Http1Transport(this.sweep, createDialer(platform.now, upstreamContexts()))
    this.book = createEndpointBook(platform, {
      ...(options.zone === undefined ? {} : { zone: options.zone }),
      onGone: (state) => this.transport.retire(state),
    })
    this.gateway = {
      platform,
      transport: this.transport,
      snapshot: { revision: NOTHING, table: compileTable({ callers: [], services: [], routes: [] }), services: [] },
      budgets: new Budgets(),
      ...(options.explain === undefined ? {} : { explain: options.explain }),
      record: (access) => {
        this.connections.active--
        options.record(access)
      },
    }
    this.serving = {
      gateway: this.gateway,
      sweep: this.sweep,
      counts: this.connections,
      onRefused: (listener, client, error) => options.onRefused?.(listener, client, error),
    }
  }

  get snapshot(): Snapshot {
    return this.gateway.snapshot
  }

  /** Counts of connections and pools for metrics. */
  live(): Live {
    const { connections } = this
    const pools = this.transport.counts
    return {
      requestsActive: connections.active,
      requestsRefused: connections.refused,
      downstreamOpen: connections.open,
      downstreamAccepted: connections.accepted,
      tlsFailed: connections.tlsFailed,
      proxyHeaderBad: connections.proxyHeaderBad,
      tunnelsOpen: connections.tunnels,
      tunnelsIdleClosed: connections.tunnelsIdleClosed,
      upstreamOpen: pools.open,
      upstreamIdle: pools.idle,
      upstreamOpened: pools.opened - pools.failed,
      upstreamReused: pools.reused,
      upstreamFailed: pools.failed,
      accessLogDropped: 0,
    }
  }

  /** Opens a listener; resolves with its port. */
  async listen(config: ListenerConfig, reusePort: boolean): Promise<number> {
    const listener = new Listener(config, this.serving, this.platform)
    const port = await listener.listen(reusePort)
    this.listeners.set(config.name, listener)
    return port
  }

  /** Takes a table whole: compiled beside the running one, then swapped in between two requests. Throws for a table that does not compile. */
  useTable(config: TableConfig, revision: Revision): void {
    const table = compileTable(config)
    const names = new Set(table.services.map(({ name }) => name))
    this.swap(table, revision, table.services.map((service) => this.book.build(service, this.setOf)))
    this.book.retain(names)
    this.gateway.budgets.retain(names)
    const used = new Set(table.services.flatMap(({ from }) => from))
    for (const ref of this.sets.keys()) if (!used.has(ref)) this.sets.delete(ref)
  }

  /** Takes the latest set of one reference; only services that draw on it are built anew. */
  useSet(ref: string, set: EndpointSet): void {
    this.sets.set(ref, set)
    const { table, revision, services } = this.gateway.snapshot
    if (!table.services.some(({ from }) => from.includes(ref))) return
    this.swap(table, revision, services.map((service) => (service.config.from.includes(ref) ? this.book.build(service.config, this.setOf) : service)))
  }

  /** Drains every listener, then drops what is left. `limit` in milliseconds. */
  async stop(limit: number): Promise<void> {
    await Promise.all([...this.listeners.values()].map((listener) => listener.drain(limit)))
    this.transport.close()
    this.sweep.stop()
  }

  private readonly setOf = (ref: string): EndpointSet => this.sets.get(ref) ?? PENDING

  private swap(table: Table, revision: Revision, services: readonly ServiceEndpoints[]): void {
    this.gateway.snapshot = { revision, table, services }
  }
}
