// When a request is tried again. Pure: the attempt loop asks, and acts.
import type { RetryConfig } from '../model/route-config.ts'
import type { GatewayError } from '../model/error.ts'

/** Methods whose repetition changes nothing (RFC 9110 section 9.2.2). */
const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']

/** Tries of one request at other endpoints after failed connects, whatever the route says: nothing was sent. */
export const MAX_CONNECT_TRIES = 3

/** What is known when a try failed. */
export interface Failure {
  readonly method: string
  /** The body can be sent from its start. */
  readonly replayable: boolean
  /** It asks for another protocol (a WebSocket handshake). */
  readonly upgrade: boolean
  /** Tries made so far, this one included. */
  readonly tries: number
}

/** `free`: may be repeated without spending the retry budget. `paid`: when the budget has it. `no`: not at all. */
export type Verdict = 'free' | 'paid' | 'no'

/** Whether a try that failed with an error is repeated. */
export function afterError(error: GatewayError, failure: Failure, retry: RetryConfig | undefined): Verdict {
  if (!failure.replayable) return 'no'
  if (error.retry === 'unsent') return failure.tries < MAX_CONNECT_TRIES ? 'free' : limited(failure, retry, retry?.on.includes('connect'))
  if (error.retry === 'stale' && IDEMPOTENT.includes(failure.method) && failure.tries < MAX_CONNECT_TRIES) return 'free'
  // What may have reached an endpoint that went on in the other protocol is not for us to repeat.
  if (failure.upgrade || retry === undefined || !retry.methods.includes(failure.method)) return 'no'
  if (error.reason === 'upstream_timeout') return limited(failure, retry, retry.on.includes('timeout'))
  if (error.retry === 'reset' || error.retry === 'stale') return limited(failure, retry, retry.on.includes('reset'))
  return 'no'
}

/** Statuses that a route may want tried elsewhere, and that are no success of the endpoint. */
export function isDoubtful(status: number): boolean {
  return status >= 500 || status === 429
}

/** Whether an answer with this status is dropped and the request tried again. */
export function afterStatus(status: number, failure: Failure, retry: RetryConfig | undefined): Verdict {
  if (retry === undefined || !isDoubtful(status) || !failure.replayable || failure.upgrade || !retry.methods.includes(failure.method)) return 'no'
  const wanted =
    status === 429 ? retry.on.includes('429') : retry.on.includes('5xx') || (status >= 502 && status <= 504 && retry.on.includes('gateway-error'))
  return limited(failure, retry, wanted)
}

function limited(failure: Failure, retry: RetryConfig | undefined, wanted: boolean | undefined): Verdict {
  return retry !== undefined && wanted === true && failure.tries <= retry.attempts ? 'paid' : 'no'
}

/** Milliseconds to wait before retry number `n` (from 1): exponential from 25 ms, full jitter, at most 250 ms, as Envoy does. */
export function backoff(n: number, random: number): number {
  return random * Math.min(250, 25 * 2 ** (n - 1))
}
