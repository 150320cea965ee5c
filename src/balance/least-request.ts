// Least requests: of two endpoints the one with fewer requests under way for its weight.
import type { Balancer } from '../model/balancer.ts'
import { membersOf } from './members.ts'
import { twoChoices } from './two-choices.ts'

export const leastRequest: Balancer = {
  name: 'least-request',
  doc: 'Of two endpoints drawn by weight, the one with fewer requests under way for its weight.',
  build: (endpoints, options) => twoChoices(membersOf(endpoints, options.zone), (state, _context, slot) => state.active * slot),
}
