// A service in normal form: where its endpoints come from, and how they are picked and reached.

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
  /** Milliseconds to connect, 0 for no limit but that of the request; default 1 s. */
  readonly connectTimeout: number
  /** Connections to one endpoint in one worker, default 1024; further requests are refused with `overloaded`. */
  readonly maxConnections: number
  /** Write a PROXY protocol header to each new connection. */
  readonly proxyProtocol?: 'v1' | 'v2'
}
