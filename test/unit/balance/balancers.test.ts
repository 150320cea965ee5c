// The shared suite over every balancer of the list, and what only one of them promises.
import { expect, test } from 'vitest'
import { balancerByName, balancers } from '../../../src/balance/list.ts'
import { balancerSuite } from '../../suites/balancer.ts'
import type { BalancerTraits } from '../../suites/balancer.ts'

const traits: Readonly<Record<string, BalancerTraits>> = {
  'peak-ewma': { keyed: false, tolerance: 0.1 },
  'least-request': { keyed: false, tolerance: 0.1 },
  'round-robin': { keyed: false, tolerance: 0.001 },
  random: { keyed: false, tolerance: 0.1 },
  // 512 points for the heaviest, less for others: a standard deviation of 4.4 % and more.
  'ring-hash': { keyed: true, tolerance: 0.2 },
  maglev: { keyed: true, tolerance: 0.1 },
}

test('every balancer has its traits here', () => {
  expect(balancers.map((balancer) => balancer.name)).toEqual(Object.keys(traits))
  expect(balancerByName('__proto__')).toBeUndefined()
})

for (const balancer of balancers) balancerSuite(balancer, traits[balancer.name] as BalancerTraits)
