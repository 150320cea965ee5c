// Fabio's tags: `urlprefix-host/path option=value …` (https://fabiolb.net/quickstart/).
import { suggest } from '../config/nearest.ts'
import { guarded } from './access.ts'
import { BadTag, type Dialect, type DialectContext, type Draft, type Refusal, type RouteBody } from './dialect.ts'
import { listenersOf } from './fabio-listeners.ts'
import { globHost } from './glob.ts'
import { FORWARDED_PREFIX, stripPrefix } from './strip.ts'
import { endsInside, insidePattern, stripInside } from './text-prefix.ts'
import { shareIn, type Wish, wishIn } from './weights.ts'

const PREFIX = 'urlprefix-'
const KNOWN = ['strip', 'prepend', 'proto', 'tlsskipverify', 'host', 'redirect', 'weight', 'register', 'allow', 'deny', 'auth', 'pxyproto']

/** `urlprefix-…`. */
export const fabio: Dialect = {
  name: 'fabio',
  selfContained: true,
  speaks: (label) => label.trimStart().startsWith(PREFIX),
  read(labels, context) {
    const drafts: Draft[] = []
    const refused: Refusal[] = []
    for (const label of labels) {
      try {
        drafts.push(readTag(label, context))
      } catch (error) {
        if (!(error instanceof BadTag)) throw error
        refused.push({ tag: label, reason: error.message })
      }
    }
    const counts = wishIn(labels)
    return { drafts: counts === undefined ? drafts : drafts.map((draft) => toldOfWeight(draft, counts)), refused }
  },
}

/** In Fabio a weight belongs to one route of an instance, here to the instance. */
function toldOfWeight(draft: Draft, { share, text }: Wish): Draft {
  if (draft.labels.some((label) => shareIn(label)?.share === share) || draft.routes.some((route) => 'redirect' in route)) return draft
  return { ...draft, notes: [...draft.notes, `the weight of '${text.trim()}', another tag of its instances, counts for this route, too: a weight belongs to an instance here`] }
}

function readTag(label: string, { service, listeners }: DialectContext): Draft {
  const [src = '', ...words] = label.trim().slice(PREFIX.length).trim().split(/\s+/)
  const options = readOptions(words)
  const { host, port, path, notes } = readSource(src, options)
  const upstream = readProto(options)
  if (options.has('auth')) throw new BadTag('auth= names a scheme of Fabio’s own configuration, which this gateway has not; without it the route would be open')
  if (options.get('host') === 'dst') throw new BadTag('host=dst (the address of each instance as Host) cannot be expressed; write host=NAME')
  if (options.has('register')) notes.push('register= is ignored: this gateway announces no names')
  if (options.has('pxyproto')) notes.push('pxyproto= is ignored: it is for TCP')
  readWeight(options.get('weight'))
  const on = listenersOf({ host, port, path, redirect: options.get('redirect')?.replace(/^\d+,/, '') }, listeners)
  const routes = guarded(routesOf({ ...(host === undefined ? {} : { host }), ...on }, path, options), accessOf(options))
  const key = `${src.includes('/') ? `${src.slice(0, src.indexOf('/')).toLowerCase()}${path}` : src.toLowerCase()}`
  return { dialect: 'fabio', key, name: `${service}:${key}`, labels: [label], routes, service: upstream, weighted: Number(options.get('weight') ?? 0) > 0, shared: true, notes }
}

function readOptions(words: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (const word of words) {
    const at = word.indexOf('=')
    const name = at < 0 ? word : word.slice(0, at)
    if (!KNOWN.includes(name)) throw new BadTag(`there is no option '${name}' (${suggest(name, KNOWN)})`)
    if (at < 0 || at === word.length - 1) throw new BadTag(`the option '${name}' has no value; write ${name}=…`)
    if (options.has(name)) throw new BadTag(`the option '${name}' stands twice`)
    options.set(name, word.slice(at + 1))
  }
  return options
}

