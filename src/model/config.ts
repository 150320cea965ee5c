// The configuration in normal form: every shorthand expanded, every default filled, durations in milliseconds and sizes in
// bytes. `src/config` makes it from what a person wrote; nothing else reads YAML. It is plain data: it travels to workers,
// to Redis and to the edge as JSON.
import type { ListenerConfig } from './listener-config.ts'
import type { TableConfig } from './table-config.ts'

/** A registry as configured; `options` are the adapter's own, validated by its schema in discovery/list.ts. */
export interface RegistryConfig {
  readonly name: string
  readonly type: string
  readonly options: Readonly<Record<string, unknown>>
}

export interface StoreConfig {
  readonly redis: string
  readonly prefix: string
}

export interface AdminConfig {
  readonly host: string
  readonly port: number
  /** Needed for writes; without one they are refused. */
  readonly token?: string
}

export interface AccessLogConfig {
  readonly format: 'json' | 'clf' | 'off'
  /** `stdout` or a path. */
  readonly to: string
}

/** The whole configuration of one gateway. */
export interface Config {
  readonly listeners: readonly ListenerConfig[]
  readonly registries: readonly RegistryConfig[]
  readonly table: TableConfig
  /** Registries whose tags make routes behind those of the table, in order of precedence. Default none. */
  readonly routesFrom: readonly string[]
  /** Those of them that may not be there at all, as where nobody named one: nothing is said of such a one before it has answered. Default none; no document says it. */
  readonly lookedFor?: readonly string[]
  readonly store?: StoreConfig
  readonly admin: AdminConfig
  readonly accessLog: AccessLogConfig
  /** Worker processes; 0, the default, is one for each core. */
  readonly workers: number
  /** Zone of this gateway; balancers prefer endpoints in it. */
  readonly zone?: string
  /** Secret that lets a signed request header ask for its explanation. */
  readonly explainSecret?: string
  /** Directory for last good tables and endpoint sets. Default `.fairlead` beside the config file. */
  readonly stateDir: string
  /** Endpoint sets of the last run that were confirmed longer ago are not used, milliseconds. Default no limit. */
  readonly stateMaxAge?: number
  /** Milliseconds that requests under way get at shutdown. Default 30 s. */
  readonly drainTimeout: number
}
