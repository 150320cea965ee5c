// Middlewares of Traefik that a route can express. One that is not is refused with its router: what it would have kept out
// must not be let in.
import { BadTag } from './dialect.ts'
import { commonRanges } from './ranges.ts'

/** What the middlewares of a router come to. */
export interface Effects {
  /** Any of these, the first that fits. */
  strip: string[]
  prepend: string
  /** New path, whole. */
  path: string | undefined
  redirect: { readonly status: number; readonly location: string; readonly scheme?: string } | undefined
  allow: string[] | undefined
  readonly requestHeaders: Record<string, string>
  readonly responseHeaders: Record<string, string>
  attempts: number | undefined
  readonly notes: string[]
}

/** Options of one middleware of one kind, with lower-case keys. */
type Options = ReadonlyMap<string, string>

/** Without effects. */
export function noEffects(): Effects {
  return { strip: [], prepend: '', path: undefined, redirect: undefined, allow: undefined, requestHeaders: {}, responseHeaders: {}, attempts: undefined, notes: [] }
}

/** Adds one middleware. Throws `BadTag` when it cannot be expressed. */
export function addMiddleware(name: string, kind: string, options: Options, effects: Effects): void {
  if (IGNORED.has(kind)) return void effects.notes.push(`the middleware ${name} (${kind}) is ignored`)
  const add = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (add === undefined) throw new BadTag(`the middleware ${name} is of the kind ${kind}, which cannot be expressed (known: ${Object.keys(KINDS).join(', ')})`)
  add(options, effects)
}

/** They change neither who may come in nor what is asked of the service. */
const IGNORED: ReadonlySet<string> = new Set(['compress', 'contenttype', 'circuitbreaker', 'errors'])

const KINDS: Readonly<Record<string, (options: Options, effects: Effects) => void>> = {
  stripprefix: (options, effects) => void effects.strip.push(...list(options, 'prefixes')),
  addprefix: (options, effects) => void (effects.prepend = needed(options, 'prefix').replace(/\/+$/, '') + effects.prepend),
  replacepath: (options, effects) => void (effects.path = needed(options, 'path')),
  redirectscheme: redirectScheme,
  redirectregex: redirectRegex,
  headers,
  retry: (options, effects) => void (effects.attempts = Math.min(10, Math.max(0, whole(needed(options, 'attempts')) - 1))),
  ipallowlist: allowList,
  ipwhitelist: allowList,
}

function redirectScheme(options: Options, effects: Effects): void {
  const [scheme, port] = [needed(options, 'scheme'), options.get('port')]
  if (scheme !== 'https' && scheme !== 'http') throw new BadTag(`redirectscheme to '${scheme}' cannot be expressed`)
  const authority = port === undefined || port === (scheme === 'https' ? '443' : '80') ? '{host}' : `{host}:${whole(port)}`
  effects.redirect = { status: options.get('permanent') === 'true' ? 308 : 307, location: `${scheme}://${authority}{path}{query}`, scheme }
}

/** `^https?://www.example.com/(.*)` to `https://example.com/${1}`: the one form that is a host and the same path. */
function redirectRegex(options: Options, effects: Effects): void {
  const [regex, replacement] = [needed(options, 'regex'), needed(options, 'replacement')]
  const to = /^(?<origin>https?:\/\/[A-Za-z0-9.-]+(?::\d+)?)\/\$\{?1\}?$/.exec(replacement)?.groups?.['origin']
  if (to === undefined || !/^\^?https?\??:\/\/[A-Za-z0-9.\\-]+\/\(\.[*+]\)\$?$/.test(regex)) throw new BadTag('redirectregex can be expressed only from ^https?://HOST/(.*) to https://HOST/${1}')
  const [from, target] = [/:\/\/([^/]+)\//.exec(regex)?.[1]?.replaceAll('\\', ''), URL.parse(to)?.hostname]
  if (from === target) throw new BadTag('redirectregex to the same host cannot be expressed; use redirectscheme')
  effects.redirect = { status: options.get('permanent') === 'true' ? 308 : 307, location: `${to}{path}{query}` }
}

/** The headers that Traefik sets for a word of its own. */
const SECURITY: Readonly<Record<string, (value: string) => readonly [string, string] | undefined>> = {
  framedeny: (value) => (value === 'true' ? ['X-Frame-Options', 'DENY'] : undefined),
  customframeoptionsvalue: (value) => ['X-Frame-Options', value],
  contenttypenosniff: (value) => (value === 'true' ? ['X-Content-Type-Options', 'nosniff'] : undefined),
  browserxssfilter: (value) => (value === 'true' ? ['X-XSS-Protection', '1; mode=block'] : undefined),
  contentsecuritypolicy: (value) => ['Content-Security-Policy', value],
  referrerpolicy: (value) => ['Referrer-Policy', value],
  permissionspolicy: (value) => ['Permissions-Policy', value],
}

const HSTS: ReadonlySet<string> = new Set(['stsseconds', 'stsincludesubdomains', 'stspreload', 'forcestsheader'])

function headers(options: Options, effects: Effects): void {
  for (const [key, value] of options) {
    const custom = /^custom(request|response)headers\.(.+)$/.exec(key)
    if (custom !== null) (custom[1] === 'request' ? effects.requestHeaders : effects.responseHeaders)[custom[2] as string] = value
    else if (Object.hasOwn(SECURITY, key)) {
      const header = SECURITY[key]?.(value)
      if (header !== undefined) effects.responseHeaders[header[0]] = header[1]
    } else if (!HSTS.has(key)) throw new BadTag(`headers.${key} cannot be expressed`)
  }
  const seconds = options.get('stsseconds')
  if (seconds === undefined || whole(seconds) === 0) return
  const more = `${options.get('stsincludesubdomains') === 'true' ? '; includeSubDomains' : ''}${options.get('stspreload') === 'true' ? '; preload' : ''}`
  effects.responseHeaders['Strict-Transport-Security'] = `max-age=${whole(seconds)}${more}`
}

function allowList(options: Options, effects: Effects): void {
  if ([...options.keys()].some((key) => key.startsWith('ipstrategy'))) throw new BadTag('ipstrategy cannot be expressed: trustedProxies of the listener say whose X-Forwarded-For is believed')
  const ranges = list(options, 'sourcerange')
  // Each list keeps out whom it does not name.
  effects.allow = effects.allow === undefined ? ranges : commonRanges(effects.allow, ranges)
}

function needed(options: Options, key: string): string {
  const value = options.get(key)
  if (value === undefined || value === '') throw new BadTag(`the middleware has no ${key}`)
  return value
}

function list(options: Options, key: string): string[] {
  return needed(options, key).split(',').map((item) => item.trim())
}

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new BadTag(`'${text}' is not a whole number`)
  return Number(text)
}
