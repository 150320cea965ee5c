// Picking over tiers: the first as long as it has a free endpoint, and never all tries of a request in one registry.
import { describe, expect, test } from 'vitest'
import { balancers } from '../../../src/balance/list.ts'
import type { EndpointState } from '../../../src/model/balancer.ts'
import { tiered } from '../../../src/proxy/tiered.ts'
import { endpointState, pickContext } from '../../support/endpoints.ts'
import { seededRandom } from '../../support/fake-platform.ts'

const NOW = 1000
const states = (names: string): EndpointState[] => names.split(' ').map((name) => endpointState(name.replace('!', ''), {})).map((state, i) => Object.assign(state, names.split(' ')[i]?.includes('!') === true ? { avoidUntil: NOW + 1 } : {}))

describe.each(balancers.map((balancer) => [balancer.name, balancer] as const))('%s', (_name, balancer) => {
  /** Hosts that 300 requests meet which have tried these already. `a! b` are endpoints, the first of them avoided. */
  function met(tiers: readonly (readonly [hosts: string, isEqual: boolean])[], tried: readonly string[] = []): string[] {
    const all = tiers.map(([hosts]) => states(hosts))
    const picker = tiered(all.map((members, i) => ({ picker: balancer.build(members, {}), isEqual: tiers[i]?.[1] ?? true })))
    const random = seededRandom(3)
    const hosts = Array.from({ length: 300 }, (_, i) => picker.pick(pickContext(random, { now: NOW, hash: i * 2_654_435, tried: all.flat().filter(({ endpoint }) => tried.includes(endpoint.id)) }))?.endpoint.host ?? 'none')
    return [...new Set(hosts)].sort()
  }

  test.each<[string, (readonly [string, boolean])[], string[], string[]]>([
    ['nothing', [], [], ['none']],
    ['one tier', [['a b', true]], [], ['a', 'b']],
    ['the first of two', [['a b', true], ['c d', true]], [], ['a', 'b']],
    ['what is free in the first', [['a! b', true], ['c d', true]], [], ['b']],
    ['the second when all of the first are avoided', [['a! b!', true], ['c d', true]], [], ['c', 'd']],
    ['the second when all of the first were tried', [['a', true], ['c d', true]], ['a'], ['c', 'd']],
    ['the first again for a second try', [['a b c', true], ['d', true]], ['a'], ['b', 'c']],
    ['the second after two tries, though the first has more', [['a b c', true], ['d', true]], ['a', 'b'], ['d']],
    ['the third after four', [['a b c', true], ['d e f', true], ['g', true]], ['a', 'b', 'd', 'e'], ['g']],
    ['the first again when the second is not free', [['a b c', true], ['d!', true]], ['a', 'b'], ['c']],
    ['what is only better than nothing, when nothing else is free', [['a!', true], ['h', false]], [], ['h']],
    ['but not for the sake of variety', [['a b c', true], ['h', false]], ['a', 'b'], ['c']],
    ['an avoided one rather than one tried before', [['a! b!', true], ['c!', true]], ['a', 'c'], ['b']],
    ['a tried one rather than nothing', [['a', true], ['c', true]], ['a', 'c'], ['a']],
  ])('gives %s', (_what, tiers, tried, expected) => {
    expect(met(tiers, tried)).toEqual(expected)
  })
})
