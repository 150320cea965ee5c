// One request as a worker presents it to the core. Answers are handed to the runtime, which streams them by itself: a body never
// enters JavaScript, so its bytes are not counted and an exchange ends with its response head.
import { GatewayError } from '../model/error.ts'
import type { Exchange, UpstreamResponse } from '../model/exchange.ts'
import { isBodiless, type RequestHead, type ResponseHead } from '../model/request.ts'
import { whatwgHeaders } from './headers.ts'
import type { FetchedResponse } from './transport.ts'
import type { WorkerdRequest, WorkerdResponseInit } from './workerd.ts'

/** A body that may be sent again is kept up to this many bytes, as on Node. */
const MAX_KEPT = 64 * 1024

/** The only upgrade that fetch can pass on; any other request goes on without. */
export function canPass(protocol: string): boolean {
  return protocol === 'websocket'
}

/** One request of the worker runtime. */
export class EdgeExchange implements Exchange {
  readonly head: RequestHead
  readonly startedAt: number
  readonly upgrade: string
  readonly trustedPeer = false
  readonly uploadedAt = 0
  readonly bytesIn = 0
  bytesOut = 0
  readonly request: WorkerdRequest
  /** Set once the request is answered. */
  response: Response | undefined
  private readonly hasBody: boolean
  private keeps = false
  private kept: Promise<ArrayBuffer> | undefined
  private begun = false

  constructor(request: WorkerdRequest, head: RequestHead, startedAt: number) {
    this.request = request
    this.head = head
    this.startedAt = startedAt
    this.hasBody = request.body !== null && request.headers.get('content-length') !== '0'
    this.upgrade = request.method === 'GET' && canPass(request.headers.get('upgrade')?.toLowerCase() ?? '') ? 'websocket' : ''
  }

  get peerAddress(): string {
    return this.head.source.address
  }

  get peerScheme(): 'http' | 'https' {
    return this.head.scheme
  }

  get gone(): boolean {
    return this.request.signal.aborted
  }

  get replayable(): boolean {
    return !this.hasBody || this.keeps || !this.begun
  }

  /** Only a body of known and small length: what streams is not held back for a retry that may never come. */
  keepBody(): void {
    const length = Number(this.request.headers.get('content-length') ?? Number.NaN)
    this.keeps = this.hasBody && length <= MAX_KEPT && this.request.method !== 'GET' && this.request.method !== 'HEAD'
  }

  /** What is kept is whole, and what is not kept is not sent again. */
  holdBody(): void {}

  /** Fetch passes no trailers on. */
  ruleTrailers(): void {}

  /** The request for one try, to this URL with these fields. */
  async outbound(url: string, headers: Headers, signal: AbortSignal): Promise<Request> {
    const init = { headers, signal, redirect: 'manual' } as const
    const { method } = this.request
    if (!this.hasBody) return new Request(url, { ...init, method })
    if (this.keeps) return new Request(url, { ...init, method, body: await this.whole(signal) })
    this.begun = true
    // From the request itself: its body keeps its length and goes with GET too, which `body` in an init would not.
    return new Request(url, new Request(this.request, init))
  }

  /** The body that is kept; it comes as slowly as the client sends it, so it is waited for until the try is over. */
  private async whole(signal: AbortSignal): Promise<ArrayBuffer> {
    this.kept ??= this.request.arrayBuffer()
    const over = Promise.withResolvers<never>()
    const end = (): void => over.reject(signal.reason)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
    try {
      return await Promise.race([this.kept, over.promise])
    } catch (error) {
      throw signal.aborted ? error : new GatewayError('client_closed', 'the body ended before its length', { side: 'downstream', cause: error })
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  respond(head: ResponseHead, body: string): Promise<void> {
    const init = initOf(head)
    const isHead = this.head.method === 'HEAD'
    if (isHead && !isBodiless(head.status)) init.headers.set('content-length', String(new TextEncoder().encode(body).length))
    this.response = new Response(isHead || body === '' ? null : body, init)
    return Promise.resolve()
  }

  relay(upstream: UpstreamResponse, head: ResponseHead): Promise<void> {
    const { fetched } = upstream as FetchedResponse
    const init = { ...initOf(head), webSocket: fetched.webSocket ?? null } satisfies WorkerdResponseInit
    // No body tells the length that it would have.
    const length = this.head.method === 'HEAD' ? fetched.headers.get('content-length') : null
    if (length !== null) init.headers.set('content-length', length)
    // Fetch takes no body with these ("null body status").
    this.response = new Response(head.status === 101 || isBodiless(head.status) ? null : fetched.body, init)
    return Promise.resolve()
  }
}

function initOf(head: ResponseHead): ResponseInit & { readonly headers: Headers } {
  return { status: head.status, statusText: head.reason, headers: whatwgHeaders(head.headers) }
}
