// What the admin server asks of the gateway. The control plane implements it; tests give their own.
import type { AnnouncementView, WorkerView } from '../../model/admin.ts'
import type { KnownListener } from '../../model/listener-config.ts'
import type { EndpointSet } from '../../model/endpoint.ts'
import type { RefStatus } from '../../model/ref-status.ts'
import type { Snapshot } from '../../model/snapshot.ts'
import type { StoreStatus } from '../../model/store.ts'
import type { CatalogStatus, RefusedTag } from '../../model/tagged.ts'
import type { RejectedEntry, RevisionEntry } from '../../store/revisions.ts'
import type { InstrumentsDump } from '../../telemetry/dump.ts'

export interface AdminSource {
  readonly version: string
  /** Wall clock, milliseconds. */
  readonly startedAt: number
  /** The listeners, with the ports that they have. */
  listeners(): readonly KnownListener[]
  /** Table in force and the endpoints of its services as the main process sees them; undefined before the first table. */
  snapshot(): Snapshot | undefined
  /** Latest set of a reference (`refKey`); `pending` when it is not watched. */
  setOf(ref: string): EndpointSet
  /** Every watched reference: when it was asked, what failed, which entries were refused. */
  watches(): readonly RefStatus[]
  /** How the gateway stands where it announces itself; empty unless that is configured. */
  announcements(): readonly AnnouncementView[]
  /** Tables that took effect or were refused, newest first. */
  history(): readonly RevisionEntry[]
  /** Tables that were refused since the store last held the one in force, newest first. */
  refused(): readonly RejectedEntry[]
  /** How the route store is; undefined when all routes come from tags. */
  store(): StoreStatus | undefined
  /** Registries whose tags make routes. */
  catalogs(): readonly CatalogStatus[]
  /** Tags that were refused, or of which a part means nothing, in the table in force. */
  refusedTags(): readonly RefusedTag[]
  /** Counts of all workers added up, those of dead ones included. */
  instruments(): Promise<InstrumentsDump>
  workers(): readonly WorkerView[]
  /** Counts of the main process since the start. */
  counts(): { readonly tablesRejected: number; readonly workerRestarts: number }
  /** Why the gateway should get no traffic; empty when it may. */
  notReady(): readonly string[]
  /** Begins to drain: no new connections, requests under way finish. */
  drain(): void
}
