// What the main process and its workers say to each other. Plain data, in this order: `start`, the parts of a table and the sets that
// go with it, `table`, `listen`; then tables and sets as they change. No message is long, so none holds up the next for long.
import type { AccessLogConfig } from '../model/config.ts'
import type { ListenerConfig } from '../model/listener-config.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { RefSets } from '../model/endpoint.ts'
import type { Revision } from '../model/snapshot.ts'
import type { InstrumentsDump } from '../telemetry/dump.ts'
import type { SetDelta } from './set-delta.ts'

/** What a worker keeps from its start to its end. */
export interface WorkerOptions {
  readonly listeners: readonly ListenerConfig[]
  /** Each worker opens the ports itself and the system spreads connections; otherwise the main process hands them out. */
  readonly reusePort: boolean
  readonly accessLog: AccessLogConfig
  readonly zone?: string
  readonly explainSecret?: string
}

/** All that is needed to serve from the first request on. */
export interface WorkerStart extends WorkerOptions {
  readonly table?: { readonly config: TableConfig; readonly revision: Revision }
  readonly sets: RefSets
}

/** A part of the next table; a part of another revision than the one before begins anew. */
export type TablePart = { readonly kind: 'table-part'; readonly revision: number } & TableConfig

/** Sets that must not be used before the next table, as far as one message goes: each as the difference to what was told of it before. */
export interface SetsPart {
  readonly kind: 'sets-part'
  readonly sets: readonly (readonly [ref: string, delta: SetDelta])[]
}

/** All parts were told: they are in force from now on. */
export interface WholeTable {
  readonly kind: 'table'
  readonly revision: Revision
}

/** A set that is in force from now on; if it waits for the next table, it goes on waiting. */
export interface SetChange {
  readonly kind: 'set'
  readonly ref: string
  /** To what was told before; forgotten with a table that does not use it. */
  readonly delta: SetDelta
}

/** A set as far as one message goes, which must not be used: a `set` completes it. */
export type SetPart = Omit<SetChange, 'kind'> & { readonly kind: 'set-part' }

export type ToWorker =
  | ({ readonly kind: 'start' } & WorkerOptions)
  | TablePart
  | SetsPart
  | WholeTable
  | SetChange
  | SetPart
  | { readonly kind: 'listen' }
  | { readonly kind: 'report' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'drain'; readonly limit: number }

export type FromWorker =
  | { readonly kind: 'listening'; readonly ports: Readonly<Record<string, number>> }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'applied'; readonly revision: number }
  | { readonly kind: 'report'; readonly dump: InstrumentsDump }
  | { readonly kind: 'pong' }
