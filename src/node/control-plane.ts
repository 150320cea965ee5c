// The main process: brings tables from the store and endpoint sets from the registries to whoever serves, and answers for
// all of it to the admin server. It is never on a request's way.
import { mkdirSync } from 'node:fs'
import { Hub } from '../../discovery/hub.ts'
import type { Config } from '../model/config.ts'
import { knownListener } from '../model/listener-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { RefSets } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { RouteStore } from '../model/store.ts'
import { createEndpointBook } from '../proxy/endpoints.ts'
import { Snapshots } from '../proxy/snapshots.ts'
import { createRevisions, type Revisions } from '../store/revisions.ts'
import type { TagStore } from '../store/tags.ts'
import type { AdminSource } from './admin/source.ts'
import { createAnnouncements, type Announcements } from './announce/announcements.ts'
import { openRegistries } from './open-registries.ts'
import { openTags } from './open-tags.ts'
import { canReusePort } from './port-check.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import type { Serving } from './serving.ts'
import { createSetMemory } from './set-memory.ts'
import { SetRelay } from './set-relay.ts'
import { TableIntake } from './table-intake.ts'
import { VERSION } from './version.ts'

/** Milliseconds that the first table and the first sets may take before listeners open without them. */
const START_MS = 2500
const POLL_MS = 20

/** The main process of a gateway; or the same part of a program that embeds one. */
export class ControlPlane {
  /** What the admin server asks. */
  readonly source: AdminSource
  ports: Readonly<Record<string, number>> = {}
  private readonly config: Config
  private readonly platform: Platform
  private readonly serving: Serving
  private readonly tags: TagStore | undefined
  /** Watched for their tags, beside those that the table names. */
  private tagRefs: readonly string[] = []
  /** Those of them that no catalogue lists any more. */
  private unlisted: ReadonlySet<string> = new Set()
  private readonly hub: Hub
  private readonly announcements: Announcements
  private readonly readiness: Readiness
  private readonly snapshots: Snapshots
  private readonly relay: SetRelay
  private readonly revisions: Revisions
  private readonly intake: TableIntake
  private readonly life = new AbortController()
  private watching: Promise<void> = Promise.resolve()
  private serves = false
  private draining = false

  /** `store` may be left out where all routes come from tags. */
  constructor(config: Config, platform: Platform, serving: Serving, store: RouteStore | undefined, onDrain: () => void) {
    this.config = config
    this.platform = platform
    this.serving = serving
    mkdirSync(config.stateDir, { recursive: true })
    const memory = createSetMemory(config.stateDir, platform, config.stateMaxAge)
    this.tags = openTags(config, platform, { memory, get: (ref) => this.hub.get(ref), want: (refs, unlisted) => this.wantTags(refs, unlisted), release: (refs) => this.relay.release(refs), ...(store === undefined ? {} : { base: store }) })
    this.revisions = createRevisions(platform)
    this.snapshots = new Snapshots(createEndpointBook(platform), () => {})
    this.relay = new SetRelay({
      snapshots: this.snapshots,
      get: (ref) => this.hub.get(ref),
      waits: (ref) => this.tags?.changed(ref) === true,
      tagged: config.routesFrom,
      tell: (ref, set) => this.serves && serving.useSet(ref, set),
    })
    this.intake = new TableIntake({
      store: this.tags ?? orNone(store),
      platform,
      relay: this.relay,
      revisions: this.revisions,
      inForce: (table, sets) => this.tableInForce(table, sets),
    })
    this.hub = new Hub({
      discoverers: openRegistries(config, platform),
      platform,
      memory,
      onChange: (ref) => this.relay.changed(ref),
    })
    this.readiness = createReadiness({
      draining: () => this.draining,
      serves: () => this.serves,
      // The workers are asked, since they open their ports after the main process has all that it needs.
      accepts: () => serving.workers().some(({ state }) => state === 'running'),
      snapshot: () => this.look(),
    })
    this.announcements = createAnnouncements(config, platform, (registry) => this.readiness.mayAnnounce(registry))
    this.source = this.createSource(store, onDrain)
  }

