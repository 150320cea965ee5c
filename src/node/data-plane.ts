// The part of a process that serves traffic: listeners, the HTTP/1.1 engine, and the snapshot that requests are decided on.
// It is told tables and endpoint sets; where those come from is the control plane's business.
import type { AccessRecord } from '../model/access.ts'
import type { ListenerConfig } from '../model/listener-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import { type GatewayError, stackOf } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import type { Revision, Snapshot } from '../model/snapshot.ts'
import { Budgets } from '../proxy/budgets.ts'
import { createEndpointBook } from '../proxy/endpoints.ts'
import type { Gateway } from '../proxy/gateway.ts'
import type { LiveExplain } from '../proxy/live-explain.ts'
import { Snapshots } from '../proxy/snapshots.ts'
import { compileTable } from '../route/compile.ts'
import type { Live } from '../telemetry/live.ts'
import type { ConnectionCounts, ListenerContext } from './client-connection.ts'
import { createDialer } from './dial.ts'
import { Sweep } from './http1/sweep.ts'
import { Http1Transport } from './http1/transport.ts'
import { Listener } from './listener.ts'
import { upstreamContexts } from './upstream-contexts.ts'

export interface DataPlaneOptions {
  readonly platform: Platform
  readonly zone?: string
  readonly explain?: LiveExplain
  record(access: AccessRecord): void
  onRefused?(listener: string, client: string, error: GatewayError): void
}

/** What a worker serves with. */
export class DataPlane {
  readonly connections: ConnectionCounts = { open: 0, active: 0, accepted: 0, tunnels: 0, tunnelsIdleClosed: 0, tlsFailed: 0, proxyHeaderBad: 0 }
  private readonly platform: Platform
  private readonly sweep: Sweep
  private readonly transport: Http1Transport
  private readonly snapshots: Snapshots
  private readonly gateway: Gateway
  private readonly context: ListenerContext
  private readonly listeners = new Map<string, Listener>()
  private readonly ending = new AbortController()

  constructor(options: DataPlaneOptions) {
    const { platform } = options
    this.platform = platform
    this.sweep = new Sweep(platform.now, (defect) => platform.log('error', 'a defect has ended a connection', { error: stackOf(defect) }))
    this.transport = new Http1Transport(this.sweep, createDialer(platform.now, upstreamContexts(platform)))
    const book = createEndpointBook(platform, {
      ...(options.zone === undefined ? {} : { zone: options.zone }),
      onGone: (state) => this.transport.retire(state),
    })
    this.snapshots = new Snapshots(book, (snapshot) => {
      this.gateway.snapshot = snapshot
    })
    this.gateway = {
      platform,
      transport: this.transport,
      ending: this.ending.signal,
      snapshot: this.snapshots.current,
      budgets: new Budgets(),
      ...(options.explain === undefined ? {} : { explain: options.explain }),
      record: (access) => {
        this.connections.active--
        options.record(access)
      },
    }
    this.context = {
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
    const listener = new Listener(config, this.context, this.platform)
    // Before it listens: one that cannot has files of certificates to be watched no more.
    this.listeners.set(config.name, listener)
    return listener.listen(reusePort)
  }

  /** Takes a table whole, with sets that are not used before it. Throws, and changes nothing, when it does not compile. */
  useTable(config: TableConfig, revision: Revision, sets: RefSets = []): void {
    this.snapshots.useTable(compileTable(config), revision, sets)
    this.gateway.budgets.retain(new Set(config.services.map(({ name }) => name)))
  }

  /** Takes the latest set of one reference. */
  useSet(ref: string, set: EndpointSet): void {
    this.snapshots.useSet(ref, set)
  }

  /** Drains every listener, then drops what is left. `limit` in milliseconds. */
  async stop(limit: number): Promise<void> {
    await Promise.all([...this.listeners.values()].map((listener) => listener.drain(limit)))
    this.ending.abort()
    this.transport.close()
    this.sweep.stop()
  }
}
