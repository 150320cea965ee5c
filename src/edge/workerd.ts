// The parts of workerd that are no web standard, as far as they are used here.

/** What the runtime says of an incoming request. */
export interface WorkerdRequest extends Request {
  readonly cf?: {
    /** Address and port of the peer. Set by a workerd that stands alone; on Cloudflare the field CF-Connecting-IP says it. */
    readonly clientIp?: string
  }
}

/** One side of a WebSocket whose frames the runtime moves. */
type WorkerdWebSocket = object & { readonly __workerdWebSocket: never }

/** A response that may carry a WebSocket. */
export interface WorkerdResponse extends Response {
  readonly webSocket?: WorkerdWebSocket | null
}

export interface WorkerdResponseInit extends ResponseInit {
  readonly webSocket?: WorkerdWebSocket | null
}
