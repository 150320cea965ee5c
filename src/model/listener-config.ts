// A listener in normal form: where it listens, whom it believes, and its limits.

export interface ListenerTlsConfig {
  /** One or several certificates, chosen by server name; the first is the default. Paths of PEM files, reloaded when they change. */
  readonly certificates: readonly { readonly cert: string; readonly key: string }[]
  /** CA for client certificates; asked for when present. */
  readonly clientCa?: string
  /** Refuse clients without a certificate; default true when `clientCa` is set. */
  readonly requireClientCert: boolean
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
}

/** Limits of one listener. Times in milliseconds, 0 for no limit; sizes in bytes. */
export interface ListenerLimits {
  /** Whole head, from its first byte. Default 10 s. */
  readonly headTimeout: number
  /** Between requests on a kept connection. Default 60 s. */
  readonly idleTimeout: number
  /** Between two bytes of a body, either way; what a request body may be behind its rate. Default 30 s. */
  readonly bodyTimeout: number
  /** Least data of a request body, bytes a second; 0 for no limit. Default 240. */
  readonly bodyRate: number
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

/** What is known of a listener where a request is only described. */
export interface KnownListener {
  readonly name: string
  /** Undefined when it is not known. */
  readonly port?: number
  /** Whether it speaks TLS; undefined when it is not known, or both. */
  readonly tls?: boolean
  /** Whose forwarding headers it believes; undefined when it is not known. */
  readonly trustedProxies?: readonly string[]
}

/** A listener as others may know it; `port` is the one that it got, where the configuration leaves that open. */
export function knownListener(config: Pick<ListenerConfig, 'name' | 'port' | 'tls' | 'trustedProxies'>, port = config.port): KnownListener {
  return { name: config.name, port, tls: config.tls !== undefined, trustedProxies: config.trustedProxies }
}
