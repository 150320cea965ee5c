// The configuration in normal form: every shorthand expanded, every default filled, durations in milliseconds and sizes in
// bytes. `src/config` makes it from what a person wrote; nothing else reads YAML. It is plain data: it travels to workers,
// to Redis and to the edge as JSON.

/** How one text is compared. Patterns are RE2 syntax, unanchored unless they say otherwise. */
export type TextMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string }

/** A condition on a header, query parameter or cookie: present or not, or any of several texts. */
export interface FieldCondition {
  /** Header names are lower case; query and cookie names as written. */
  readonly name: string
  readonly test: { readonly kind: 'present' } | { readonly kind: 'absent' } | { readonly kind: 'any'; readonly of: readonly TextMatch[] }
}

/**
 * Exact host, `*.suffix` (any number of labels, at least one) or a regular expression over the whole host. Hosts are in the
 * normal form of `RequestHead.host`; `suffix` stands without its `*.` (`example.com`).
 */
export type HostPattern =
  | { readonly kind: 'exact'; readonly host: string }
  | { readonly kind: 'suffix'; readonly suffix: string }
  | { readonly kind: 'regex'; readonly pattern: string }

/** One segment of a path template. */
export type PathSegment = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'param'; readonly name: string }

/**
 * `template` covers exact paths too (only literals, no rest). Segments are what stands between slashes: `/` is one empty
 * literal, `/a/` is `a` and an empty one. `rest` is a trailing `/**`: the prefix itself and everything below it by whole
 * segments; `/**` alone is no segment and rest. Literals are in the percent-encoding of the path normal form. A regex must match
 * the whole of `RequestHead.matchPath`; people write it `/^…/`.
 */
export type PathPattern =
  | { readonly kind: 'template'; readonly segments: readonly PathSegment[]; readonly rest: boolean }
  | { readonly kind: 'regex'; readonly pattern: string }

/** A member of `source`: an address range or the name of a caller. */
export type SourcePattern = { readonly kind: 'cidr'; readonly cidr: string } | { readonly kind: 'caller'; readonly name: string }

/** A window of time: between two instants, or daily hours (minutes of the day, UTC; `to` before `from` wraps midnight), on some days (0 is Sunday). */
export interface TimeWindow {
  readonly after?: number
  readonly before?: number
  readonly from?: number
  readonly to?: number
  readonly days?: readonly number[]
}

/** All that is present must hold; inside a list any member is enough. */
export interface MatchConfig {
  readonly host?: readonly HostPattern[]
  readonly path?: readonly PathPattern[]
  readonly method?: readonly string[]
  readonly headers?: readonly FieldCondition[]
  readonly query?: readonly FieldCondition[]
  readonly cookies?: readonly FieldCondition[]
  readonly source?: readonly SourcePattern[]
  readonly listener?: readonly string[]
  readonly when?: TimeWindow
}

/** One weighted destination: index-free reference to a service of the table and optionally one of its subsets. */
export interface DestinationConfig {
  readonly service: string
  readonly subset?: string
  /** 0 to 65535. */
  readonly weight: number
}

export type ActionConfig =
  | { readonly kind: 'forward'; readonly to: readonly DestinationConfig[] }
  | { readonly kind: 'redirect'; readonly status: 301 | 302 | 303 | 307 | 308; readonly location: string }
  | { readonly kind: 'respond'; readonly status: number; readonly body: string; readonly headers: readonly (readonly [string, string])[] }

/**
 * URL rewrite. `path` is a template over the route's captures (`/v2/{id}`, `{**}` for what `/**` matched); `host` replaces
 * the authority.
 */
export interface RewriteConfig {
  readonly path?: string
  readonly host?: string
}

/** Applied in the order remove, set, add. Values may hold `{param}` captures. */
export interface HeaderRulesConfig {
  readonly remove: readonly string[]
  readonly set: readonly (readonly [string, string])[]
  readonly add: readonly (readonly [string, string])[]
}

export type RetryCondition = 'connect' | 'reset' | 'timeout' | '5xx' | 'gateway-error' | '429'

export interface RetryConfig {
  /** Further tries after the first, 0 to 10. */
  readonly attempts: number
  readonly on: readonly RetryCondition[]
  /** Limit of one try in milliseconds, 0 for none. */
  readonly perTry: number
  /** Methods that may be sent again after something of them may have arrived; default the idempotent ones. */
  readonly methods: readonly string[]
}

export interface RouteConfig {
  /** Unique; `route-3` when the file gives none (position in the list, from 1). */
  readonly name: string
  /** -1000 to 1000, default 0; a higher one wins before anything else is compared. */
  readonly priority: number
  /** Alternatives, any of which is enough; at least one. */
  readonly match: readonly MatchConfig[]
  readonly action: ActionConfig
  readonly rewrite?: RewriteConfig
  readonly requestHeaders?: HeaderRulesConfig
  readonly responseHeaders?: HeaderRulesConfig
  /** Until the response head, over all tries, in milliseconds; 0 for none. Default 15 s. */
  readonly timeout: number
  readonly retry?: RetryConfig
  /** Whether protocol upgrades (WebSocket) pass. Default true. */
  readonly upgrade: boolean
  readonly tests: readonly RouteTestConfig[]
}

