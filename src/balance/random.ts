// Random by weight: keeps no count of anything.
import type { Balancer, EndpointState } from '../model/balancer.ts'
import { createDraw } from './draw.ts'
import { isFree, pickLeft } from './left.ts'
import { membersOf } from './members.ts'

export const random: Balancer = {
  name: 'random',
  doc: 'A random endpoint, by weight.',
  build(endpoints, options) {
    const members = membersOf(endpoints, options.zone)
    const draw = createDraw(members.shares)
    return {
      pick(context) {
        if (members.states.length === 0) return undefined
        const state = members.states[draw.index(context.random())] as EndpointState
        return isFree(state, context) ? state : pickLeft(members, context)
      },
    }
  },
}
