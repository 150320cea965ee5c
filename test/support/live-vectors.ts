// Decision vectors as real requests: the bytes to send, and what must be seen at both ends when the decision is the right one.
import { REASONS, type Reason } from '../../src/model/error.ts'
import { octetsOf } from '../../src/model/octets.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import { valuesOf } from './http1.ts'
import { type Origin, startOrigin } from './origin.ts'
import { RawClient, type ReceivedResponse } from './raw-client.ts'
import type { PlainDecision, Vector, VectorRequest } from './vectors.ts'

/** What a request came to, as its client and the origin saw it. */
export interface Effect {
  readonly status: number
  readonly reason: string | undefined
  readonly location: string | undefined
  /** Of an answer that the route makes: body, and the fields that it names. */
  readonly own: readonly [body: string, ...(string | undefined)[]] | undefined
  /** As the origin got it: method, target, Host. */
  readonly forwarded: readonly [method: string, target: string, host: string | undefined] | undefined
}

/** Origins in the place of the ports that the tables name, from 7001 on. */
export async function startOrigins(): Promise<Origin[]> {
  return Promise.all([startOrigin(), startOrigin(), startOrigin()])
}

/** The same table with its endpoints at these origins. */
export function tableAt(table: TableConfig, origins: readonly Origin[]): TableConfig {
  const services = table.services.map((service) => ({ ...service, endpoints: service.endpoints.map((endpoint) => ({ ...endpoint, port: origins[endpoint.port - 7001]?.port ?? 0 })) }))
  return { ...table, services }
}

/** The bytes of a request; undefined when its source or scheme is none that a plain connection can have. */
export function requestBytes({ method, url, headers = [], from }: VectorRequest, more: readonly string[] = []): string | undefined {
  const [, scheme, host, rest = ''] = /^(https?):\/\/([^/?#]*)(.*)$/.exec(url) ?? []
  if (scheme !== 'http' || (from !== undefined && proxyLine(from) === undefined)) return undefined
  const target = rest.startsWith('/') ? rest : `/${rest}`
  return [`${method} ${target} HTTP/1.1`, `Host: ${host ?? ''}`, ...headers.map(([name, value]) => `${name}: ${octetsOf(value)}`), ...(method === 'POST' || method === 'PUT' ? ['Content-Length: 0'] : []), ...more, '', ''].join('\r\n')
}

/** A PROXY protocol header that says where the request comes from. */
export function proxyLine(from = '127.0.0.1'): string | undefined {
  if (/^[1-9]\d*(?:\.\d+){3}$/.test(from)) return `PROXY TCP4 ${from} 127.0.0.1 40000 80\r\n`
  return /^[0-9a-f:.]+:[0-9a-f:.]*$/.test(from) ? `PROXY TCP6 ${from} ::1 40000 80\r\n` : undefined
}

/** Sends a request on a connection of its own. */
export async function ask(port: number, method: string, bytes: string): Promise<ReceivedResponse | undefined> {
  const client = await RawClient.connect(port)
  client.methods.push(method)
  client.send(bytes)
  const { responses } = await client.answers(1)
  client.destroy()
  return responses[0]
}

/** What must be seen. */
export function expectedEffect({ decision, request, story }: Vector): Effect {
  const nothing = { reason: undefined, location: undefined, own: undefined, forwarded: undefined }
  if (decision.kind === 'none') return failed('no_route')
  if (decision.kind === 'refused') return failed(decision.reason)
  if (decision.kind === 'redirect') return { ...nothing, status: decision.status, location: decision.location }
  if (decision.kind === 'respond') return { ...nothing, status: decision.status, own: [request.method === 'HEAD' ? '' : Buffer.from(decision.body).toString('latin1'), ...decision.headers.map(([, value]) => value)] }
  if (story?.destination?.endpoints.some(({ usable }) => usable) !== true) return failed('no_endpoints')
  return { ...nothing, status: 200, forwarded: [request.method, decision.target, decision.authority] }

  function failed(reason: string): Effect {
    return { ...nothing, status: REASONS[reason as Reason].status, reason }
  }
}

/** What was seen since the origins were cleared. */
export function effectOf(decision: PlainDecision, answer: ReceivedResponse | undefined, origins: readonly Origin[]): Effect {
  const seen = origins.flatMap(({ requests }) => requests)[0]
  const one = (name: string): string | undefined => valuesOf(answer?.fields ?? [], name)[0]
  return {
    status: answer?.status ?? 0,
    reason: one('fairlead-error'),
    location: one('location'),
    own: decision.kind === 'respond' ? [answer?.body ?? '', ...decision.headers.map(([name]) => one(name))] : undefined,
    forwarded: seen && [seen.method, seen.target, valuesOf(seen.fields, 'host')[0]],
  }
}
