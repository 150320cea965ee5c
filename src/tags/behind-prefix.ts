// Routes of Traefik and Fabio with a regular expression of the path, below a prefix of the same host: there the longer one wins, here the prefix.
// Who wrote the one is told of the other.
import type { MatchConfig, PathPattern } from '../model/match-config.ts'
import type { RefusedTag } from '../model/tagged.ts'
import { nameOf, told, type Shared } from './sharing.ts'
import type { Entry } from './variants.ts'

/** Prefixes of one host by their text, `/api`. */
type Prefixes = Map<string, { readonly holder: Entry; readonly priority: number }>

/** Tells of routers whose requests go to a prefix. */
export function tellBehindPrefix(all: readonly Shared[], refuse: (tag: RefusedTag) => void): void {
  const routers = all.filter(([{ draft, checked }]) => draft.dialect !== 'fairlead' && checked.routes.some(({ match }) => match.some(({ path }) => path?.some(({ kind }) => kind === 'regex'))))
  if (routers.length === 0) return
  const byHost = prefixesByHost(all)
  for (const [router] of routers) {
    const before = router.checked.routes.flatMap(({ match, priority }) => match.flatMap((one) => hostsOf(one).flatMap((host) => beforeIt(one, byHost.get(host), priority))))
    const [first] = before.filter(({ holder }) => holder !== router)
    if (first !== undefined) refuse(told(router, `a prefix ranks before a regular expression here, so requests below ${first.prefix} go to ${nameOf(first.holder)}${router.draft.rulePriority === undefined ? '' : '; a higher priority of this router changes that'}`, 'note'))
  }
}

function prefixesByHost(all: readonly Shared[]): ReadonlyMap<string, Prefixes> {
  const byHost = new Map<string, Prefixes>()
  for (const [holder] of all) {
    for (const { match, priority } of holder.checked.routes) {
      for (const one of match) {
        const texts = (one.path ?? []).flatMap((pattern) => prefixOf(pattern) ?? [])
        if (texts.length === 0) continue
        for (const host of hostsOf(one)) {
          const prefixes: Prefixes = byHost.get(host) ?? new Map()
          byHost.set(host, prefixes)
          for (const text of texts) if (!prefixes.has(text)) prefixes.set(text, { holder, priority })
        }
      }
    }
  }
  return byHost
}

/** The text of a prefix of literals. */
function prefixOf(pattern: PathPattern): string | undefined {
  if (pattern.kind === 'regex' || !pattern.rest || pattern.segments.length === 0) return undefined
  const literals = pattern.segments.flatMap((segment) => (segment.kind === 'literal' ? [`/${segment.text}`] : []))
  return literals.length === pattern.segments.length ? literals.join('') : undefined
}

/** Prefixes that take requests of its regular expressions; of an expression without a beginning the first there is. */
function beforeIt({ path }: MatchConfig, prefixes: Prefixes | undefined, priority: number): readonly { readonly prefix: string; readonly holder: Entry }[] {
  if (prefixes === undefined) return []
  const candidates = (path ?? []).flatMap((pattern) => (pattern.kind === 'regex' ? beginnings(pattern.pattern) ?? [...prefixes.keys()].slice(0, 1) : []))
  return candidates.flatMap((prefix) => {
    const found = prefixes.get(prefix)
    return found === undefined || found.priority < priority ? [] : [{ prefix, holder: found.holder }]
  })
}

/** `/api` and `/api/v1` of `^/api/v1/[0-9]+`; undefined for one that may begin with anything. */
function beginnings(regex: string): readonly string[] | undefined {
  const whole = /^\^((?:\/[\w-]+)*)\//.exec(regex)
  if (whole === null) return undefined
  const segments = (whole[1] ?? '').split('/').slice(1)
  return segments.map((_, i) => `/${segments.slice(0, i + 1).join('/')}`)
}

/** The hosts of an alternative as texts; one text for all. */
function hostsOf({ host }: MatchConfig): readonly string[] {
  return host === undefined ? [''] : host.map((pattern) => JSON.stringify(pattern))
}
