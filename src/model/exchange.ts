// The seam between the core, which decides, and a runtime, which moves bytes.
import type { EndpointState } from './balancer.ts'
import type { ServiceConfig } from './service-config.ts'
import type { HeaderList } from './headers.ts'
import type { RequestHead, ResponseHead } from './request.ts'
import type { HeaderRules } from './route.ts'

/** One request on its way, as the runtime that accepted it presents it. */
export interface Exchange {
  readonly head: RequestHead
  /** Platform time at the first byte of the head, milliseconds. */
  readonly startedAt: number
  /** Platform time at which the last byte of the body came, milliseconds; 0 before that, without a body, and where the runtime cannot tell. */
  readonly uploadedAt: number
  /** Protocol asked for in a valid upgrade, lower case (`websocket`); empty for none. */
  readonly upgrade: string
  /** True when the peer's forwarding headers are believed. */
  readonly trustedPeer: boolean
  /** Address of the peer itself, which forwarding headers are extended with. */
  readonly peerAddress: string
  /** Scheme of the peer's own connection; that of the head is the client's, through trusted proxies. */
  readonly peerScheme: 'http' | 'https'
  /** True once the client is gone; nothing can be answered any more. */
  readonly gone: boolean
  /** Asks the runtime to keep the body so that it can be sent again, up to its cap. Before the first `send`. */
  keepBody(): void
  /** The answer to a try is not wanted: what still comes of the body waits for the next try, to be sent from its start. */
  holdBody(): void
  /** The route has rules for fields of the request, which trailers must not undo. Before the first `send`. */
  ruleTrailers(rules: HeaderRules): void
  /** True when the body, or its absence, can be sent (again) from its start. */
  readonly replayable: boolean
  /** Body bytes received from and sent to the client so far. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Answers without an endpoint. Resolves when the answer is handed to the client. */
  respond(head: ResponseHead, body: string): Promise<void>
  /**
   * Streams an endpoint's response with the given head; an upgrade becomes a tunnel. Resolves at its end; undefined
   * when the whole of it has already left. Rejects with a GatewayError when it was cut, after making sure that the client can tell.
   * `rules` are what the route does to fields of the response, as in `head`, which trailers must not undo.
   */
  relay(response: UpstreamResponse, head: ResponseHead, rules: HeaderRules | undefined): Promise<void> | undefined
}

/** A response whose head has arrived and whose body waits. */
export interface UpstreamResponse extends ResponseHead {
  readonly headers: HeaderList
  /** Drops the body, when the request is tried elsewhere. */
  discard(): void
}

/** A request as it leaves. */
export interface OutboundRequest {
  readonly method: string
  /** Origin-form target. */
  readonly target: string
  /** Value of Host. */
  readonly authority: string
  /** Without Host, framing and hop-by-hop fields: the transport writes those itself, never copies them. */
  readonly headers: HeaderList
  readonly upgrade: string
}

/** Sends one try to one endpoint. */
export interface Transport {
  /**
   * Resolves with the response head. Rejects with a GatewayError whose `retry` says what may have reached the endpoint.
   * `deadline` is platform time in milliseconds, 0 for none.
   */
  send(exchange: Exchange, request: OutboundRequest, state: EndpointState, service: ServiceConfig, deadline: number): Promise<UpstreamResponse>
  /** Whether an endpoint takes connections; the one that shows it is closed at once. Never rejects. A runtime that cannot tell has none, and a request finds out. */
  reaches?(state: EndpointState, service: ServiceConfig): Promise<boolean>
}
