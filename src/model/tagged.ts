// Routes that services carry as tags: what goes into the assembly of a table, and what comes out of it.
import type { TableConfig } from './table-config.ts'
import type { Mode } from './endpoint.ts'

/** One instance of a service that carries tags. */
export interface TaggedInstance {
  /** Of its endpoint. */
  readonly id: string
  /** Tags, and metadata as `key=value`. */
  readonly labels: readonly string[]
  readonly port: number
  readonly usable: boolean
}

/** A service of a registry that some dialect of tags speaks of. */
export interface TaggedService {
  /** Configured name of the registry. */
  readonly registry: string
  /** Canonical reference of its endpoints. */
  readonly ref: string
  /** Name inside the registry. */
  readonly name: string
  /** Its registry lists it no more, and only its endpoints are not known to be gone: whoever is listed has a match before it. */
  readonly unlisted: boolean
  readonly instances: readonly TaggedInstance[]
}

/** A tag that was refused alone, or of which a part means nothing here. */
export interface RefusedTag {
  readonly registry: string
  readonly service: string
  /** Ids of the instances that carry it, at most ten. */
  readonly instances: readonly string[]
  /** Instances that carry it. */
  readonly count: number
  readonly tag: string
  /** For people: what is wrong with it, and what to write. */
  readonly reason: string
  /** `refused`: no route came of it. `note`: the route serves, without a part that means nothing to this gateway. */
  readonly kind: 'refused' | 'note'
}

/** A table made of tags. */
export interface TagTable {
  readonly table: TableConfig
  readonly refused: readonly RefusedTag[]
}

/** What is known of the services of one registry whose tags make routes. */
export interface CatalogStatus {
  readonly registry: string
  readonly mode: Mode
  /** Services that carry routes. */
  readonly services: number
  /** Wall clock of the last answer that was believed, milliseconds; undefined when there was none in this run. */
  readonly lastSuccess?: number
  /** Why it is not `live`, for people. */
  readonly cause?: string
}
