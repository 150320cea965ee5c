// The contract of a route store: something that holds a table which one hand wrote, and tells when it changes.
import type { TableConfig } from './table-config.ts'
import type { RefSets } from './endpoint.ts'

/** One problem of a document, for people: where, what, and what to do. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  /** Path into the document: `routes[3].match.host`. */
  readonly path: string
  /** From 1; 0 when the place is not known. */
  readonly line: number
  readonly column: number
  readonly message: string
  /** What to write instead. */
  readonly hint?: string
}

/** What a store reports. A rejected document changes nothing: the running table goes on. */
export type StoreEvent =
  | {
      readonly kind: 'table'
      readonly table: TableConfig
      readonly origin: string
      readonly saved?: SavedSource
      /** Endpoint sets that this table was made of, to be put in force in the same moment; see `TagFeed`. */
      readonly sets?: RefSets
    }
  | { readonly kind: 'rejected'; readonly origin: string; readonly problems: readonly Problem[] }
  /** The store cannot be read now; what was read last stays in force. */
  | { readonly kind: 'unavailable'; readonly origin: string; readonly message: string }
  /** The store answers again and holds what was read last. */
  | { readonly kind: 'confirmed'; readonly origin: string }

/**
 * How a store was at the last look. The table in force stays in each of these.
 * `live`: it holds the table that was taken last. `pending`: it has not answered since the start. `unreachable`: it cannot be read (it is down,
 * hangs, loads its data, or refuses). `absent`: it answers and holds no table. `behind`: it went back to an older version. `refused`: it holds a
 * table that is not taken.
 */
export type StoreMode = 'live' | 'pending' | 'unreachable' | 'absent' | 'behind' | 'refused'

/** What is wrong in each of the others, for people: the route store … */
export const STORE_TROUBLE: Readonly<Record<Exclude<StoreMode, 'live'>, string>> = {
  pending: 'has not answered yet',
  unreachable: 'cannot be read',
  absent: 'holds no table',
  behind: 'went back to an older version',
  refused: 'holds a table that is refused',
}

/** What operators see of a route store. Times are wall clock milliseconds. */
export interface StoreStatus {
  /** `redis`, `file:/etc/fairlead.yaml`; never an URL. */
  readonly store: string
  readonly mode: StoreMode
  /** Since when it is in this mode. */
  readonly since: number
  /** Last look at which it could be read, whatever it held; undefined when there was none in this run. */
  readonly lastSuccess?: number
  /** What the last look that was not `live` found, also when that is over. */
  readonly lastError?: { readonly at: number; readonly message: string }
  /** The last good table on disk, where one is kept. */
  readonly lastGood?: LastGoodStatus
}

/** What became of the last good table on disk. */
export interface LastGoodStatus {
  /** When the one on disk was saved, also by an earlier run. */
  readonly savedAt?: number
  /** Why it could not be read or saved the last time, for people; undefined when it could. */
  readonly fault?: string
}

/** What a copy on disk keeps of a table: the text, which is parsed again when it is needed, and the store's own mark of the place. */
export interface SavedSource {
  readonly text: string
  /** Opaque to everyone but the store that made it; lets it recognise an older state after a restart. */
  readonly mark: string
}

/** What a text turned out to be. Without a table there is at least one problem of severity `error`. */
export interface ParsedTable {
  readonly table?: TableConfig
  readonly problems: readonly Problem[]
  /** The document says itself that having no routes is meant. */
  readonly allowEmpty?: boolean
  /** Of a whole configuration what belongs to the gateway, as written, by its key; it is not served from. */
  readonly gateway?: Readonly<Record<string, unknown>>
}

/** Reads YAML or JSON into a table. */
export type ParseTable = (text: string) => ParsedTable

/** A route store. */
export interface RouteStore {
  /** What it holds now and each change, until the signal is aborted. Never throws. */
  watch(signal: AbortSignal): AsyncIterable<StoreEvent>
  /** Tells the store what this gateway did with a table, so that a publisher can wait for it. */
  acknowledge?(origin: string, status: 'applied' | 'rejected', detail: string): Promise<void>
  /** How it is now. */
  status?(): StoreStatus
}
