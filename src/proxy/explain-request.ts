// The explanation of one request: what `route/explain.ts` says of the decision, and beside it the endpoints it could go to and
// how it would be tried again. Plain data; the same for the admin API, the command line and live explanations.
import type { EndpointView, OriginView, SetView } from '../model/admin.ts'
import type { RetryCondition, RouteConfig } from '../model/route-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { DecideContext, Destination, Route } from '../model/route.ts'
import type { Revision, Snapshot } from '../model/snapshot.ts'
import { MAX_CONNECT_TRIES } from '../policy/retry.ts'
import { type ExplainedAction, type Explanation, type ExplainOptions, explain } from '../route/explain.ts'
import { pickDestination } from '../route/decide.ts'
import { describedUpgrade, upgradeRefusal } from './upgrade.ts'
import { arrange, viewCandidate, viewOrigins, viewSet } from './view.ts'

/** Where the request would go. */
export interface ExplainedDestination {
  readonly service: string
  readonly subset: string | null
  readonly balance: string
  /** Whether the endpoints of all references are used together. */
  readonly merge: boolean
  /** The set in use, after failover between references. */
  readonly set: SetView
  /** Every reference of the service, and why it is not used for this service or subset. */
  readonly origins: readonly OriginView[]
  /** Every endpoint of the service or subset, those that are used first, then those in reserve; with the reason why one is not used. */
  readonly endpoints: readonly EndpointView[]
}

/** How often and when it would be tried. Times in milliseconds, 0 for no limit. */
export interface RetryPlan {
  /** Until the response head, over all tries. */
  readonly timeout: number
  /** Of one try. */
  readonly perTry: number
  /** Tries in all while connecting fails, whatever the route says: nothing was sent. */
  readonly connectTries: number
  /** Further tries after `on`, as far as the retry budget lasts. */
  readonly attempts: number
  readonly on: readonly RetryCondition[]
  /** Why `attempts` is 0; null when it is not. */
  readonly why: string | null
}

/** The request as the table saw it, in normal form. */
interface ExplainedRequest {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  readonly path: string
  readonly query: string
  readonly source: { readonly address: string; readonly identities: readonly string[] }
  readonly listener: string
}

export interface RequestExplanation extends Explanation {
  readonly revision: Revision
  readonly request: ExplainedRequest
  /** Null unless the winner forwards. */
  readonly destination: ExplainedDestination | null
  /** Null unless the winner forwards. */
  readonly retry: RetryPlan | null
}

export interface ExplainRequestOptions extends ExplainOptions {
  /** The protocol to upgrade to, as the runtime found it; default is what the fields of the head ask for. */
  readonly upgrade?: string
}

/** Explains what happens to a request under this snapshot. Throws GatewayError for a malformed handshake. */
export function explainRequest(snapshot: Snapshot, head: RequestHead, context: DecideContext, options: ExplainRequestOptions = {}): RequestExplanation {
  const { table, revision } = snapshot
  const { upgrade = describedUpgrade(head) } = options
  const { winner: decided, losers, omitted } = explain(table, head, context, options)
  const route = table.find(head, context)?.route
  const winner = route === undefined || decided === null ? null : { ...decided, action: actionFor(route, decided.action, upgrade) }
  const forwards = route !== undefined && winner?.action.kind === 'forward'
  return {
    revision,
    request: { method: head.method, scheme: head.scheme, authority: head.authority, path: head.path, query: head.query, source: { address: head.source.address, identities: head.source.identities }, listener: head.listener },
    winner,
    losers,
    omitted,
    destination: forwards ? explainDestination(snapshot, pickDestination(route.destinations, context.roll), context.wallClock) : null,
    retry: forwards ? retryPlan(route.config, head.method, upgrade) : null,
  }
}

/** What decides after the table: it knows nothing of upgrades. */
function actionFor(route: Route, action: ExplainedAction, upgrade: string): ExplainedAction {
  const refusal = action.kind === 'forward' ? upgradeRefusal(route, upgrade) : undefined
  return refusal === undefined ? action : { kind: 'refused', reason: refusal.reason, message: refusal.message }
}

function explainDestination(snapshot: Snapshot, destination: Destination, wallClock: number): ExplainedDestination | null {
  const service = snapshot.services[destination.service]
  if (service === undefined) return null
  const { subset } = destination
  const arrangement = arrange(service, subset)
  return {
    service: service.config.name,
    subset: subset ?? null,
    balance: service.config.balance.kind,
    merge: service.config.merge === true,
    set: viewSet(service.set, wallClock),
    origins: viewOrigins(arrangement, wallClock),
    endpoints: arrangement.candidates.map((candidate) => viewCandidate(arrangement, candidate, wallClock)),
  }
}

function retryPlan({ timeout, retry }: RouteConfig, method: string, upgrade: string): RetryPlan {
  const plan = { timeout, perTry: retry?.perTry ?? 0, connectTries: MAX_CONNECT_TRIES }
  const none = (why: string): RetryPlan => ({ ...plan, attempts: 0, on: [], why })
  if (retry === undefined || retry.attempts === 0) return none('the route has no retry')
  // Failed connects are tried again for any request, since nothing was sent.
  const on = upgrade === '' && retry.methods.includes(method) ? retry.on : retry.on.filter((condition) => condition === 'connect')
  if (on.length === 0 && upgrade !== '') return none('an upgrade is not sent again')
  if (on.length === 0) return none(`${method} is not among the methods that may be sent again: ${retry.methods.join(', ')}`)
  return { ...plan, attempts: retry.attempts, on, why: null }
}
