// A request that carries a signed header gets the explanation of its own routing with its answer.
import type { RequestHead } from '../model/request.ts'
import type { DecideContext } from '../model/route.ts'
import type { Snapshot } from '../model/snapshot.ts'

/** Checks `fairlead-explain: <unix seconds>.<hex HMAC-SHA256 of "seconds method host path">` and makes the explanation. */
export interface LiveExplain {
  /** Resolves with the text for the response header; undefined when the request asks for none or its signature is not valid. */
  explain(snapshot: Snapshot, head: RequestHead, context: DecideContext): Promise<string | undefined>
}

/** Undefined, at once, for every request that does not ask. */
export function explanationFor(live: LiveExplain, snapshot: Snapshot, head: RequestHead, context: DecideContext): Promise<string | undefined> | undefined {
  return head.headers.has('fairlead-explain') ? live.explain(snapshot, head, context) : undefined
}
