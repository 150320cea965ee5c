// One draft through the very schema and compiler that a file goes through, alone: a bad one spoils no other.
import { parseTable } from '../config/parse.ts'
import type { MatchConfig } from '../model/match-config.ts'
import type { RouteConfig } from '../model/route-config.ts'
import type { ServiceConfig } from '../model/service-config.ts'
import type { Draft } from './dialect.ts'
import { reasonText } from './wording.ts'

/** Routes in normal form; those that forward go to the service `s`, which is not yet named. */
export interface CheckedDraft {
  readonly routes: readonly RouteConfig[]
  readonly service: ServiceConfig
}

/** Name that stands for the service until it gets its own. */
const SERVICE = 's'

/** Checks a draft. Gives what is wrong with it, for people, or its normal form. */
export function checkDraft(draft: Draft, listeners: readonly string[]): CheckedDraft | { readonly reason: string } {
  const routes = draft.routes.map((route) => ('redirect' in route || 'respond' in route ? route : { ...route, to: SERVICE }))
  const document = { services: { [SERVICE]: { ...draft.service, from: 'registry/service' } }, routes }
  // What looks like a reference to the environment is plain text in a tag.
  const { table, problems } = parseTable(JSON.stringify(document).replaceAll('${', '$${'), { file: '', registries: ['registry'], listeners })
  const [service] = table?.services ?? []
  if (table !== undefined && service !== undefined) return { routes: table.routes.map(withoutBarePrefix), service }
  const errors = problems.filter(({ severity }) => severity === 'error')
  return { reason: reasonText(errors.map(({ path, message, hint }) => ({ where: placeOf(path, draft), what: `${message}${hint === undefined ? '' : ` (${hint})`}` }))) }
}

/**
 * Every path is no condition on the path. As one it would come before every regular expression, and before what another dialect says of
 * the same host without a path.
 */
function withoutBarePrefix(route: RouteConfig): RouteConfig {
  if (!route.match.some(({ path }) => isBarePrefix(path)) || JSON.stringify(route).includes('{**}')) return route
  return { ...route, match: route.match.map((one) => (isBarePrefix(one.path) ? withoutPath(one) : one)) }
}

function isBarePrefix(path: MatchConfig['path']): boolean {
  const [only, ...more] = path ?? []
  return only?.kind === 'template' && only.rest && only.segments.length === 0 && more.length === 0
}

function withoutPath({ path: _every, ...rest }: MatchConfig): MatchConfig {
  return rest
}

/** The tag where it is known, else the place inside the route; that it is one of a document is of no interest. */
function placeOf(path: string, { alternatives }: Draft): string {
  const inner = path.replace(/^(?:routes\[\d+\]|services\.s)\.?/, '')
  const place = /^match\.any\[(\d+)\]/.exec(inner)?.[1]
  return (place === undefined ? undefined : alternatives?.[Number(place)]) ?? inner.replace(/^match\.any\[\d+\]/, 'match')
}
