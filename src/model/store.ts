// The contract of a route store: something that holds a table which one hand wrote, and tells when it changes.
import type { TableConfig } from './table-config.ts'
import type { EndpointSet } from './endpoint.ts'

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
      readonly sets?: readonly (readonly [ref: string, set: EndpointSet])[]
    }
  | { readonly kind: 'rejected'; readonly origin: string; readonly problems: readonly Problem[] }
  /** The store cannot be read now; what was read last stays in force. */
  | { readonly kind: 'unavailable'; readonly origin: string; readonly message: string }
  /** The store answers again and holds what was read last. */
  | { readonly kind: 'confirmed'; readonly origin: string }

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
}

/** Reads YAML or JSON into a table. */
export type ParseTable = (text: string) => ParsedTable

/** A route store. */
export interface RouteStore {
  /** What it holds now and each change, until the signal is aborted. Never throws. */
  watch(signal: AbortSignal): AsyncIterable<StoreEvent>
  /** Tells the store what this gateway did with a table, so that a publisher can wait for it. */
  acknowledge?(origin: string, status: 'applied' | 'rejected', detail: string): Promise<void>
}
