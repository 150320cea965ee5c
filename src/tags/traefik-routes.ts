// One router of Traefik as routes: its rule, entry points and middlewares put together.
import { BadTag, type DialectContext, type RouteBody, type RulePriority } from './dialect.ts'
import { firstFitting, FORWARDED_PREFIX, stripPrefix, type Stripped } from './strip.ts'
import { endsInside, insidePattern, stripInside } from './text-prefix.ts'
import { placeRouter, type OnListeners } from './traefik-entrypoints.ts'
import type { Router, TraefikTags } from './traefik-labels.ts'
import { matchOf, type TraefikMatch } from './traefik-match.ts'
import { addMiddleware, noEffects, type Effects } from './traefik-middleware.ts'
import { divide, type Answered, type Redirect } from './traefik-redirect.ts'
import { readRule } from './traefik-rule.ts'

const KNOWN = /^(?:rule|rulesyntax|entrypoints|middlewares|service|priority|tls|tls\.(?:options|certresolver|domains\[\d+\]\.(?:main|sans))|observability\..+)$/

interface Routed {
  readonly routes: readonly RouteBody[]
  readonly allow: readonly string[] | undefined
  readonly notes: readonly string[]
}

/** Throws `BadTag` for whatever cannot be expressed. */
export function routesOf(rule: string, router: Router, tags: TraefikTags, context: DialectContext): Routed {
  for (const key of router.keys()) if (!KNOWN.test(key)) throw new BadTag(`the router setting ${key} cannot be expressed`)
  const effects = noEffects()
  for (const name of listOf(router.get('middlewares'))) addNamed(name, tags, effects, 0)
  checkTlsOptions(router)
  const ofHost = effects.redirects.filter((redirect) => 'from' in redirect)
  const toScheme = effects.redirects.find((redirect) => 'scheme' in redirect)
  const { serves, redirects, notes } = placeRouter(listOf(router.get('entrypoints')), router, context.listeners, toScheme?.scheme)
  const matches = readRule(rule).flatMap((terms) => matchOf(terms))
  const made = (on: OnListeners | undefined, asked: readonly Redirect[]): RouteBody[] =>
    on === undefined ? [] : matches.flatMap((match) => divide(match, on, asked, context.listeners)).flatMap((part) => bodiesOf(part, effects))
  const routes = [...made(redirects, effects.redirects), ...made(serves, ofHost)]
  return { routes, allow: effects.allow, notes: [...notes, ...effects.notes] }
}

/** They can demand certificates of clients, and are defined where no tag says them. */
function checkTlsOptions(router: Router): void {
  const options = router.get('tls.options')
  if (options !== undefined && options !== 'default') throw new BadTag(`tls.options=${options} is defined elsewhere, and may demand a certificate of clients; without it the route could be open (the listener's own TLS counts here: leave it out, or write default)`)
}

function bodiesOf({ match, on, redirect }: Answered, effects: Effects): RouteBody[] {
  return pathsOf(match, effects).map(({ path, rewrite, stripped }): RouteBody => {
    const at = { ...match.match, ...(path === undefined ? {} : { path }), ...on }
    if (Object.keys(at).length === 0) throw new BadTag('the rule has no condition')
    return { match: at, ...(redirect === undefined ? actionOf(effects, stripped) : { redirect: { location: redirect.location, status: redirect.status } }), ...(rewrite === undefined || redirect !== undefined ? {} : { rewrite: { path: rewrite } }) }
  })
}

function addNamed(written: string, tags: TraefikTags, effects: Effects, depth: number): void {
  const [name = '', provider] = written.toLowerCase().split('@')
  if (provider !== undefined && !['consulcatalog', 'nomad', 'marathon'].includes(provider)) throw new BadTag(`the middleware ${written} is defined elsewhere; without it the route would do something else`)
  const settings = tags.middlewares.get(name)
  if (settings === undefined) throw new BadTag(`the middleware ${name} is not defined by the tags of this service`)
  if (depth > 8) throw new BadTag(`the chain of middlewares at ${name} is too long`)
  const kinds = Map.groupBy(settings, ([key]) => key.split('.')[0] ?? '')
  for (const [kind, entries] of kinds) {
    const options = new Map(entries.map(([key, value]) => [key.slice(kind.length + 1), value]))
    if (kind === 'chain') for (const inner of listOf(options.get('middlewares'))) addNamed(inner, tags, effects, depth + 1)
    else addMiddleware(name, kind, options, effects)
  }
}

