// What to pick when the ordinary choice was already tried for this request or is avoided after a failed connect.
import type { EndpointState, PickContext } from '../model/balancer.ts'
import type { Members } from './members.ts'

/** Whether an endpoint is neither tried for this request nor avoided. */
export function isFree(state: EndpointState, context: PickContext): boolean {
  return state.avoidUntil <= context.now && (context.tried.length === 0 || !context.tried.includes(state))
}

/** Of a spare of weight 0: it can still be the only one left. */
const LEAST = 1e-9

/**
 * The best that is left: untried before tried, then not avoided before avoided, then lower priority numbers before higher
 * and the own zone before others; among equals by share. It looks at every endpoint, which is fine for the rare request that gets here. Undefined for an empty set.
 */
export function pickLeft(members: Members, context: PickContext): EndpointState | undefined {
  let best: EndpointState | undefined
  let bestRank = Infinity
  let total = 0
  const count = members.states.length
  for (let i = 0; i < count + members.spares.length; i++) {
    const state = (i < count ? members.states[i] : members.spares[i - count]) as EndpointState
    const trouble = (context.tried.includes(state) ? 2 : 0) + (state.avoidUntil > context.now ? 1 : 0)
    const rank = trouble * 2 ** 17 + (state.endpoint.priority ?? 0) * 2 + (i < count ? 0 : 1)
    if (rank > bestRank) continue
    const share = (i < count ? members.shares[i] : Math.max(state.endpoint.weight, LEAST)) as number
    if (rank < bestRank) total = 0
    bestRank = rank
    total += share
    // Keeping the i-th with probability share/total leaves each with its part of the final total, without a list.
    if (context.random() * total < share) best = state
  }
  return best
}