  /** Resolves when listeners are open. Rejects with a message for people when they cannot be. */
  async start(): Promise<void> {
    this.watching = this.intake.follow(this.life.signal)
    await this.settle()
    const { listeners, accessLog, zone, explainSecret } = this.config
    const { table, revision } = this.snapshots.current
    this.serves = true
    this.ports = await this.serving.start({
      listeners,
      reusePort: canReusePort(),
      accessLog,
      ...(zone === undefined ? {} : { zone }),
      ...(explainSecret === undefined ? {} : { explainSecret }),
      ...(revision.number === 0 ? {} : { table: { config: table.config, revision } }),
      sets: this.snapshots.refs.map((ref) => [ref, this.relay.setOf(ref)] as const),
    })
    // What changed while the ports opened.
    const now = this.snapshots.current
    if (now.revision.number !== revision.number) await this.serve(now.table.config, [])
    for (const ref of this.snapshots.refs) this.serving.useSet(ref, this.relay.setOf(ref))
    this.announcements.start(this.ports)
  }

  reopenLogs(): void {
    this.serving.reopenLogs()
  }

  /** Tells registries and waits until that was heard, lets requests finish for `limit` milliseconds, then ends everything. */
  async stop(limit: number): Promise<void> {
    this.draining = true
    // Listeners stay open meanwhile: clients go on for as long as they have not heard.
    await this.announcements.drain()
    await this.serving.stop(limit)
    await this.announcements.leave()
    this.life.abort()
    await this.watching
    await this.hub.close()
  }

  /** Waits for the first table, and for the first word on each of its services. */
  private async settle(): Promise<void> {
    const deadline = this.platform.now() + START_MS
    const settled = (): boolean => this.snapshots.current.revision.number > 0 && this.snapshots.refs.every((ref) => this.hub.get(ref).kind !== 'pending')
    while (!settled() && this.platform.now() < deadline) await this.platform.sleep(POLL_MS, this.life.signal)
  }

  private tableInForce(table: TableConfig, sets: RefSets): Promise<void> {
    this.watchRefs()
    return this.serve(table, sets)
  }

  private wantTags(refs: readonly string[], unlisted: ReadonlySet<string>): void {
    this.tagRefs = refs
    this.unlisted = unlisted
    this.watchRefs()
  }

  private watchRefs(): void {
    this.hub.setRefs([...new Set([...this.snapshots.refs, ...this.tagRefs])], this.unlisted)
  }

  private async serve(table: TableConfig, sets: RefSets): Promise<void> {
    if (!this.serves) return
    const { revision, table: compiled } = this.snapshots.current
    await this.serving.useTable(table, revision, new Set(compiled.routes.flatMap(({ destinations }) => destinations.map(({ label }) => label))), sets)
  }

  private look(): Snapshot | undefined {
    return this.snapshots.current.revision.number === 0 ? undefined : this.relay.look()
  }

  private createSource(store: RouteStore | undefined, onDrain: () => void): AdminSource {
    const startedAt = this.platform.wallClock()
    return {
      version: VERSION,
      startedAt,
      listeners: () => this.config.listeners.map((listener) => knownListener(listener, this.ports[listener.name])),
      snapshot: () => this.look(),
      setOf: (ref) => this.relay.setOf(ref),
      store: () => store?.status?.(),
      catalogs: () => this.tags?.catalogs() ?? [],
      refusedTags: () => this.tags?.refused() ?? [],
      watches: () => this.hub.status(),
      announcements: () => this.announcements.views(),
      history: () => this.revisions.list(),
      refused: () => this.revisions.refused(),
      instruments: () => this.serving.instruments(),
      workers: () => this.serving.workers(),
      counts: () => ({ tablesRejected: this.intake.rejected, workerRestarts: this.serving.restarts }),
      notReady: () => this.readiness.notReady(),
      drain: onDrain,
    }
  }
}

function orNone(store: RouteStore | undefined): RouteStore {
  if (store === undefined) throw new Error('no routes: neither a store nor routesFrom')
  return store
}
