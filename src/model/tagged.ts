// Routes that services carry as tags: what goes into the assembly of a table, and what comes out of it.
import type { TableConfig } from './config.ts'

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
