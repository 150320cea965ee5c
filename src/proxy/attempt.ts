// What the attempt loop of gateway.ts does at each turn: pick an endpoint, send under a limit, classify, and say whether to try
// again, where that is safe and paid for.
import { observe, observeFailure } from '../balance/ewma.ts'
import type { AccessRecord } from '../model/access.ts'
import type { RetryConfig } from '../model/route-config.ts'
import type { EndpointState } from '../model/balancer.ts'
import { GatewayError } from '../model/error.ts'
import type { Exchange, OutboundRequest, UpstreamResponse } from '../model/exchange.ts'
import type { Decision } from '../model/route.ts'
import type { Pool, ServiceEndpoints, Snapshot } from '../model/snapshot.ts'
import { afterError, afterStatus, backoff, isDoubtful, type Failure, type Verdict } from '../policy/retry.ts'
import type { RetryBudget } from '../policy/retry-budget.ts'
import { answered, avoid } from './avoid.ts'
import type { Gateway } from './gateway.ts'
import { requestHash } from './request-hash.ts'

/** A decision to forward. */
export type Forward = Extract<Decision, { kind: 'forward' }>

/** The tries of one request. */
export class Attempts {
  private readonly gateway: Gateway
  private readonly exchange: Exchange
  private readonly access: AccessRecord
  private readonly request: OutboundRequest
  private readonly retry: RetryConfig | undefined
  private readonly service: ServiceEndpoints
  private readonly pool: Pool
  private readonly label: string
  private readonly hash: number
  private readonly tried: EndpointState[] = []
  private readonly budget: RetryBudget | undefined
  /** Platform time by which a response head must be there, 0 for none. */
  private readonly deadline: number
  /** The endpoint of the try under way or accepted, which counts it among its requests. */
  private state: EndpointState | undefined
  private sentAt = 0
  /** The next try has to be paid for, and waits. */
  private pauses = false

  /** Throws a GatewayError when there is no endpoint to send to. */
  constructor(gateway: Gateway, snapshot: Snapshot, exchange: Exchange, access: AccessRecord, decision: Forward, request: OutboundRequest) {
    const { retry, timeout } = decision.entry.route.config
    const { destination } = decision
    const service = snapshot.services[destination.service]
    if (service === undefined) throw new GatewayError('internal', `table and snapshot disagree about service ${destination.label}`)
    const pool = destination.subset === undefined ? service.all : service.subsets[destination.subset]
    if (pool === undefined || pool.states.length === 0) throw noEndpoints(destination.label)
    this.gateway = gateway
    this.exchange = exchange
    this.access = access
    this.request = request
    this.retry = retry
    this.service = service
    this.pool = pool
    this.label = destination.label
    this.hash = requestHash(service.config.balance, exchange.head)
    this.deadline = timeout === 0 ? 0 : exchange.startedAt + timeout
    if (retry !== undefined) exchange.keepBody()
    this.budget = retry === undefined ? undefined : gateway.budgets.of(service.config.name, exchange.startedAt)
    this.budget?.deposit()
  }

  /** Picks an endpoint and sends. */
  send(): Promise<UpstreamResponse> {
    const { gateway, exchange, access, retry } = this
    // Nothing should be lost between the decision to try again and this; a body without its beginning is worse than an error.
    if (access.attempts > 0 && !exchange.replayable) throw new GatewayError('internal', 'the beginning of the body is gone')
    const { now, random } = gateway.platform
    this.sentAt = now()
    const state = this.pool.picker.pick({ now: this.sentAt, random, hash: this.hash, tried: this.tried })
    if (state === undefined) throw noEndpoints(this.label)
    access.attempts++
    access.endpoint = `${state.endpoint.host}:${state.endpoint.port}`
    state.active++
    this.state = state
    const limit = retry === undefined || retry.perTry === 0 ? this.deadline : earlier(this.deadline, this.sentAt + retry.perTry)
    return gateway.transport.send(exchange, this.request, state, this.service.config, limit)
  }

  /** The response, when it is the one for the client; undefined when the request is to be sent again. */
  received(response: UpstreamResponse): UpstreamResponse | undefined {
    const { state, retry } = this
    const now = this.gateway.platform.now()
    const doubtful = isDoubtful(response.status)
    if (state !== undefined) {
      // To refuse is quick: taken for a quick answer, it would draw every request to the one endpoint that is broken.
      if (doubtful) observeFailure(state, this.waited(now), now)
      else observe(state, this.waited(now), now)
      if (state.failures !== 0) answered(state, this.sentAt)
    }
    // Asked first, so that an ordinary answer makes no `Failure`.
    if (retry === undefined || !doubtful || !this.goesOn(afterStatus(response.status, this.failure(), retry))) return response
    if (state !== undefined) this.tried.push(state)
    this.release()
    // First: what comes between two tries must find no endpoint that it could be lost to.
    this.exchange.holdBody()
    response.discard()
    return undefined
  }

  /** Throws the error when the request is not to be sent again. */
  failed(error: unknown): void {
    const { state } = this
    // Nothing was sent to anybody.
    if (state === undefined) throw error
    const failure = error instanceof GatewayError ? error : new GatewayError('internal', 'a defect while sending', { cause: error })
    this.learn(state, failure)
    if (!this.keeps(failure)) this.tried.push(state)
    this.release()
    if (!this.goesOn(afterError(failure, this.failure(), this.retry))) throw failure
  }

  /** What to wait for before the next try; undefined for nothing. */
  pause(): Promise<void> | undefined {
    if (!this.pauses) return undefined
    this.pauses = false
    const { platform } = this.gateway
    return platform.sleep(backoff(this.access.attempts, platform.random()))
  }

  /** Ends the claim on the endpoint of the last try. */
  release(): void {
    if (this.state !== undefined) this.state.active--
    this.state = undefined
  }

  private failure(): Failure {
    const { request, exchange, access } = this
    return { method: request.method, replayable: exchange.replayable && !exchange.gone, upgrade: request.upgrade !== '', tries: access.attempts }
  }

  /** A connection that had grown old says nothing against its endpoint: a key stays there, on a fresh one, unless that fails as well. */
  private keeps({ retry, reason }: GatewayError): boolean {
    return this.hash !== 0 && this.access.attempts === 1 && retry === 'stale' && reason === 'upstream_reset'
  }

  /** Feeds the balancer with a failed try. */
  private learn(state: EndpointState, failure: GatewayError): void {
    // A limit of ours says nothing about the endpoint.
    if (failure.side !== 'upstream' || failure.reason === 'overloaded') return
    const now = this.gateway.platform.now()
    if (failure.retry === 'unsent') avoid(this.gateway, state, this.service.config)
    observeFailure(state, this.waited(now), now)
  }

  /** Milliseconds for which the endpoint alone was waited for: not for a client that uploads slowly. */
  private waited(now: number): number {
    return now - Math.max(this.sentAt, this.exchange.uploadedAt)
  }

  /** True when another try is to be made. Spends the budget for paid ones. */
  private goesOn(verdict: Verdict): boolean {
    if (verdict === 'no') return false
    const now = this.gateway.platform.now()
    if (this.deadline !== 0 && now >= this.deadline) return false
    if (verdict === 'free') return true
    this.pauses = this.budget?.withdraw(now) === true
    return this.pauses
  }
}

function noEndpoints(label: string): GatewayError {
  return new GatewayError('no_endpoints', `service ${label} has no usable endpoint`)
}

function earlier(a: number, b: number): number {
  return a === 0 ? b : b === 0 ? a : Math.min(a, b)
}
