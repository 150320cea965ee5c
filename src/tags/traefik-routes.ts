// One router of Traefik as routes: its rule, entry points and middlewares put together.
import { BadTag, type DialectContext, type RouteBody, type RuleRank } from './dialect.ts'
import { stripPrefix, type Stripped } from './strip.ts'
import type { Router, TraefikTags } from './traefik-labels.ts'
import { matchOf, type TraefikMatch } from './traefik-match.ts'
import { addMiddleware, noEffects, type Effects } from './traefik-middleware.ts'
import { readRule } from './traefik-rule.ts'

const KNOWN = /^(?:rule|rulesyntax|entrypoints|middlewares|service|priority|tls(?:\..+)?|observability\..+)$/

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
  const { listener, notes } = listenersOf(router, context, effects)
  const common = actionOf(effects)
  const matches = readRule(rule).flatMap((terms) => matchOf(terms))
  const routes = matches.flatMap((match) => pathsOf(match, effects).map(({ path, rewrite }): RouteBody => {
    const at = { ...match.match, ...(path === undefined ? {} : { path }), ...listener }
    if (Object.keys(at).length === 0) throw new BadTag('the rule has no condition')
    return { match: at, ...common, ...(rewrite === undefined || effects.redirect !== undefined ? {} : { rewrite: { path: rewrite } }) }
  }))
  return { routes, allow: effects.allow, notes: [...notes, ...effects.notes] }
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

/** Entry points are listeners by their names; `tls` asks for those with TLS. */
function listenersOf(router: Router, { listeners }: DialectContext, { redirect }: Effects): { readonly listener: { readonly listener?: readonly string[] }; readonly notes: string[] } {
  const asked = listOf(router.get('entrypoints'))
  const known = listeners.filter(({ name }) => asked.includes(name.toLowerCase()))
  const notes = asked.length > known.length ? [`no listener is called ${asked.filter((name) => !known.some((one) => one.name.toLowerCase() === name)).join(' or ')}; the route is on ${known.length === 0 ? 'every listener' : 'the others'}`] : []
  const secure = listeners.filter(({ tls }) => tls)
  const wantsTls = [...router].some(([key, value]) => key === 'tls' ? value !== 'false' : key.startsWith('tls.'))
  if (redirect?.scheme === 'https') {
    if (secure.length === 0) throw new BadTag('it redirects to https, and no listener of this gateway has TLS')
    return { listener: named(known.length > 0 ? known : listeners.filter(({ tls }) => !tls)), notes }
  }
  if (known.length > 0) return { listener: named(known), notes }
  if (wantsTls && secure.length === 0) notes.push('tls is asked for and no listener has it; the route is on every listener')
  if (wantsTls && secure.length > 0 && secure.length < listeners.length) return { listener: named(secure), notes }
  return { listener: {}, notes }
}

function named(listeners: readonly { readonly name: string }[]): { readonly listener?: readonly string[] } {
  return listeners.length === 0 ? {} : { listener: listeners.map(({ name }) => name) }
}

/** A priority of 0 is none. */
export function rankOf(rule: string, router: Router): RuleRank {
  const written = router.get('priority') ?? '0'
  if (!/^-?\d{1,15}$/.test(written)) throw new BadTag(`the priority '${written}' is not a whole number`)
  return { length: rule.length, ...(Number(written) === 0 ? {} : { written: Number(written) }) }
}

function actionOf({ redirect, requestHeaders, responseHeaders, attempts }: Effects): RouteBody {
  if (redirect !== undefined) return { redirect: { location: redirect.location, status: redirect.status } }
  return {
    ...rules('requestHeaders', requestHeaders),
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

type Placed = { readonly path: string | undefined; readonly rewrite?: string }

/** The path of an alternative, once for each way in which it is rewritten. */
function pathsOf({ path }: TraefikMatch, { strip, prepend, path: replaced }: Effects): readonly Placed[] {
  const plain = path === undefined ? undefined : path.kind === 'regex' ? `/${path.text}/` : path.kind === 'prefix' ? `${path.text}/**` : path.text
  if (replaced !== undefined) return [{ path: plain, rewrite: replaced }]
  if (strip.length === 0 && prepend === '') return [{ path: plain }]
  if (path?.kind === 'regex' || /[{}]/.test(path?.text ?? '')) throw new BadTag('a prefix is stripped or added, and the path is a regular expression or has parameters: that cannot be expressed')
  if (path?.kind === 'exact') return [{ path: path.text, rewrite: `${prepend}${afterStrip(path.text, strip)}` }]
  return spread(path?.text ?? '', strip, prepend)
}

/** The longest fitting prefix is the more specific route; the rest of the paths goes as it is. */
function spread(prefix: string, strip: readonly string[], prepend: string): readonly Stripped[] {
  const variants = (strip.length === 0 ? [''] : strip).flatMap((one) => tryStrip(prefix, one, prepend))
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
    return stripPrefix(prefix, strip, prepend)
  } catch (error) {
    if (error instanceof BadTag && strip !== '') return []
    throw error
  }
}

function afterStrip(path: string, strip: readonly string[]): string {
  const found = strip.find((one) => path === one || path.startsWith(`${one.replace(/\/+$/, '')}/`))
  const rest = found === undefined ? path : path.slice(found.replace(/\/+$/, '').length)
  return rest === '' ? '/' : rest
}

function listOf(written: string | undefined): string[] {
  return (written ?? '').split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '')
}
