// What one request sees: a table and the endpoints of its services at one moment.
import type { EndpointState, Picker } from './balancer.ts'
import type { EndpointSet, Origin } from './endpoint.ts'
import type { ServiceConfig } from './service-config.ts'
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
  /** Every place that endpoints come from, in order of preference. */
  readonly origins: readonly Origin[]
  /** The set in use: that of the reference in use, or what all of them come to when they are merged. */
  readonly set: EndpointSet
  /** Endpoints that get requests, and behind them those that wait; see `proxy/candidates.ts` for the rule. */
  readonly all: Pool
  readonly subsets: Readonly<Record<string, Pool>>
}

/** A picker and what it picks from. */
export interface Pool {
  /** The first choice. The picker may know more, for requests that find none of these free. */
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