/** A priority of 0 is none. */
export function priorityOf(rule: string, router: Router): RulePriority {
  const written = router.get('priority') ?? '0'
  if (!/^-?\d{1,15}$/.test(written)) throw new BadTag(`the priority '${written}' is not a whole number`)
  return { length: rule.length, ...(Number(written) === 0 ? {} : { written: Number(written) }) }
}

function actionOf({ requestHeaders, responseHeaders, attempts }: Effects, stripped: string | undefined): RouteBody {
  return {
    ...rules('requestHeaders', stripped === undefined || Object.keys(requestHeaders).some((name) => name.toLowerCase() === FORWARDED_PREFIX.toLowerCase()) ? requestHeaders : { ...requestHeaders, [FORWARDED_PREFIX]: stripped }),
    ...rules('responseHeaders', responseHeaders),
    ...(attempts === undefined ? {} : { retry: { attempts } }),
  }
}

/** An empty value takes the header away. */
function rules(key: string, headers: Readonly<Record<string, string>>): RouteBody {
  const set = Object.entries(headers).filter(([, value]) => value !== '')
  const remove = Object.entries(headers).filter(([, value]) => value === '').map(([name]) => name)
  if (set.length + remove.length === 0) return {}
  return { [key]: { ...(set.length === 0 ? {} : { set: Object.fromEntries(set) }), ...(remove.length === 0 ? {} : { remove }) } }
}

type Placed = Omit<Stripped, 'path'> & { readonly path: string | undefined }

/** The path of an alternative, once for each way in which it is rewritten. */
function pathsOf({ path }: TraefikMatch, { strip, prepend, path: replaced }: Effects): readonly Placed[] {
  const plain = path === undefined ? undefined : path.kind === 'regex' ? `/${path.text}/` : path.kind !== 'prefix' ? path.text : endsInside(path.text) ? insidePattern(path.text) : `${path.text}/**`
  if (replaced !== undefined) return [{ path: plain, rewrite: replaced }]
  if (strip.length === 0 && prepend === '') return [{ path: plain }]
  if (path?.kind === 'regex' || /[{}]/.test(path?.text ?? '')) throw new BadTag('a prefix is stripped or added, and the path is a regular expression or has parameters: that cannot be expressed')
  if (path?.kind === 'exact') return [exactly(path.text, strip, prepend)]
  return spread(path?.text ?? '', strip, prepend)
}

/** One route for each prefix; the rest of the paths goes as it is. */
function spread(prefix: string, strip: readonly string[], prepend: string): readonly Stripped[] {
  const variants = (strip.length === 0 ? [''] : firstFitting(strip)).flatMap((one) => tryStrip(prefix, one, prepend))
  if (variants.length === 0) throw new BadTag(`none of the prefixes ${strip.join(', ')} begins a path below ${prefix === '' ? '/' : prefix}`)
  const first = new Map<string, Stripped>()
  for (const variant of variants) {
    const before = first.get(variant.path)
    // A path that one prefix leaves alone may be stripped by another.
    if (before === undefined || before.rewrite === undefined) first.set(variant.path, variant)
  }
  return [...first.values()]
}

function tryStrip(prefix: string, strip: string, prepend: string): readonly Stripped[] {
  try {
    return endsInside(prefix) ? [stripInside(prefix, strip, prepend)] : stripPrefix(prefix, strip, prepend)
  } catch (error) {
    if (error instanceof BadTag && strip !== '') return []
    throw error
  }
}

function exactly(path: string, strip: readonly string[], prepend: string): Placed {
  const found = strip.find((one) => path === one || path.startsWith(`${one.replace(/\/+$/, '')}/`))
  const rest = found === undefined ? path : path.slice(found.replace(/\/+$/, '').length)
  return { path, rewrite: `${prepend}${rest === '' ? '/' : rest}`, ...(found === undefined ? {} : { stripped: found }) }
}

function listOf(written: string | undefined): string[] {
  return (written ?? '').split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '')
}
