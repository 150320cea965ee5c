// Redirects of Traefik's middlewares: each answers the requests that it is for and lets pass the others, to the next or to the service.
import { BadTag, type DialectContext } from './dialect.ts'
import type { OnListeners } from './traefik-entrypoints.ts'
import { readBool } from './traefik-labels.ts'
import type { TraefikMatch } from './traefik-match.ts'

/** A redirect with what it is for: requests without that scheme, or requests to that host. */
export type Redirect = { readonly status: number; readonly location: string } & ({ readonly scheme: 'http' | 'https' } | { readonly from: Origin })

interface Origin {
  readonly host: string
  /** Of both schemes where it is not said. */
  readonly scheme?: 'http' | 'https'
}

/** A part of what a router is for, and the redirect that answers it; the service does where there is none. */
export interface Answered {
  readonly match: TraefikMatch
  readonly on: OnListeners
  readonly redirect: Redirect | undefined
}

/** `redirectscheme`. Throws `BadTag` when it cannot be expressed. */
export function readRedirectScheme(option: (key: string) => string | undefined): Redirect {
  const [scheme, port] = [option('scheme'), option('port')]
  if (scheme !== 'https' && scheme !== 'http') throw new BadTag(scheme === undefined ? 'the middleware has no scheme' : `redirectscheme to '${scheme}' cannot be expressed`)
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new BadTag(`'${port}' is not a port`)
  const authority = port === undefined || port === (scheme === 'https' ? '443' : '80') ? '{host}' : `{host}:${Number(port)}`
  return { status: statusOf(option), location: `${scheme}://${authority}{path}{query}`, scheme }
}

const REGEX = /^\^?(?<scheme>https?\??):\/\/(?<host>[A-Za-z0-9.\\-]+)\/\(\.[*+]\)\$?$/
const REPLACEMENT = /^(?<origin>https?:\/\/(?<host>[A-Za-z0-9.-]+)(?::\d+)?)\/\$\{?1\}?$/

/** `redirectregex`, of the one form that is a host and the same path: `^https?://www.example.com/(.*)` to `https://example.com/${1}`. */
export function readRedirectRegex(option: (key: string) => string | undefined): Redirect {
  const [from, to] = [REGEX.exec(option('regex') ?? '')?.groups, REPLACEMENT.exec(option('replacement') ?? '')?.groups]
  const scheme = SCHEMES.get(from?.['scheme'] ?? '')
  if (from === undefined || to === undefined || scheme === undefined) throw new BadTag('redirectregex can be expressed only from ^https?://HOST/(.*) to https://HOST/${1}')
  const host = (from['host'] ?? '').replaceAll('\\', '').toLowerCase()
  if (host === to['host']?.toLowerCase()) throw new BadTag('redirectregex to the same host cannot be expressed; use redirectscheme')
  return { status: statusOf(option), location: `${to['origin'] ?? ''}{path}{query}`, from: { host, ...(scheme === 'both' ? {} : { scheme }) } }
}

/** What a pattern says of the scheme. */
const SCHEMES: ReadonlyMap<string, 'http' | 'https' | 'both'> = new Map([['http', 'http'], ['https', 'https'], ['https?', 'both']])

function statusOf(option: (key: string) => string | undefined): number {
  return readBool('permanent', option('permanent') ?? 'false') ? 308 : 307
}

/** Divides a match among redirects, of which the first that is for a request answers it. */
export function divide(match: TraefikMatch, on: OnListeners, redirects: readonly Redirect[], listeners: DialectContext['listeners']): Answered[] {
  const [first, ...more] = redirects
  if (first === undefined) return [{ match, on, redirect: undefined }]
  if ('scheme' in first) return [{ match, on, redirect: first }]
  const [same, others] = byHost(match, first.from.host)
  const [there, elsewhere] = byScheme(on, first.from.scheme, listeners)
  const rest = (part: TraefikMatch | undefined, place: OnListeners | undefined): Answered[] => (part === undefined || place === undefined ? [] : divide(part, place, more, listeners))
  return [...(same === undefined || there === undefined ? [] : [{ match: same, on: there, redirect: first }]), ...rest(same, elsewhere), ...rest(others, on)]
}

/** The match for this host, and that for its others. A pattern cannot be divided, and without a host the one that is redirected to would be, too. */
function byHost(match: TraefikMatch, host: string): readonly [TraefikMatch | undefined, TraefikMatch | undefined] {
  const hosts = match.match['host'] as readonly string[] | undefined
  if (hosts === undefined || hosts.some((one) => /^[*/]/.test(one))) throw new BadTag('redirectregex needs Host(…) in each alternative of the rule, without a pattern: otherwise it cannot be told which requests it redirects')
  const of = (some: readonly string[]): TraefikMatch | undefined => (some.length === 0 ? undefined : { ...match, match: { ...match.match, host: some } })
  const isSame = (one: string): boolean => one.toLowerCase() === host
  return [of(hosts.filter(isSame)), of(hosts.filter((one) => !isSame(one)))]
}

function byScheme(on: OnListeners, scheme: Origin['scheme'], listeners: DialectContext['listeners']): readonly [OnListeners | undefined, OnListeners | undefined] {
  if (scheme === undefined) return [on, undefined]
  const at = listeners.filter(({ name }) => on.listener === undefined || on.listener.includes(name))
  const [there, elsewhere] = [at.filter(({ tls }) => tls === (scheme === 'https')), at.filter(({ tls }) => tls !== (scheme === 'https'))]
  if (elsewhere.length === 0) return [on, undefined]
  if (there.length === 0) return [undefined, on]
  return [{ listener: there.map(({ name }) => name) }, { listener: elsewhere.map(({ name }) => name) }]
}
