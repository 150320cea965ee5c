// The request under way on one connection to an endpoint: whose it is, and who waits for its response head.
import type { GatewayError } from '../../model/error.ts'
import type { OutboundRequest, UpstreamResponse } from '../../model/exchange.ts'
import type { ClientExchange } from './client-exchange.ts'
import type { ParsedResponse } from './response-parser.ts'
import { failure } from './upstream-errors.ts'

/** Interim responses before the final one. */
const MAX_INTERIM = 32

/** The requests of one connection, one after another. */
export class Pending {
  /** Undefined when none is under way. */
  exchange: ClientExchange | undefined
  /** Milliseconds for the response head once the request is out, 0 for no limit. */
  patience = 0
  private request: OutboundRequest | undefined
  private interim = 0
  private resolve: ((response: UpstreamResponse) => void) | undefined
  private reject: ((error: GatewayError) => void) | undefined

  /** Somebody waits for a response head. */
  get waits(): boolean {
    return this.reject !== undefined
  }

  get method(): string {
    return this.request?.method ?? ''
  }

  /** The protocol that was asked for, empty for none. */
  get upgrade(): string {
    return this.request?.upgrade ?? ''
  }

  begin(exchange: ClientExchange, request: OutboundRequest, patience: number): void {
    this.exchange = exchange
    this.request = request
    this.interim = 0
    this.patience = patience
  }

  /** Its response head, or why there is none. */
  head(): Promise<UpstreamResponse> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Tells the client of an interim response. Throws when there are too many. */
  onInterim(parsed: ParsedResponse): void {
    if (++this.interim > MAX_INTERIM) throw failure('upstream_protocol', 'too many interim responses')
    this.exchange?.relayInterim(parsed)
  }

  /** Who is to be given the response, to be called once what is here of it has been read. From now on it is the response that fails. */
  takeAnswer(): ((response: UpstreamResponse) => void) | undefined {
    const { resolve } = this
    this.resolve = this.reject = undefined
    return resolve
  }

  /** There will be no response head: what is kept of the body waits for another try. */
  fail(error: GatewayError): void {
    const { reject, exchange } = this
    this.forget()
    exchange?.upload.body?.detach()
    reject?.(error)
  }

  forget(): void {
    this.exchange = undefined
    this.request = undefined
    this.resolve = this.reject = undefined
  }
}