/** A test written in the table: this request must end at one of these (`service/subset`, `redirect`, `respond:404`, a route name after `route:`, `none`). */
export interface RouteTestConfig {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly from?: string
  readonly listener?: string
  /** Wall clock, milliseconds, for time windows; default the moment of the check. */
  readonly at?: number
  readonly expect: readonly string[]
}

export interface SubsetConfig {
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  /**
   * Any of these must hold too. Made by routes from tags, where instances of one service carry different ones; not written by people.
   * A label is a tag, or `key=value` of the metadata.
   */
  readonly labels?: readonly LabelSet[]
}

/** Labels that an endpoint must all have, and labels of which it must have none. */
export interface LabelSet {
  readonly all: readonly string[]
  readonly none: readonly string[]
}

export type HashKey =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'source' }

export type BalanceConfig =
  | { readonly kind: 'peak-ewma' | 'least-request' | 'round-robin' | 'random' }
  | { readonly kind: 'ring-hash' | 'maglev'; readonly by: HashKey }

export interface UpstreamTlsConfig {
  /** Name to ask for and to check; default the endpoint's host name. */
  readonly serverName?: string
  /** Paths of PEM files. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** False accepts any certificate; default true. */
  readonly verify: boolean
}

/** An address written in the table. */
export interface StaticEndpointConfig {
  readonly host: string
  readonly port: number
  readonly weight: number
  readonly zone?: string
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
}

/** Where a service's endpoints come from: references in order of preference, or addresses written in the table. */
export interface ServiceConfig {
  /** Name in `to`; for a destination that names a registry directly, the reference itself (`consul/words`). */
  readonly name: string
  /** Canonical references (`refKey`) in order of preference. */
  readonly from: readonly string[]
  /** True: the endpoints of all references together, each address once. Else the first reference with usable endpoints is used. */
  readonly merge?: boolean
  readonly endpoints: readonly StaticEndpointConfig[]
  readonly subsets: Readonly<Record<string, SubsetConfig>>
  readonly balance: BalanceConfig
  readonly tls?: UpstreamTlsConfig
  /** Milliseconds to connect, default 1 s. */
  readonly connectTimeout: number
  /** Connections to one endpoint in one worker, default 1024; further requests are refused with `overloaded`. */
  readonly maxConnections: number
  /** Write a PROXY protocol header to each new connection. */
  readonly proxyProtocol?: 'v1' | 'v2'
}

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

export interface ListenerTlsConfig {
  /** One or several certificates, chosen by server name; the first is the default. Paths of PEM files, reloaded when they change. */
  readonly certificates: readonly { readonly cert: string; readonly key: string }[]
  /** CA for client certificates; asked for when present. */
  readonly clientCa?: string
  /** Refuse clients without a certificate; default true when `clientCa` is set. */
  readonly requireClientCert: boolean
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

/** Limits of one listener. Times in milliseconds, sizes in bytes. */
export interface ListenerLimits {
  /** Whole head, from its first byte. Default 10 s. */
  readonly headTimeout: number
  /** Between requests on a kept connection. Default 60 s. */
  readonly idleTimeout: number
  /** Between two bytes of a body, either way. Default 30 s. */
  readonly bodyTimeout: number
  /** No byte either way on an upgraded connection. Default 1 h. */
  readonly tunnelTimeout: number
  /** Request line. Default 16 KiB. */
  readonly lineBytes: number
  /** Whole head. Default 64 KiB. */
  readonly headBytes: number
  /** Header fields. Default 100. */
  readonly headerCount: number
  /** Request body; 0 for no limit. Default 0. */
  readonly bodyBytes: number
  /** Requests on one connection before it is closed; 0 for no limit. Default 0. */
  readonly requestsPerConnection: number
  /** Connections of one worker on this listener. Default 65536. */
  readonly connections: number
}

export interface ListenerConfig {
  readonly name: string
  /** 0 picks a free one. */
  readonly port: number
  /** Default `0.0.0.0` and `::` together. */
  readonly host?: string
  readonly tls?: ListenerTlsConfig
  /** Proxies whose forwarding headers and PROXY header are believed; none by default. */
  readonly trustedProxies: readonly string[]
  /** Expect a PROXY protocol header (v1 or v2) on each connection from a trusted proxy. */
  readonly proxyProtocol: boolean
  readonly limits: ListenerLimits
}

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
  /** Milliseconds that requests under way get at shutdown. Default 30 s. */
  readonly drainTimeout: number
}
