// Middlewares of Traefik that a route can express. One that is not is refused with its router: what it would have kept out
// must not be let in.
import { BadTag } from './dialect.ts'
import { commonRanges } from './ranges.ts'
import { readBool } from './traefik-labels.ts'
import { readRedirectRegex, readRedirectScheme, type Redirect } from './traefik-redirect.ts'

/** What the middlewares of a router come to. */
export interface Effects {
  /** Any of these, the first that fits. */
  strip: readonly string[]
  prepend: string
  /** New path, whole. */
  path: string | undefined
  /** In the order in which they are asked; one of each kind. */
  readonly redirects: Redirect[]
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
  return { strip: [], prepend: '', path: undefined, redirects: [], allow: undefined, requestHeaders: {}, responseHeaders: {}, attempts: undefined, notes: [] }
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
  stripprefix: (options, effects) => void (effects.strip = oneAfterAnother(effects.strip, list(options, 'prefixes'))),
  addprefix: (options, effects) => void (effects.prepend = needed(options, 'prefix').replace(/\/+$/, '') + effects.prepend),
  replacepath: (options, effects) => void (effects.path = needed(options, 'path')),
  redirectscheme: (options, effects) => redirect(readRedirectScheme((key) => options.get(key)), effects),
  redirectregex: (options, effects) => redirect(readRedirectRegex((key) => options.get(key)), effects),
  headers,
  retry: (options, effects) => void (effects.attempts = Math.min(10, Math.max(0, whole(needed(options, 'attempts')) - 1))),
  ipallowlist: allowList,
  ipwhitelist: allowList,
}

/** One of each kind: which of two would come first could not be told here. */
function redirect(one: Redirect, effects: Effects): void {
  const kind = 'scheme' in one ? 'scheme' : 'from'
  if (effects.redirects.some((other) => kind in other)) throw new BadTag(`two middlewares ${kind === 'scheme' ? 'redirectscheme' : 'redirectregex'} cannot be expressed`)
  effects.redirects.push(one)
}

/** The headers that Traefik sets for a word of its own. */
const SECURITY: Readonly<Record<string, (value: string) => readonly [string, string] | undefined>> = {
  framedeny: (value) => (readBool('framedeny', value) ? ['X-Frame-Options', 'DENY'] : undefined),
  customframeoptionsvalue: (value) => ['X-Frame-Options', value],
  contenttypenosniff: (value) => (readBool('contenttypenosniff', value) ? ['X-Content-Type-Options', 'nosniff'] : undefined),
  browserxssfilter: (value) => (readBool('browserxssfilter', value) ? ['X-XSS-Protection', '1; mode=block'] : undefined),
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
  const isOn = (key: string): boolean => readBool(key, options.get(key) ?? 'false')
  const seconds = options.get('stsseconds')
  if (seconds === undefined || whole(seconds) === 0) return
  const more = `${isOn('stsincludesubdomains') ? '; includeSubDomains' : ''}${isOn('stspreload') ? '; preload' : ''}`
  effects.responseHeaders['Strict-Transport-Security'] = `max-age=${whole(seconds)}${more}`
}

function allowList(options: Options, effects: Effects): void {
  if ([...options.keys()].some((key) => key.startsWith('ipstrategy'))) throw new BadTag('ipstrategy cannot be expressed: trustedProxies of the listener say whose X-Forwarded-For is believed')
  const ranges = list(options, 'sourcerange')
  // Each list keeps out whom it does not name.
  effects.allow = effects.allow === undefined ? ranges : commonRanges(effects.allow, ranges)
}

/** Prefixes in the order in which to look for them, where some are taken off what is left after others: both, one of the first, one of the second. */
function oneAfterAnother(first: readonly string[], second: readonly string[]): readonly string[] {
  const under = (prefix: string): readonly string[] => [...second.map((other) => prefix.replace(/\/+$/, '') + (other.startsWith('/') ? other : `/${other}`)), prefix]
  return [...first.flatMap(under), ...second]
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
