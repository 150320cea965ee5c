// Peak EWMA: of two endpoints the one with the lower expected waiting time. The default, since it needs no tuning and
// leaves a slow endpoint before health checks see anything.
import type { Balancer } from '../model/balancer.ts'
import { expectedCost } from './ewma.ts'
import { membersOf } from './members.ts'
import { twoChoices } from './two-choices.ts'

export const peakEwma: Balancer = {
  name: 'peak-ewma',
  doc: 'Of two endpoints drawn by weight, the one with the lower response time (peak-sensitive average, 10 s) × requests under way. The default.',
  build: (endpoints, options) => twoChoices(membersOf(endpoints, options.zone), (state, context, slot) => expectedCost(state, context.now, slot)),
}
