// Sends tries by `fetch`. The runtime keeps the connections, and does not tell how far a failed one got.
import type { EndpointState } from '../model/balancer.ts'
import type { ServiceConfig } from '../model/service-config.ts'
import { GatewayError, messageOf } from '../model/error.ts'
import type { Exchange, OutboundRequest, Transport, UpstreamResponse } from '../model/exchange.ts'
import type { Platform } from '../model/platform.ts'
import { addressText } from '../proxy/view.ts'
import type { EdgeExchange } from './exchange.ts'
import { headerList, whatwgHeaders } from './headers.ts'
import type { WorkerdResponse } from './workerd.ts'

/** A response whose body the runtime holds. */
export interface FetchedResponse extends UpstreamResponse {
  readonly fetched: WorkerdResponse
}

/** Why a worker cannot send to a service as it is configured; undefined when it can. */
export function unsupportedBecause({ tls, proxyProtocol }: ServiceConfig): string | undefined {
  if (proxyProtocol !== undefined) return 'fetch cannot write a PROXY protocol header'
  if (tls === undefined) return undefined
  if (tls.ca !== undefined || tls.cert !== undefined || !tls.verify) return 'fetch has its own trust and no client certificates'
  return tls.serverName === undefined ? undefined : 'fetch takes the server name from the address'
}

/** The transport of a worker on an edge platform. */
export class FetchTransport implements Transport {
  private readonly platform: Platform

  constructor(platform: Platform) {
    this.platform = platform
  }

  async send(exchange: Exchange, request: OutboundRequest, state: EndpointState, service: ServiceConfig, deadline: number): Promise<UpstreamResponse> {
    const unsupported = unsupportedBecause(service)
    if (unsupported !== undefined) throw new GatewayError('connect_failed', `service ${service.name}: ${unsupported}`)
    const client = exchange as EdgeExchange
    const { endpoint } = state
    const url = `${service.tls === undefined ? 'http' : 'https'}://${addressText(endpoint.host, endpoint.port)}${request.target}`
    const headers = whatwgHeaders(request.headers)
    if (request.upgrade !== '') headers.set('upgrade', request.upgrade)
    const settled = new AbortController()
    const late = new AbortController()
    if (deadline !== 0) void this.abortAt(deadline, late, settled.signal)
    try {
      return fetchedResponse(await fetch(await client.outbound(url, headers, AbortSignal.any([client.request.signal, late.signal]))), request.upgrade)
    } catch (error) {
      throw error instanceof GatewayError ? error : failure(error, client.gone, late.signal.aborted)
    } finally {
      settled.abort()
    }
  }

  private async abortAt(deadline: number, late: AbortController, settled: AbortSignal): Promise<void> {
    await this.platform.sleep(Math.max(0, deadline - this.platform.now()), settled)
    if (!settled.aborted) late.abort()
  }
}

/** Throws for a response that no client can be given, as Node's parser does. The runtime lets it in, but not out again. */
function fetchedResponse(fetched: WorkerdResponse, upgrade: string): FetchedResponse {
  const { status } = fetched
  const discard = (): void => void fetched.body?.cancel().catch(() => undefined)
  if (status > 599 || (status < 200 && (status !== 101 || upgrade === ''))) {
    discard()
    throw new GatewayError('upstream_protocol', `status ${status} ends no response`, { side: 'upstream' })
  }
  // A tab may stand in a reason (RFC 9112 section 4), and the runtime takes none.
  return { fetched, status, reason: fetched.statusText.replaceAll('\t', ' '), headers: headerList(fetched.headers), discard }
}

/**
 * A refused connection and one that broke are one error here, so that only what may be repeated anyway is: `stale` is tried
 * again for idempotent methods.
 */
function failure(error: unknown, gone: boolean, late: boolean): GatewayError {
  if (gone) return new GatewayError('client_closed', 'the client went away', { side: 'downstream' })
  if (late) return new GatewayError('upstream_timeout', 'no response head in time', { side: 'upstream', retry: 'reset' })
  const message = messageOf(error)
  const lost = message.startsWith('Network connection lost')
  return new GatewayError(lost ? 'upstream_reset' : 'connect_failed', message, { side: 'upstream', retry: 'stale', cause: error })
}
