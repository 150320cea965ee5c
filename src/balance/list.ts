// Every balancer. A new one is one file and one line here, and must pass test/suites/balancer.ts.
import type { Balancer } from '../model/balancer.ts'
import { leastRequest } from './least-request.ts'
import { maglev } from './maglev.ts'
import { peakEwma } from './peak-ewma.ts'
import { random } from './random.ts'
import { ringHash } from './ring-hash.ts'
import { roundRobin } from './round-robin.ts'

export const balancers: readonly Balancer[] = [peakEwma, leastRequest, roundRobin, random, ringHash, maglev]

const byName = new Map(balancers.map((balancer) => [balancer.name, balancer]))
if (byName.size < balancers.length) throw new Error('src/balance/list.ts: two balancers have one name')

/** The balancer of that name, or undefined. */
export function balancerByName(name: string): Balancer | undefined {
  return byName.get(name)
}
