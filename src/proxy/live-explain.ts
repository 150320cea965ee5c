// A request that carries a signed header gets the explanation of its own routing with its answer.
import type { Exchange } from '../model/exchange.ts'
import type { DecideContext } from '../model/route.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** A request that may ask for its explanation. */
export type Asking = Pick<Exchange, 'head' | 'upgrade'>

/** Checks `fairlead-explain: <unix seconds>.<hex HMAC-SHA256 of "seconds method authority path">` and makes the explanation. */
export interface LiveExplain {
  /** Resolves with the text for the response header; undefined when the request asks for none or its signature is not valid. */
  explain(snapshot: Snapshot, request: Asking, context: DecideContext): Promise<string | undefined>
}

/** Undefined, at once, for every request that does not ask. */
export function explanationFor(live: LiveExplain, snapshot: Snapshot, request: Asking, context: DecideContext): Promise<string | undefined> | undefined {
  return request.head.headers.has('fairlead-explain') ? live.explain(snapshot, request, context) : undefined
}
