// What services and operators do at a Consul, in plain HTTP as Consul documents it.

/** Who registers. */
export interface Registrant {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** Asks the API; rejects with what it said where that is no success. `path` begins after `/v1/`. */
export async function callConsul(url: string, method: string, path: string, body?: object | Uint8Array<ArrayBuffer>, token?: string): Promise<Response> {
  const headers = token === undefined ? {} : { 'x-consul-token': token }
  const answer = await fetch(`${url}/v1/${path}`, { method, headers, signal: AbortSignal.timeout(10_000), ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }) })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** A node without an agent: what is registered there is in the catalogue at once, and stays as it is. */
const OUTSIDE = 'outside'

/** Puts an instance of `web` into the catalogue itself. */
export async function enter(url: string, { name, host, port }: Registrant, token?: string): Promise<void> {
  await callConsul(url, 'PUT', 'catalog/register', { Node: OUTSIDE, Address: '127.0.0.1', SkipNodeUpdate: true, Service: { Service: 'web', ID: `web-${name}`, Address: host, Port: port } }, token)
}

/** Takes it out of there. */
export async function strike(url: string, { name }: Pick<Registrant, 'name'>, token?: string): Promise<void> {
  await callConsul(url, 'PUT', 'catalog/deregister', { Node: OUTSIDE, ServiceID: `web-${name}` }, token)
}

/** Takes all of them out of there. */
export async function strikeAll(url: string): Promise<void> {
  await callConsul(url, 'PUT', 'catalog/deregister', { Node: OUTSIDE })
}
