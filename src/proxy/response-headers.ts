// The header fields of a response as they go to the client: hop-by-hop fields gone, the route's rules applied.
import type { HeaderList } from '../model/headers.ts'
import type { HeaderRules, Params } from '../model/route.ts'
import { classOf, HOP, namedByConnection } from './header-class.ts'
import { applyRules } from './header-rules.ts'

/** Makes an endpoint's fields those for the client, in place: nobody else reads them. Framing and `Connection` are the runtime's to write. */
export function clientHeaders(headers: HeaderList, rules: HeaderRules | undefined, params: Params): HeaderList {
  const named = headers.has('connection') ? namedByConnection(headers.getAll('connection')) : undefined
  headers.removeWhere((key) => classOf(key) === HOP || isGateways(key) || (named !== undefined && named.includes(key)))
  if (rules !== undefined) applyRules(headers, rules, params)
  return headers
}

/** Reasons and explanations are this gateway's to give, never an endpoint's. */
function isGateways(key: string): boolean {
  return key === 'fairlead-error' || key === 'fairlead-explanation'
}
