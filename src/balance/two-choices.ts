// The power of two choices (Mitzenmacher): draw two endpoints, take the one that costs less. It keeps load even without
// looking at all of them, and unlike "least of all" it does not send a burst to a single new endpoint.
//
// A weight is read as a number of equal slots (the smallest share is one slot), and two different slots are drawn. With
// equal weights those are two different endpoints; with a large one beside a small one they are often two slots of the
// large one. So an endpoint of share s gets at most about 2s and the weights hold however the costs compare.
import type { EndpointState, PickContext, Picker } from '../model/balancer.ts'
import { createDraw } from './draw.ts'
import type { Draw } from './draw.ts'
import { isFree, pickLeft } from './left.ts'
import type { Members } from './members.ts'

/** Cost of one more request. `slot` is the part of the endpoint that one slot makes, in (0, 1]: active × slot is the load of a slot. */
export type Cost = (state: EndpointState, context: PickContext, slot: number) => number

/** Draws that met the very slot drawn first, before the neighbour is taken instead. */
const REDRAWS = 4

/** A picker by two choices. On equal cost the first drawn wins, so idle endpoints share by weight. */
export function twoChoices(members: Members, cost: Cost): Picker {
  const { states, shares } = members
  const [only] = states
  if (states.length < 2) return { pick: (context) => (only === undefined || isFree(only, context) ? only : pickLeft(members, context)) }
  const smallest = shares.reduce((least, share) => Math.min(least, share), 1)
  const slots = shares.map((share) => smallest / share)
  const draw = createDraw(shares)
  return {
    pick(context) {
      const first = draw.index(context.random())
      const second = drawOther(draw, first, slots, context)
      const a = states[first] as EndpointState
      const b = states[second] as EndpointState
      if (!isFree(a, context)) return isFree(b, context) ? b : pickLeft(members, context)
      if (first === second || !isFree(b, context)) return a
      return cost(b, context, slots[second] as number) < cost(a, context, slots[first] as number) ? b : a
    },
  }
}

/** Another slot than the one drawn first, which may belong to the same endpoint when that has several. */
function drawOther(draw: Draw, first: number, slots: Float64Array, context: PickContext): number {
  for (let i = 0; i < REDRAWS; i++) {
    const index = draw.index(context.random())
    if (index !== first || context.random() >= (slots[first] as number)) return index
  }
  return (first + 1) % slots.length
}
