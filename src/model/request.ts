// The heads the core decides on. It never sees a body.
import type { HeaderList } from './headers.ts'

/** Who sent the request, as far as the gateway can vouch for it. */
export interface Source {
  /** Address of the client: the peer, or the right-most untrusted member of the forwarding headers when the peer is a trusted proxy. */
  readonly address: string
  /** Port of the peer, 0 when not known (edge). */
  readonly port: number
  /** URI names (SPIFFE ids) of the verified client certificate; empty without one. */
  readonly identities: readonly string[]
}

/** A guarded request head: everything in it is in its one normal form (see `proxy/normalize.ts`). */
export interface RequestHead {
  readonly method: string
  /** In which the client asked: of its connection, or what a trusted proxy says. */
  readonly scheme: 'http' | 'https'
  /** Host and port as asked for: lower case, one trailing dot removed, default port dropped. */
  readonly authority: string
  /** `authority` without the port; an IPv6 literal keeps its brackets. */
  readonly host: string
  /** Path in normal form, as it is forwarded: `/` at least, no query. */
  readonly path: string
  /** `path` as rules see it: path parameters (`;x`) cut from each segment. Mostly the same string. */
  readonly matchPath: string
  /** Query with its `?`, or empty. */
  readonly query: string
  readonly headers: HeaderList
  readonly source: Source
  /** Name of the listener that accepted the request. */
  readonly listener: string
}

/** Whether a response with this status ends with its head (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** A response head, from upstream or made by the gateway. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderList
}

/** Methods of another kind of proxy, which no listener takes. */
export const UNHEARD_METHODS: readonly string[] = ['CONNECT', 'TRACE']
