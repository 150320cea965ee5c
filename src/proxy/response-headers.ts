// The header fields of a response as they go to the client: hop-by-hop fields gone, the route's rules applied.
import { HeaderList } from '../model/headers.ts'
import type { HeaderRules, Params } from '../model/route.ts'
import { classOf, HOP, namedByConnection } from './header-class.ts'
import { applyRules } from './header-rules.ts'

/** Builds the fields for the client. Framing and `Connection` are the runtime's to write. */
export function clientHeaders(headers: HeaderList, rules: HeaderRules | undefined, params: Params): HeaderList {
  const { names, keys, values } = headers
  const out = new HeaderList()
  const named = headers.has('connection') ? namedByConnection(headers.getAll('connection')) : undefined
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (classOf(key) === HOP || isGateways(key) || (named !== undefined && named.includes(key))) continue
    out.push(names[i] as string, key, values[i] as string)
  }
  if (rules !== undefined) applyRules(out, rules, params)
  return out
}

/** Reasons and explanations are this gateway's to give, never an endpoint's. */
function isGateways(key: string): boolean {
  return key === 'fairlead-error' || key === 'fairlead-explanation'
}
