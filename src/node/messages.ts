// What the main process and its workers say to each other. Plain data, in this order: `start`, then tables and sets as they change.
import type { AccessLogConfig, ListenerConfig, TableConfig } from '../model/config.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Revision } from '../model/snapshot.ts'
import type { InstrumentsDump } from '../telemetry/dump.ts'
import type { SetDelta } from './set-delta.ts'

/** All that a worker needs to serve from its first request on. */
export interface WorkerStart {
  readonly listeners: readonly ListenerConfig[]
  /** Each worker opens the ports itself and the system spreads connections; otherwise the main process hands them out. */
  readonly reusePort: boolean
  readonly accessLog: AccessLogConfig
  readonly zone?: string
  readonly explainSecret?: string
  readonly table?: { readonly config: TableConfig; readonly revision: Revision }
  readonly sets: readonly (readonly [ref: string, set: EndpointSet])[]
}

export type ToWorker =
  | ({ readonly kind: 'start' } & WorkerStart)
  /** A table with the sets that must not be used before it. */
  | { readonly kind: 'table'; readonly config: TableConfig; readonly revision: Revision; readonly sets: readonly (readonly [ref: string, set: EndpointSet])[] }
  | { readonly kind: 'set'; readonly ref: string; /** To the set that was told before, in `start` or since; forgotten with a table that does not use it. */ readonly delta: SetDelta }
  | { readonly kind: 'report'; readonly id: number }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'drain'; readonly limit: number }

export type FromWorker =
  | { readonly kind: 'listening'; readonly ports: Readonly<Record<string, number>> }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'applied'; readonly revision: number }
  | { readonly kind: 'report'; readonly id: number; readonly dump: InstrumentsDump }
