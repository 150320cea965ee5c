// Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a table of prime size in which every endpoint takes places by
// turns in an order of its own. More even than a ring and one array access for each pick; a change moves a few keys more.
import type { Balancer } from '../model/balancer.ts'
import { hashString } from './hash.ts'
import { circleKey, keyed } from './keyed.ts'
import type { Circle } from './keyed.ts'
import type { Members } from './members.ts'

/** Prime, as every skip must reach every place. One size for all sets: another size would move every key. */
const PLACES = 65_537
const FREE = 0xffff
/** 1 - x + x may come to a little less than 1. */
const ALMOST_ONE = 1 - 1e-9

export const maglev: Balancer = {
  name: 'maglev',
  doc: 'The same key to the same endpoint, by a Maglev table of 65,537 places filled by weight. Ignores zones.',
  build: (endpoints, options) => keyed(endpoints, options, table),
}

function table(members: Members): Circle {
  const owners = new Uint16Array(PLACES).fill(FREE)
  const heaviest = members.shares.reduce((most, share) => Math.max(most, share), 0)
  const turns = members.shares.map((share) => share / heaviest)
  const next = Float64Array.from(members.states, (state) => hashString(circleKey(state), 1) % PLACES)
  const skip = Float64Array.from(members.states, (state) => (hashString(circleKey(state), 2) % (PLACES - 1)) + 1)
  // Everybody takes a place in the first round, however small its share.
  const credit = turns.map((turn) => 1 - turn)
  for (let taken = 0; taken < PLACES; ) {
    for (let i = 0; i < turns.length && taken < PLACES; i++) {
      // The heaviest takes a place in every round, the others in a part of the rounds.
      credit[i] = (credit[i] as number) + (turns[i] as number)
      if ((credit[i] as number) < ALMOST_ONE) continue
      credit[i] = (credit[i] as number) - 1
      takePlace(owners, next, skip, i)
      taken++
    }
  }
  return { owners, placeOf: (hash) => hash % PLACES }
}

/** Gives a member the first place in its own order that is still free. */
function takePlace(owners: Uint16Array, next: Float64Array, skip: Float64Array, member: number): void {
  let place = next[member] as number
  while (owners[place] !== FREE) place = (place + (skip[member] as number)) % PLACES
  owners[place] = member
  next[member] = place
}
