// The table in normal form: the part of the configuration that decides requests.
import type { RouteConfig } from './route-config.ts'
import type { ServiceConfig } from './service-config.ts'

export interface CallerConfig {
  readonly name: string
  readonly cidr: readonly string[]
  /** URI names of a verified client certificate. */
  readonly spiffe: readonly string[]
}

/** The part of the configuration that decides requests: it lives in a file or in Redis and is taken whole or not at all. */
export interface TableConfig {
  readonly callers: readonly CallerConfig[]
  readonly services: readonly ServiceConfig[]
  readonly routes: readonly RouteConfig[]
}
