// Address lists of other proxies: who may use a route, with 403 for everybody else.
import type { RouteBody } from './dialect.ts'

/** The routes for those who may, and behind them or before them the refusal. */
export function guarded(routes: readonly RouteBody[], list: { readonly allow?: readonly string[]; readonly deny?: readonly string[] }): RouteBody[] {
  const refuse = (route: RouteBody): RouteBody => ({ match: route['match'], respond: { status: 403, body: 'forbidden\n' } })
  const from = (route: RouteBody, source: readonly string[]): RouteBody => ({ ...route, match: { ...(route['match'] as object), source } })
  if (list.allow !== undefined) return routes.flatMap((route) => [from(route, list.allow ?? []), refuse(route)])
  if (list.deny !== undefined) return routes.flatMap((route) => [route, from(refuse(route), list.deny ?? [])])
  return [...routes]
}
