// A picker over several tiers: the first one as long as it has a free endpoint, the next ones for requests that find none there.
import { isFree } from '../balance/left.ts'
import type { EndpointState, PickContext, Picker } from '../model/balancer.ts'

/** A tier with its own picker. */
export interface PickedTier {
  readonly picker: Picker
  /** Whether its endpoints are as good as those of the first; what is disputed or held only comes when nothing else is free. */
  readonly isEqual: boolean
}

/**
 * Tries that a request has in one tier before it turns to an equal one. A failed connect is tried three times in all: so one
 * registry full of dead addresses cannot have all three.
 */
const TRIES_PER_TIER = 2

/** Picks from the first tier that has an endpoint which was not tried and is not avoided; when none has, as the tiers before would. */
export function tiered(tiers: readonly PickedTier[]): Picker {
  const [first] = tiers
  if (first === undefined) return { pick: () => undefined }
  if (tiers.length === 1) return first.picker
  const equals = Math.max(1, tiers.filter(({ isEqual }) => isEqual).length)
  return {
    pick(context) {
      const start = Math.min(equals - 1, Math.floor(context.tried.length / TRIES_PER_TIER))
      for (let i = start; i < tiers.length; i++) {
        const state = (tiers[i] as PickedTier).picker.pick(context)
        if (state !== undefined && isFree(state, context)) return state
      }
      return pickAgain(tiers, context)
    },
  }
}

/** Nothing after the start is free: what is free before it, else an untried one, else whatever the first tier says. */
function pickAgain(tiers: readonly PickedTier[], context: PickContext): EndpointState | undefined {
  const picked = tiers.map(({ picker }) => picker.pick(context))
  return picked.find((state) => state !== undefined && isFree(state, context)) ?? picked.find((state) => state !== undefined && !context.tried.includes(state)) ?? picked[0]
}
