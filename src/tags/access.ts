// Address lists of other proxies: who may use a route, with 403 for everybody else.
import type { RouteBody } from './dialect.ts'
import { commonRanges } from './ranges.ts'

/** The routes for those who may, and behind them or before them the refusal. */
export function guarded(routes: readonly RouteBody[], list: { readonly allow?: readonly string[]; readonly deny?: readonly string[] }): RouteBody[] {
  const refuse = (route: RouteBody): RouteBody => ({ match: route['match'], respond: { status: 403, body: 'forbidden\n' } })
  if (list.allow !== undefined) return routes.flatMap((route) => [...from(route, list.allow ?? []), refuse(route)])
  if (list.deny !== undefined) return routes.flatMap((route) => [route, ...from(refuse(route), list.deny ?? [])])
  return [...routes]
}

/** The route for these addresses, of those that its own match lets in; none when nobody is left. */
function from(route: RouteBody, source: readonly string[]): RouteBody[] {
  const match = route['match'] as { readonly source?: readonly string[] }
  const both = match.source === undefined ? source : commonRanges(match.source, source)
  return both.length === 0 ? [] : [{ ...route, match: { ...match, source: both } }]
}
