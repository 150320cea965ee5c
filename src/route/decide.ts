// The decision: what the table says about one request. It is the same value on every runtime.
import { GatewayError } from '../model/error.ts'
import type { RequestHead } from '../model/request.ts'
import type { DecideContext, Decision, Destination, Entry, Params, Table } from '../model/route.ts'

/** A decision when some entry won. */
export type Outcome = Exclude<Decision, { kind: 'none' }>

const NONE: Decision = Object.freeze({ kind: 'none' })

/** Decides a request. Throws `GatewayError` (`bad_path`) if a rewrite makes a path that must not leave. */
export function decide(table: Table, head: RequestHead, context: DecideContext): Decision {
  const entry = table.find(head, context)
  return entry === undefined ? NONE : decideEntry(entry, head, context)
}

/** What an entry that won does with the request. */
export function decideEntry(entry: Entry, head: RequestHead, context: DecideContext): Outcome {
  const { route } = entry
  const params = entry.capture(head)
  // First, and without a look at the action: nearly every request is forwarded.
  if (route.destinations.length > 0) return forward(entry, params, head, context)
  const { action } = route
  if (action.kind === 'respond') return { kind: 'respond', entry, params, status: action.status, body: action.body, headers: action.headers }
  if (action.kind === 'redirect') return { kind: 'redirect', entry, params, status: action.status, location: locationOf(entry, params, head) }
  // compileTable refuses weights that sum to nothing, and so a forward without destinations.
  throw new GatewayError('internal', 'a route without a destination was compiled')
}

function forward(entry: Entry, params: Params, head: RequestHead, context: DecideContext): Outcome {
  const { route } = entry
  const path = route.rewritePath === undefined ? head.path : route.rewritePath.render(params)
  return {
    kind: 'forward',
    entry,
    params,
    destination: pickDestination(route.destinations, context.roll),
    target: head.query === '' ? path : path + head.query,
    authority: route.rewriteHost ?? head.authority,
  }
}

/** The destination whose share the roll falls into; shares are in the order of the table, and the last with a weight ends at 1. */
export function pickDestination(destinations: readonly Destination[], roll: number): Destination {
  for (const destination of destinations) if (roll < destination.upTo) return destination
  throw new GatewayError('internal', `the roll ${roll} is not in [0, 1)`)
}

function locationOf({ route }: Entry, params: Params, head: RequestHead): string {
  const names: Record<string, string> = Object.create(null)
  Object.assign(names, params, { scheme: head.scheme, host: head.host, path: head.path, query: head.query })
  return route.location?.render(names) ?? '/'
}
