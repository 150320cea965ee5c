// The `consul` client, carried by Platform.fetch. The client builds paths, queries and headers, decodes answers and
// classifies errors; papi, which it stands on, lets an `onRequest` extension replace the transport of a request. That gives
// what the client has no option for: an AbortSignal, a cap on the answer, the headers of every answer, TLS per registry,
// time that a test can stand still, and a runtime without sockets.
import Consul from 'consul'
import type { UpstreamTlsConfig } from '../../src/model/service-config.ts'
import type { Platform } from '../../src/model/platform.ts'
import { ask, type HttpAnswer } from '../http.ts'

/** One call: it travels through the client as its `ctx`. */
export interface Call {
  readonly signal: AbortSignal
  /** Further headers; the client has no option for a namespace. */
  readonly headers: Readonly<Record<string, string>>
  /** Set once the whole answer has arrived, whatever its status. */
  answer?: HttpAnswer
}

/** Options of every read, as the client takes them (its types know only a part). */
export interface ReadOptions {
  readonly dc?: string
  readonly partition?: string
  readonly token?: string
  readonly stale?: boolean
  readonly index?: string
  readonly wait?: string
  readonly ctx: Call
}

/** Options of `health.service`. */
export interface HealthOptions extends ReadOptions {
  readonly service: string
  readonly tag?: readonly string[]
  readonly filter?: string
}

/** What of the client is used. */
export interface ConsulClient {
  readonly health: { service(options: HealthOptions): Promise<unknown> }
  readonly catalog: { readonly service: { list(options: ReadOptions): Promise<unknown> } }
}

interface PapiRequest {
  readonly opts: { readonly ctx: Call }
  transport: { request(options: PapiOptions): PapiTransport }
}

interface PapiOptions {
  readonly method: string
  readonly hostname: string
  readonly port?: string
  readonly path: string
  readonly auth?: string
  readonly headers: Readonly<Record<string, unknown>>
}

interface PapiClient extends ConsulClient {
  _ext(event: 'onRequest', extension: (request: PapiRequest, next: () => void) => void): void
}

/** Makes a client of the agent at `address` (`http://host:port`, a path before `/v1` is allowed). */
export function createConsulClient(address: string, platform: Platform, tls: UpstreamTlsConfig | undefined): ConsulClient {
  const baseUrl = `${address.replace(/\/+$/, '')}/v1`
  const { protocol } = new URL(baseUrl)
  // An agent of its own would be made otherwise; this transport has no use for one.
  const options = { baseUrl, agent: {}, headers: { 'user-agent': 'fairlead' } }
  const client = new Consul(options as unknown as ConstructorParameters<typeof Consul>[0]) as unknown as PapiClient
  client._ext('onRequest', (request, next) => {
    const { ctx } = request.opts
    request.transport = { request: (wanted) => new PapiTransport(() => exchange(platform, protocol, wanted, ctx, tls)) }
    next()
  })
  return client
}

async function exchange(platform: Platform, protocol: string, wanted: PapiOptions, call: Call, tls: UpstreamTlsConfig | undefined): Promise<HttpAnswer> {
  const host = wanted.port === undefined ? wanted.hostname : `${wanted.hostname}:${wanted.port}`
  const headers: Record<string, string> = { ...call.headers }
  for (const [name, value] of Object.entries(wanted.headers)) headers[name] = String(value)
  if (wanted.auth !== undefined) headers['authorization'] = `Basic ${btoa(wanted.auth)}`
  call.answer = await ask(platform, { url: `${protocol}//${host}${wanted.path}`, method: wanted.method, headers, signal: call.signal, tls })
  return call.answer
}

type Listener = (value: unknown) => void

/** The part of node:http's ClientRequest that papi touches. */
class PapiTransport {
  readonly #exchange: () => Promise<HttpAnswer>
  readonly #listeners = new Map<string, Listener>()

  constructor(run: () => Promise<HttpAnswer>) {
    this.#exchange = run
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, listener)
  }

  // papi asks whether a user-agent was set; it was, among the headers.
  getHeader(): string {
    return ''
  }

  end(): void {
    this.#exchange()
      .then((answer) => this.#respond(answer))
      .catch((error: unknown) => this.#listeners.get('error')?.(error))
  }

  #respond(answer: HttpAnswer): void {
    const body = new Map<string, Listener>()
    this.#listeners.get('response')?.({
      statusCode: answer.status,
      headers: Object.fromEntries(answer.headers),
      on: (event: string, listener: Listener) => void body.set(event, listener),
    })
    if (answer.body.byteLength > 0) body.get('data')?.(answer.body)
    body.get('end')?.(undefined)
  }
}
