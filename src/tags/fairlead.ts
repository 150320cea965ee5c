// The gateway's own tags: `fairlead.route=words.example.com/**` with options `fairlead.route.strip=/api`, and named ones,
// `fairlead.routes.admin=…`, where a service has several routes.
import { suggest } from '../config/nearest.ts'
import { BadTag, type Dialect, type Draft, type Refusal, type RouteBody } from './dialect.ts'
import { conditionsOf, optionsOf, OPTIONS, serviceOf, type Given } from './fairlead-options.ts'
import { stripPrefix } from './strip.ts'
import { tagText } from './wording.ts'

const LABEL = /^fairlead\.(?:route|routes\.(?<name>[^.=]+))(?:\.(?<option>[^=]+))?=(?<value>.*)$/s
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/

interface Written {
  readonly matches: string[]
  readonly options: Given
  readonly labels: string[]
}

/** `fairlead.route…`. */
export const fairlead: Dialect = {
  name: 'fairlead',
  // Where a registry has no fields for weight, zone, tags and metadata, tags or labels of ours say them.
  speaks: (label) => /^fairlead\.(?!weight=|zone=|tags=|meta\.)/.test(label),
  read(labels, { service }) {
    const drafts: Draft[] = []
    const refused: Refusal[] = []
    const routes = new Map<string, Written>()
    for (const label of labels) {
      const { name = '', option, value = '' } = LABEL.exec(label)?.groups ?? {}
      if (!LABEL.test(label) || (name !== '' && !NAME.test(name))) {
        refused.push({ tag: label, reason: 'is no tag of Fairlead; write fairlead.route=host/path/** or fairlead.routes.NAME=host/path/**' })
        continue
      }
      const written: Written = routes.get(name) ?? { matches: [], options: new Map(), labels: [] }
      routes.set(name, written)
      written.labels.push(label)
      if (option === undefined) written.matches.push(value)
      else written.options.set(option, [...(written.options.get(option) ?? []), value])
    }
    for (const [name, written] of routes) {
      try {
        drafts.push(draftOf(name, service, written))
      } catch (error) {
        if (!(error instanceof BadTag)) throw error
        refused.push({ tag: tagText(written.labels), reason: error.message })
      }
    }
    return { drafts, refused }
  },
}

function draftOf(name: string, service: string, { matches, options, labels }: Written): Draft {
  const own = name === '' ? 'fairlead.route' : `fairlead.routes.${name}`
  if (matches.length === 0) throw new BadTag(`there is no ${own}=host/path/** beside its options`)
  for (const option of options.keys()) {
    const [word = ''] = option.split('.')
    if (!OPTIONS.includes(option) && !OPTIONS.includes(`${word}.`)) throw new BadTag(`there is no option '${option}' (${suggest(option, OPTIONS)})`)
  }
  const routes = routesOf(matches, options)
  // With a prefix to strip each alternative is a route.
  const alternatives = routes.length === 1 && matches.length > 1 ? { alternatives: matches.map((match) => `${own}=${match}`) } : {}
  return { dialect: 'fairlead', key: name, name: name === '' ? service : `${service}-${name}`, labels, ...alternatives, routes, service: serviceOf(options), weighted: options.has('weight'), shared: false, notes: [] }
}

function routesOf(matches: readonly string[], options: Given): RouteBody[] {
  const conditions = conditionsOf(options)
  const route = optionsOf(options)
  const [strip = '', prepend = ''] = [options.get('strip')?.[0], options.get('prepend')?.[0]]
  if (strip === '' && prepend === '') return [{ match: { ...conditions, any: matches }, ...route }]
  return matches.flatMap((match) => {
    const { before, prefix } = prefixOf(match)
    return stripPrefix(prefix, strip, prepend).map(({ path, rewrite }) => ({
      match: { ...conditions, any: [`${before}${path}`] },
      ...route,
      ...(rewrite === undefined ? {} : { rewrite: { ...(route['rewrite'] as object | undefined), path: rewrite } }),
    }))
  })
}

/** A match taken apart before its path: `GET words.example.com` and `/api`. */
function prefixOf(match: string): { readonly before: string; readonly prefix: string } {
  const parts = /^(?<before>(?:\S+\s+)?[^/\s]*)(?<path>\/.*)?$/.exec(match.trim())?.groups
  const path = parts?.['path'] ?? '/**'
  if (!path.endsWith('/**') || path.startsWith('/^')) throw new BadTag(`strip and prepend need a match that ends in /**, not '${match}'`)
  return { before: parts?.['before'] ?? '', prefix: path.slice(0, -3) }
}
