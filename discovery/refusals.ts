// What of an answer was refused, and whether an answer of which nothing is left may be wrong about instances that were good.
import type { Rejection } from '../src/model/discoverer.ts'
import { isInService, type Endpoint } from '../src/model/endpoint.ts'
import { MAX_INSTANCES } from './admit.ts'
import { printable } from './text.ts'

/** Refused entries that are told of. */
const MAX_TOLD = 100

/** Refused entries by who refused them. */
export interface Refused {
  /** Rows that a source could make no instance of. What it calls them need not be the id of an instance. */
  readonly rows: readonly Rejection[]
  /** Instances, by their ids. */
  readonly instances: readonly Rejection[]
}

/** What was known before. */
export interface Before {
  /** What is in use and was not said to have left; undefined before the first answer. */
  readonly endpoints: readonly Endpoint[] | undefined
  readonly registry: string
  /** Rows that were refused in the last answer that could be used. */
  readonly refused: ReadonlySet<string>
}

/** The first hundred, and how many more there are. */
export function toldOf(all: readonly Rejection[]): readonly Rejection[] {
  return all.length > MAX_TOLD ? [...all.slice(0, MAX_TOLD), { id: '…', reason: `and ${all.length - MAX_TOLD} more` }] : all
}

/** The rows of an answer, for the next one. */
export function rowsOf({ rows }: Refused): ReadonlySet<string> {
  return rows.length === 0 ? NONE : new Set(rows.slice(0, MAX_INSTANCES).map(({ id }) => id))
}
const NONE: ReadonlySet<string> = new Set()

/**
 * Whether what was refused may be instances that are in service: then an answer with nothing else is none. Entries that were never good say nothing of those
 * that were; one of them would keep all that has left for ever.
 */
export function mayBeInService({ rows, instances }: Refused, { endpoints, registry, refused }: Before): boolean {
  if (endpoints === undefined) return true
  const known = new Set(endpoints.filter(isInService).map(({ id }) => printable(id.slice(registry.length + 1))))
  return known.size > 0 && (instances.some(({ id }) => known.has(id)) || rows.some(({ id }) => known.has(id) || !refused.has(id)))
}
