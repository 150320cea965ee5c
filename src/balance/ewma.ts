// The peak-sensitive moving average of response times (Finagle's Peak EWMA): it jumps to a slow answer at once and forgets
// it with time, so a stalling endpoint is left within one request and tried again within seconds.
import type { EndpointState } from '../model/balancer.ts'

/** Time in which an old observation loses 63 % of its influence, milliseconds. Finagle's default. */
const DECAY_MS = 10_000

/** Stands for "never measured, but already asked": larger than any real cost, so one probe at a time goes to a new endpoint. */
const PENALTY_MS = 1e9

/** The least that an answer counts as: a clock that stands still between two awaits (workers) must not leave it "never measured". */
const LEAST_MS = 0.1

/** What a failure counts as on an endpoint that never answered. */
const FIRST_FAILURE_MS = 1000

/** Failures alone raise the average no further. */
const MAX_FAILURE_MS = 60_000

/**
 * Takes in one response time, in milliseconds from sending to the response head. For answers; a try without one, or with one
 * that is a failure (5xx, 429), goes to `observeFailure`. Values that are no time (NaN, negative, infinite) are ignored, and a
 * clock that went back counts as no time passed.
 */
export function observe(state: EndpointState, latencyMs: number, now: number): void {
  if (!(latencyMs >= 0 && latencyMs < Infinity)) return
  const keep = keptShare(state, now)
  // Above the average the answer itself is the larger of the two: a peak is taken whole.
  state.ewma = Math.max(latencyMs, state.ewma * keep + latencyMs * (1 - keep), LEAST_MS)
  state.ewmaAt = now
}

/**
 * Takes in a try that got no answer, or a failure for one, after that many milliseconds. It counts as at least twice the
 * average: failing quickly must not make an endpoint look fast, or it would draw all requests. Time heals it.
 */
export function observeFailure(state: EndpointState, latencyMs: number, now: number): void {
  const worse = state.ewma === 0 ? FIRST_FAILURE_MS : Math.min(MAX_FAILURE_MS, 2 * state.ewma * keptShare(state, now))
  observe(state, latencyMs > worse ? latencyMs : worse, now)
}

/**
 * What one more request to this endpoint is expected to cost, in milliseconds: average × (requests under way + 1).
 * `share` scales the requests under way for an endpoint that is worth several of the smallest, 1 for equals.
 */
export function expectedCost(state: EndpointState, now: number, share: number): number {
  const load = state.active * share
  if (state.ewma === 0) return state.active > 0 ? PENALTY_MS + load : 0
  return state.ewma * keptShare(state, now) * (load + 1)
}

/** How much of the average is left after the time since its last update, in [0, 1]. */
function keptShare(state: EndpointState, now: number): number {
  const elapsed = now - state.ewmaAt
  return elapsed > 0 ? Math.exp(-elapsed / DECAY_MS) : 1
}
