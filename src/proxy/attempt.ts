// The attempt loop: pick an endpoint, send under a limit, classify, and try again where that is safe and paid for.
import { observe, observeFailure } from '../balance/ewma.ts'
import type { AccessRecord } from '../model/access.ts'
import type { RetryConfig } from '../model/config.ts'
import type { EndpointState } from '../model/balancer.ts'
import { GatewayError } from '../model/error.ts'
import type { Exchange, OutboundRequest, UpstreamResponse } from '../model/exchange.ts'
import type { Platform } from '../model/platform.ts'
import type { Decision } from '../model/route.ts'
import type { Pool, ServiceEndpoints, Snapshot } from '../model/snapshot.ts'
import { afterError, afterStatus, backoff, type Verdict } from '../policy/retry.ts'
import type { Gateway } from './gateway.ts'
import { requestHash } from './request-hash.ts'

/** Milliseconds for which an endpoint that refused a connection is passed over while a sibling is left. */
const AVOID_MS = 2000

/** A decision to forward. */
export type Forward = Extract<Decision, { kind: 'forward' }>

/** A response and the endpoint it came from, whose `active` count the caller gives back with `release`. */
export interface Attempted {
  readonly response: UpstreamResponse
  readonly state: EndpointState
}

/** One request's tries so far. */
interface Tries {
  readonly service: ServiceEndpoints
  readonly pool: Pool
  readonly label: string
  readonly hash: number
  readonly tried: EndpointState[]
  /** Platform time by which a response head must be there, 0 for none. */
  readonly deadline: number
}

/** Ends a try's claim on its endpoint. */
export function release(state: EndpointState): void {
  state.active--
}

/** Sends until a response head is accepted. Rejects with the last GatewayError. */
export async function attempt(gateway: Gateway, snapshot: Snapshot, exchange: Exchange, access: AccessRecord, decision: Forward, request: OutboundRequest): Promise<Attempted> {
  const { retry, timeout } = decision.entry.route.config
  const { platform, transport } = gateway
  if (retry !== undefined) exchange.keepBody()
  const tries = begin(snapshot, exchange, decision, timeout)
  const budget = retry === undefined ? undefined : gateway.budgets.of(tries.service.config.name, exchange.startedAt)
  budget?.deposit()
  for (;;) {
    const sentAt = platform.now()
    const state = pick(platform, tries, sentAt)
    access.attempts++
    access.endpoint = `${state.endpoint.host}:${state.endpoint.port}`
    state.active++
    let outcome: UpstreamResponse | GatewayError
    try {
      outcome = await transport.send(exchange, request, state, tries.service.config, limitOf(tries, retry, sentAt))
      const now = platform.now()
      observe(state, now - sentAt, now)
      if (retry === undefined || !isDoubtful(outcome.status)) return { response: outcome, state }
    } catch (error) {
      outcome = failed(state, tries, sentAt, platform.now(), error)
    }
    const failure = { method: request.method, replayable: exchange.replayable && request.upgrade === '' && !exchange.gone, tries: access.attempts }
    const verdict = outcome instanceof GatewayError ? afterError(outcome, failure, retry) : afterStatus(outcome.status, failure, retry)
    if (!(await goOn(platform, verdict, access.attempts, tries, budget))) {
      if (!(outcome instanceof GatewayError)) return { response: outcome, state }
      release(state)
      throw outcome
    }
    release(state)
    if (!(outcome instanceof GatewayError)) outcome.discard()
  }
}

function begin(snapshot: Snapshot, exchange: Exchange, decision: Forward, timeout: number): Tries {
  const { destination } = decision
  const service = snapshot.services[destination.service]
  if (service === undefined) throw new GatewayError('internal', `table and snapshot disagree about service ${destination.label}`)
  const pool = destination.subset === undefined ? service.all : service.subsets[destination.subset]
  if (pool === undefined || pool.states.length === 0) throw new GatewayError('no_endpoints', `service ${destination.label} has no usable endpoint`)
  return {
    service,
    pool,
    label: destination.label,
    hash: requestHash(service.config.balance, exchange.head),
    tried: [],
    deadline: timeout === 0 ? 0 : exchange.startedAt + timeout,
  }
}

function pick(platform: Platform, tries: Tries, now: number): EndpointState {
  const state = tries.pool.picker.pick({ now, random: platform.random, hash: tries.hash, tried: tries.tried })
  if (state === undefined) throw new GatewayError('no_endpoints', `service ${tries.label} has no usable endpoint`)
  return state
}

/** Platform time by which this try must have its response head. */
function limitOf(tries: Tries, retry: RetryConfig | undefined, sentAt: number): number {
  return retry === undefined || retry.perTry === 0 ? tries.deadline : earlier(tries.deadline, sentAt + retry.perTry)
}

/** Statuses that a route may want tried elsewhere. */
function isDoubtful(status: number): boolean {
  return status >= 500 || status === 429
}

/** Feeds the balancer with a failed try. */
function failed(state: EndpointState, tries: Tries, sentAt: number, now: number, error: unknown): GatewayError {
  const failure = error instanceof GatewayError ? error : new GatewayError('internal', 'a defect while sending', { cause: error })
  // A limit of ours says nothing about the endpoint.
  if (failure.side === 'upstream' && failure.reason !== 'overloaded') {
    if (failure.retry === 'unsent') state.avoidUntil = now + AVOID_MS
    observeFailure(state, now - sentAt, now)
  }
  tries.tried.push(state)
  return failure
}

function earlier(a: number, b: number): number {
  return a === 0 ? b : b === 0 ? a : Math.min(a, b)
}

/** True when another try is to be made, after its pause. Spends the budget for paid ones. */
async function goOn(platform: Platform, verdict: Verdict, tries: number, { deadline }: Tries, budget: { withdraw(now: number): boolean } | undefined): Promise<boolean> {
  if (verdict === 'no') return false
  const now = platform.now()
  if (deadline !== 0 && now >= deadline) return false
  if (verdict === 'free') return true
  if (budget === undefined || !budget.withdraw(now)) return false
  await platform.sleep(backoff(tries, platform.random()))
  return true
}
