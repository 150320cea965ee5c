// What the main process asks of whatever serves: worker processes, or the process itself.
import type { WorkerView } from '../model/admin.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Revision } from '../model/snapshot.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { InstrumentsDump } from '../telemetry/dump.ts'
import type { WorkerStart } from './messages.ts'

/** Where tables and sets go, and where counts come from: worker processes, or this process itself. */
export interface Serving {
  /** Resolves with the listeners' ports once every worker accepts. */
  start(options: WorkerStart): Promise<Readonly<Record<string, number>>>
  /** Resolves when every worker serves it that does not stand still. */
  useTable(config: TableConfig, revision: Revision, labels: ReadonlySet<string>, sets: RefSets): Promise<void>
  useSet(ref: string, set: EndpointSet): void
  instruments(): Promise<InstrumentsDump>
  workers(): readonly WorkerView[]
  readonly restarts: number
  reopenLogs(): void
  /** Lets requests finish for at most `limit` milliseconds, then ends. */
  stop(limit: number): Promise<void>
}
