// The contract of a catalogue: every service of a registry with the labels that may route it. Endpoints come from a
// `Discoverer`; a catalogue only says which services are worth watching.
import type { Attempt, ServiceRef } from './discoverer.ts'
import type { StaleCause } from './endpoint.ts'

/** One service of a registry. */
export interface CatalogService {
  /** Canonical reference (`refKey`), under which its endpoints are watched. */
  readonly ref: string
  /** Its name for people. */
  readonly name: string
  /** Tags, and labels or metadata as `key=value`; of all its instances together where the registry lists them so. */
  readonly labels: readonly string[]
}

/** What a registry knows of its services: always the whole list, or that it cannot say. `at` is the wall clock (ms) of the last believed answer. */
export type CatalogSet =
  | { readonly kind: 'ready'; readonly services: readonly CatalogService[]; readonly at: number }
  | { readonly kind: 'pending'; readonly cause?: StaleCause }
  | { readonly kind: 'stale'; readonly services: readonly CatalogService[]; readonly at: number; readonly cause: StaleCause }

export interface CatalogWatchOptions {
  /** Whether a service with these labels matters; others are left out of every list. */
  readonly wanted: (labels: readonly string[]) => boolean
  /** What is known from before: kept, and given in `stale` lists, until the registry has answered. */
  readonly last?: readonly CatalogService[]
  /** Called once for each finished question. */
  readonly observe?: (attempt: Attempt) => void
}

/** The services of one registry. */
export interface Catalog {
  /** The name that its lists have for a reference; undefined for one that they never have. */
  nameOf(ref: ServiceRef): string | undefined
  /** Labels whose values say weight, zone or tags of an instance, as the options name them. */
  readonly meant?: readonly string[]
  /** Reports the whole list now and after each real change until the signal is aborted. Never throws, never sends a partial list. */
  watch(signal: AbortSignal, options: CatalogWatchOptions): AsyncIterable<CatalogSet>
}
