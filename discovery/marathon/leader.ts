// Redirects to Marathon's leader: where they may lead, since credentials go along.
import { printable } from '../text.ts'

/** Longest chain of redirects: an old leader may point at the new one. */
const MAX_HOPS = 3
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Whether a URL is at a host that credentials may go to. */
export type AllowedHosts = (url: URL) => boolean

/** The hosts of the configured addresses, each with its port, and patterns: `host`, `host:port`, `*.domain`, `*`. */
export function allowHosts(addresses: readonly string[], patterns: readonly string[]): AllowedHosts {
  const known = new Set(addresses.map((address) => authority(new URL(address))))
  return (url) => known.has(authority(url)) || patterns.some((pattern) => matches(pattern.toLowerCase(), url))
}

/**
 * Sends to `url`, and on to where redirects lead. Rejects where one leads to a host that is not allowed, from https to http, or
 * round and round. `send` must give the head of the answer; `discard` lets go of one that is not used.
 */
export async function followLeader<T extends { readonly status: number; readonly headers: Headers }>(url: string, allowed: AllowedHosts, send: (url: string) => Promise<T>, discard: (answer: T) => Promise<void>): Promise<T> {
  let at = url
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const answer = await send(at)
    if (!REDIRECTS.has(answer.status)) return answer
    await discard(answer)
    at = nextHop(at, answer.headers.get('location'), allowed)
  }
  throw new Error(`${new URL(url).origin}: more than ${MAX_HOPS} redirects; the nodes do not agree on their leader`)
}

function nextHop(from: string, location: string | null, allowed: AllowedHosts): string {
  const { origin, protocol } = new URL(from)
  const to = location === null || !URL.canParse(location, from) ? undefined : new URL(location, from)
  if (to === undefined || !/^https?:$/.test(to.protocol) || to.username !== '' || to.password !== '') throw new Error(`${origin}: redirects to no usable address: ${printable(location ?? 'none')}`)
  if (protocol === 'https:' && to.protocol === 'http:') throw new Error(`${origin}: redirects from https to ${to.origin}, which is not followed`)
  if (!allowed(to)) throw new Error(`${origin}: redirects to ${printable(to.host)}, which is neither in address nor in leaders; add it to leaders if it is a node of this Marathon`)
  return to.href
}

function matches(pattern: string, url: URL): boolean {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(pattern) ?? []
  if (port !== undefined && Number(port) !== portOf(url)) return false
  return host === '*' || host === url.hostname || (host.startsWith('*.') && url.hostname.endsWith(host.slice(1)))
}

function authority(url: URL): string {
  return `${url.hostname}:${portOf(url)}`
}

function portOf(url: URL): number {
  return Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
}
