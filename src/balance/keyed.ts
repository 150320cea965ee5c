// What the hash balancers share: a circle of owners, where a key's place decides, and the next free owner when that one
// may not be picked. They ignore zones: a key must stay on one endpoint whichever gateway it meets.
import type { BalancerOptions, EndpointState, PickContext, Picker } from '../model/balancer.ts'
import { mix } from './hash.ts'
import { isFree, pickLeft } from './left.ts'
import { membersOf } from './members.ts'
import type { Members } from './members.ts'

/**
 * What an endpoint's places on a circle follow from. The address rather than the id: one server has another id in each
 * registry, and its keys must stay when it moves from one to another, or when two gateways know it from different ones.
 */
export function circleKey({ endpoint }: EndpointState): string {
  return `${endpoint.host}:${endpoint.port}`
}

/** Places on a circle. */
export interface Circle {
  /** Index of the owning member at each place. */
  readonly owners: Uint32Array | Uint16Array
  /** Place of a hash (unsigned 32 bit). */
  placeOf(hash: number): number
}

/**
 * A picker over a circle that is drawn when the first request needs it: many pools are built for every set and never asked.
 * Members come in the order of their addresses, so that every gateway draws the same circle. A request without a key (hash 0)
 * goes to a random place.
 */
export function keyed(endpoints: readonly EndpointState[], _options: BalancerOptions, build: (members: Members) => Circle): Picker {
  const sorted = endpoints.toSorted((a, b) => (circleKey(a) < circleKey(b) ? -1 : 1))
  const members = membersOf(sorted)
  let circle: Circle | undefined
  return {
    pick(context) {
      const [only] = members.states
      if (members.states.length < 2) return only === undefined || isFree(only, context) ? only : standIn(members, only, context)
      circle ??= build(members)
      const place = circle.placeOf(context.hash === 0 ? Math.floor(context.random() * 0x1_0000_0000) : context.hash)
      const owner = members.states[circle.owners[place] as number] as EndpointState
      if (isFree(owner, context)) return owner
      return members.states.some((state) => isFree(state, context)) ? nextFree(members, circle, place, context) : standIn(members, owner, context)
    },
  }
}

/** The first free owner after a place, so that the keys of a lost endpoint spread over all others, each key always to the same one. */
function nextFree(members: Members, circle: Circle, place: number, context: PickContext): EndpointState | undefined {
  const { owners } = circle
  for (let step = 1; step < owners.length; step++) {
    const state = members.states[owners[(place + step) % owners.length] as number] as EndpointState
    if (isFree(state, context)) return state
  }
  return undefined
}

/** Where no member is free: a spare that is, each key always the same one; else the owner keeps its keys until it was tried. */
function standIn(members: Members, owner: EndpointState, context: PickContext): EndpointState | undefined {
  const { hash } = context
  let draws = 0
  const left = pickLeft(members, hash === 0 ? context : { ...context, random: () => mix(hash + ++draws) / 0x1_0000_0000 })
  return left !== undefined && (isFree(left, context) || context.tried.includes(owner)) ? left : owner
}
