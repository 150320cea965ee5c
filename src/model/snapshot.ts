// What one request sees: a table and the endpoints of its services at one moment.
import type { EndpointState, Picker } from './balancer.ts'
import type { EndpointSet } from './endpoint.ts'
import type { ServiceConfig } from './config.ts'
import type { Table } from './route.ts'

/** Which table this is: a number that grows with each effective change in this gateway, and the hash of its content. */
export interface Revision {
  readonly number: number
  /** First 12 hex digits of the SHA-256 of the canonical JSON of the table. */
  readonly hash: string
  /** Where it came from: `file:/etc/fairlead.yaml`, `redis:v12`, `disk`. */
  readonly origin: string
  /** Wall clock, milliseconds. */
  readonly at: number
}

/** The endpoints of one service, ready to pick from. */
export interface ServiceEndpoints {
  readonly config: ServiceConfig
  /** The set in use, after failover between `from` references. */
  readonly set: EndpointSet
  /** Usable endpoints: routable, not draining; see `proxy/usable.ts` for the rule. */
  readonly all: Pool
  readonly subsets: Readonly<Record<string, Pool>>
}

/** A picker and what it picks from. */
export interface Pool {
  readonly states: readonly EndpointState[]
  readonly picker: Picker
}

/** Immutable; a request takes one at its start and never sees another. */
export interface Snapshot {
  readonly revision: Revision
  readonly table: Table
  /** By the index of the table's services. */
  readonly services: readonly ServiceEndpoints[]
}