function readSource(src: string, options: ReadonlyMap<string, string>): { readonly host: string | undefined; readonly port: string | undefined; readonly path: string; readonly notes: string[] } {
  const proto = options.get('proto') ?? 'http'
  if (proto.includes('tcp')) throw new BadTag(`proto=${proto} is TCP; only HTTP is routed by tags`)
  if (proto.startsWith('grpc')) throw new BadTag(`proto=${proto}: gRPC is not routed by tags`)
  if (src.startsWith(':')) throw new BadTag(`'${src}' is a TCP port; only HTTP is routed by tags`)
  if (src === '') throw new BadTag('there is no host and no path; write urlprefix-host/path')
  if (src.includes('$')) throw new BadTag(`'${src}' holds a variable; variables of Fabio’s environment are not expanded`)
  // A host alone is all its paths, since 1.5.14.
  const slash = src.includes('/') ? src.indexOf('/') : src.length
  const written = src.slice(0, slash)
  const port = /:(\d+)$/.exec(written)?.[1]
  const notes = port === undefined || port === '80' || port === '443' ? [] : [`the port ${port} of the host is ignored: a host matches on every port`]
  const host = port === undefined ? written : written.slice(0, -port.length - 1)
  return { host: host === '' ? undefined : globHost(host.toLowerCase()), port, path: src.slice(slash) || '/', notes }
}

function readProto(options: ReadonlyMap<string, string>): Record<string, unknown> {
  const proto = options.get('proto') ?? 'http'
  if (proto === 'http') return {}
  if (proto !== 'https') throw new BadTag(`there is no proto=${proto} (http and https are routed by tags)`)
  return { tls: options.get('tlsskipverify') === 'true' ? { verify: false } : true }
}

function routesOf(at: RouteBody, path: string, options: ReadonlyMap<string, string>): RouteBody[] {
  const redirect = options.get('redirect')
  if (redirect !== undefined) return [{ match: { ...at, path: endsInside(path) ? insidePattern(path) : `${path.replace(/\/+$/, '')}/**` }, redirect: redirectOf(redirect, options.get('strip')) }]
  const name = options.get('host')
  const [strip, prepend] = [options.get('strip') ?? '', options.get('prepend') ?? '']
  return (endsInside(path) ? [stripInside(path, strip, prepend)] : stripPrefix(path, strip, prepend)).map(({ path: pattern, rewrite, stripped }) => ({
    match: { ...at, path: pattern },
    ...(stripped === undefined ? {} : { requestHeaders: { set: { [FORWARDED_PREFIX]: stripped } } }),
    ...(rewrite === undefined && name === undefined ? {} : { rewrite: { ...(rewrite === undefined ? {} : { path: rewrite }), ...(name === undefined ? {} : { host: name }) } }),
  }))
}

/** `301,https://www.example.com$path`: the status, and where to; `$path` takes the query with it. */
function redirectOf(written: string, strip: string | undefined): Record<string, unknown> {
  const [, status, url] = /^(\d{3}),(\S+)$/.exec(written) ?? []
  if (status === undefined || url === undefined) throw new BadTag(`redirect=${written} is not CODE,URL; write redirect=301,https://www.example.com$path`)
  if (strip !== undefined && url.includes('$path')) throw new BadTag('strip= beside a redirect with $path cannot be expressed')
  const query = url.includes('?') ? '' : '{query}'
  return { status: Number(status), location: url.replace(/\/?\$path/, `{path}${query}`).replace('$host', '{host}') }
}

function accessOf(options: ReadonlyMap<string, string>): { readonly allow?: string[]; readonly deny?: string[] } {
  const [allow, deny] = [options.get('allow'), options.get('deny')]
  if (allow !== undefined && deny !== undefined) throw new BadTag('allow= and deny= stand together; Fabio refuses that, too')
  if (allow !== undefined) return { allow: addresses(allow) }
  return deny === undefined ? {} : { deny: addresses(deny) }
}

function addresses(list: string): string[] {
  return list.split(',').map((item) => {
    if (!/^ip:/i.test(item)) throw new BadTag(`'${item}' is not ip:ADDRESS`)
    return item.slice(3)
  })
}

function readWeight(weight: string | undefined): void {
  if (weight !== undefined && !/^(?:0?\.\d{1,6}|[01](?:\.\d{1,6})?)$/.test(weight)) throw new BadTag(`weight=${weight} is no share from 0 to 1; write weight=0.05`)
}
