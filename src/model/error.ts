// The one error type of the data plane and its closed vocabulary of reasons. Only `proxy/respond.ts` turns one into a response.

/** Each reason with the status it becomes and one line for docs/reference/reasons.md. The word is in the `fairlead-error` header, the access log and the metric label. */
export const REASONS = {
  bad_request: { status: 400, doc: 'The request is malformed or ambiguous; the connection is closed.' },
  bad_path: { status: 400, doc: 'The path could be read in two ways by two parsers.' },
  bad_host: { status: 400, doc: 'Host is missing, repeated or malformed.' },
  request_timeout: { status: 408, doc: 'The head or the body of the request came too slowly.' },
  body_too_large: { status: 413, doc: 'The body is over the limit.' },
  uri_too_long: { status: 414, doc: 'The request line is over the limit.' },
  expectation_failed: { status: 417, doc: 'Expect asks for something other than 100-continue.' },
  upgrade_refused: { status: 403, doc: 'The route does not allow upgrades.' },
  headers_too_large: { status: 431, doc: 'The header fields are over the limit in size or number.' },
  no_route: { status: 404, doc: 'No route matches.' },
  method_not_supported: { status: 501, doc: 'The gateway does not do this method (CONNECT or TRACE on an ingress listener) or transfer coding.' },
  version_not_supported: { status: 505, doc: 'Not HTTP/1.0 or HTTP/1.1.' },
  no_table: { status: 503, doc: 'The gateway has not received a table yet.' },
  no_endpoints: { status: 503, doc: 'The service has no usable endpoint.' },
  overloaded: { status: 503, doc: 'A limit on connections or requests is reached.' },
  connect_failed: { status: 502, doc: 'No endpoint could be connected to.' },
  connect_timeout: { status: 504, doc: 'Connecting took too long.' },
  upstream_tls: { status: 502, doc: 'The TLS handshake with the endpoint failed.' },
  upstream_reset: { status: 502, doc: 'The endpoint closed the connection before a response.' },
  upstream_protocol: { status: 502, doc: 'The endpoint sent a malformed or ambiguous response.' },
  upstream_timeout: { status: 504, doc: 'The endpoint did not answer in time.' },
  upstream_incomplete: { status: 502, doc: 'The endpoint ended its response early; the client saw a cut.' },
  client_closed: { status: 499, doc: 'The client went away before the response.' },
  internal: { status: 500, doc: 'A defect in the gateway; the log has the details.' },
} as const

export type Reason = keyof typeof REASONS

/**
 * How far a failed try got. `unsent`: nothing reached the endpoint. `stale`: a reused connection turned out closed before any
 * byte of a response, most likely by its idle limit. `reset`: sent, and no byte of a response came. `never`: too late to try again.
 */
export type RetryClass = 'unsent' | 'stale' | 'reset' | 'never'

export interface GatewayErrorOptions {
  /** Which leg failed. */
  readonly side?: 'downstream' | 'upstream' | 'gateway'
  readonly retry?: RetryClass
  readonly cause?: unknown
  /** Overrides the status of the reason, within its class. */
  readonly status?: number
}

/** A request that cannot go on, with the reason in the closed vocabulary. */
export class GatewayError extends Error {
  readonly reason: Reason
  readonly status: number
  readonly side: 'downstream' | 'upstream' | 'gateway'
  readonly retry: RetryClass

  constructor(reason: Reason, message: string, options: GatewayErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'GatewayError'
    this.reason = reason
    this.status = options.status ?? REASONS[reason].status
    this.side = options.side ?? 'gateway'
    this.retry = options.retry ?? 'never'
  }
}

/** What a log should have of a defect. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}

/** What an error says, for people. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** Code of an error of the system or a library (`ENOENT`); empty without one. */
export function codeOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}
