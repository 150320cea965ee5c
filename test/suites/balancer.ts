// What every balancer must do, with a seeded source of chance. `balancerSuite` is called once for each in
// test/unit/balance/balancers.test.ts.
import { describe, expect, test } from 'vitest'
import { hashString } from '../../src/balance/hash.ts'
import type { Balancer, EndpointState, PickContext, Picker } from '../../src/model/balancer.ts'
import { endpointState, endpointStates, pickContext } from '../support/endpoints.ts'
import { seededRandom } from '../support/fake-platform.ts'

export interface BalancerTraits {
  /** Keeps a key on one endpoint and ignores zones. */
  readonly keyed: boolean
  /** By how much an endpoint's part of many picks may differ from its weight's part, relative to that part. */
  readonly tolerance: number
}

const PICKS = 20_000

export function balancerSuite(balancer: Balancer, traits: BalancerTraits): void {
  describe(balancer.name, () => {
    emptyAndSmall(balancer)
    weights(balancer, traits)
    exclusion(balancer)
    priorities(balancer)
    clocks(balancer)
    if (traits.keyed) keys(balancer, traits)
    else zones(balancer, traits)
  })
}

/** How often each endpoint was picked, over requests that all differ and end at once. */
function tally(picker: Picker, picks: number, context: Partial<PickContext> = {}, seed = 1): Map<string, number> {
  const random = seededRandom(seed)
  const counts = new Map<string, number>()
  for (let i = 0; i < picks; i++) {
    const state = picker.pick(pickContext(random, { hash: hashString(`key-${i}`), ...context }))
    const id = state?.endpoint.id ?? 'none'
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

function emptyAndSmall(balancer: Balancer): void {
  test('gives undefined for no endpoints', () => {
    expect(tally(balancer.build([], {}), 3)).toEqual(new Map([['none', 3]]))
    expect(tally(balancer.build([], { zone: 'a' }), 3)).toEqual(new Map([['none', 3]]))
  })

  test('gives the only endpoint, even when it was tried, is avoided or weighs 0', () => {
    const only = endpointState('e0', { weight: 0 })
    const picker = balancer.build([only], {})
    expect(tally(picker, 3)).toEqual(new Map([['e0', 3]]))
    expect(tally(picker, 3, { tried: [only] })).toEqual(new Map([['e0', 3]]))
    only.avoidUntil = 1000
    expect(tally(picker, 3)).toEqual(new Map([['e0', 3]]))
  })
}

function weights(balancer: Balancer, traits: BalancerTraits): void {
  const table: readonly (readonly [name: string, weights: readonly number[]])[] = [
    ['two equal', [1, 1]],
    ['equal', [1, 1, 1, 1, 1]],
    ['equal and large', [65535, 65535, 65535]],
    ['10:1', [10, 1]],
    ['mixed', [1, 2, 3, 4]],
    ['close', [100, 101, 99]],
    ['many', Array.from({ length: 40 }, (_, i) => 1 + (i % 4))],
    ['with 0', [3, 0, 1]],
    ['all 0', [0, 0, 0]],
  ]
  test.each(table)('shares by weight: %s', (_name, given) => {
    const counts = tally(balancer.build(given.map((weight, i) => endpointState(`e${i}`, { weight })), {}), PICKS)
    const total = given.reduce((sum, weight) => sum + weight, 0)
    given.forEach((weight, i) => {
      const share = total === 0 ? 1 / given.length : weight / total
      const got = (counts.get(`e${i}`) ?? 0) / PICKS
      expect(Math.abs(got - share), `e${i} got ${got}, its share is ${share}`).toBeLessThanOrEqual(share * traits.tolerance + 0.004)
    })
  })

  test('an endpoint of weight 0 is not even a second choice', () => {
    const [a, b] = [endpointState('a'), endpointState('b', { weight: 0 })]
    expect(tally(balancer.build([a, b], {}), 5, { tried: [a] })).toEqual(new Map([['a', 5]]))
  })

  test('each of 300 endpoints is reached', () => {
    expect(tally(balancer.build(endpointStates(300), {}), PICKS).size).toBe(300)
  })
}

function exclusion(balancer: Balancer): void {
  test('a tried endpoint is not picked again while another is left', () => {
    const states = endpointStates(5)
    const picker = balancer.build(states, {})
    const random = seededRandom(7)
    for (let request = 0; request < 200; request++) {
      const tried: EndpointState[] = []
      for (let attempt = 0; attempt < states.length; attempt++) {
        const state = picker.pick(pickContext(random, { hash: hashString(`r${request}`), tried })) as EndpointState
        expect(tried).not.toContain(state)
        tried.push(state)
      }
      expect(states).toContain(picker.pick(pickContext(random, { hash: hashString(`r${request}`), tried })))
    }
  })

  test('an avoided endpoint is not picked until its time is over', () => {
    const states = endpointStates(3)
    const [first, second] = states as [EndpointState, EndpointState]
    first.avoidUntil = 1000
    second.avoidUntil = 1000
    const picker = balancer.build(states, {})
    expect(tally(picker, 50, { now: 999 })).toEqual(new Map([['e2', 50]]))
    expect(tally(picker, 200, { now: 1000 }).size).toBe(3)
  })

  test('with all avoided the untried ones come first', () => {
    const states = endpointStates(3)
    for (const state of states) state.avoidUntil = 1000
    const picker = balancer.build(states, {})
    expect(tally(picker, 300).size).toBe(3)
    expect(tally(picker, 300, { tried: states.slice(0, 2) })).toEqual(new Map([['e2', 300]]))
  })

  test('what an avoided endpoint leaves is shared by the others', () => {
    const states = endpointStates(6)
    for (const state of states.slice(0, 3)) state.avoidUntil = 1000
    const counts = tally(balancer.build(states, {}), PICKS)
    for (const id of ['e3', 'e4', 'e5']) expect((counts.get(id) ?? 0) / PICKS).toBeGreaterThan(0.2)
  })
}

function priorities(balancer: Balancer): void {
  const inGroups = (): EndpointState[] => [endpointState('a0'), endpointState('b0', { priority: 10 }), endpointState('c0', { priority: 65_535 }), endpointState('b1', { priority: 10 })]

  test('only the lowest priority number gets requests, whatever the order', () => {
    expect([...tally(balancer.build(inGroups().toReversed(), {}), 500).keys()]).toEqual(['a0'])
  })

  test('higher numbers step in one after the other, when all below were tried or are avoided', () => {
    const states = inGroups()
    const [a, b, , d] = states as [EndpointState, EndpointState, EndpointState, EndpointState]
    const picker = balancer.build(states, {})
    expect([...tally(picker, 500, { tried: [a] }).keys()].toSorted()).toEqual(['b0', 'b1'])
    expect([...tally(picker, 50, { tried: [a, b] }).keys()]).toEqual(['b1'])
    d.avoidUntil = 10
    expect([...tally(picker, 50, { tried: [a, b] }).keys()]).toEqual(['c0'])
    a.avoidUntil = 10
    expect([...tally(picker, 50).keys()]).toEqual(['b0'])
  })
}

function clocks(balancer: Balancer): void {
  test.each([[-1e15], [1e15], [0]])('picks by shares after the clock jumped by %d', (jump) => {
    const states = endpointStates(3)
    for (const state of states) {
      state.ewma = 5
      state.ewmaAt = 1e6
    }
    const counts = tally(balancer.build(states, {}), 3000, { now: 1e6 + jump })
    expect([...counts.keys()].toSorted()).toEqual(['e0', 'e1', 'e2'])
    for (const count of counts.values()) expect(count).toBeGreaterThan(600)
  })
}

function zones(balancer: Balancer, traits: BalancerTraits): void {
  const inZones = (layout: Readonly<Record<string, readonly number[]>>): EndpointState[] =>
    Object.entries(layout).flatMap(([zone, weights]) => weights.map((weight, i) => endpointState(`${zone}${i}`, { weight, ...(zone === '-' ? {} : { zone }) })))
  const byZone = (counts: Map<string, number>, zone: string): number =>
    [...counts].reduce((sum, [id, count]) => sum + (id.startsWith(zone) ? count : 0), 0)

  test('the own zone gets everything while it holds its part of the capacity', () => {
    const counts = tally(balancer.build(inZones({ a: [1, 1], b: [1, 1], c: [1] }), { zone: 'a' }), 2000)
    expect(byZone(counts, 'a')).toBe(2000)
    expect(counts.get('a0')).toBeGreaterThan(800)
  })

  test('other zones step in when the own one is tried or avoided', () => {
    const states = inZones({ a: [1, 1], b: [1, 1] })
    const picker = balancer.build(states, { zone: 'a' })
    expect(byZone(tally(picker, 100, { tried: states.slice(0, 2) }), 'b')).toBe(100)
    ;(states[0] as EndpointState).avoidUntil = 10
    ;(states[1] as EndpointState).avoidUntil = 10
    expect(byZone(tally(picker, 100), 'b')).toBe(100)
  })

  test.each([
    ['no endpoint there', { a: [1, 3], b: [2] }, 'z'],
    ['no zones known', { '-': [1, 3, 2] }, 'a'],
  ] as const)('a zone that says nothing changes nothing: %s', (_name, layout, zone) => {
    const counts = tally(balancer.build(inZones(layout), { zone }), PICKS)
    const plain = tally(balancer.build(inZones(layout), {}), PICKS)
    for (const [id, count] of plain) expect(Math.abs((counts.get(id) ?? 0) - count) / PICKS).toBeLessThan(0.01)
  })

  test.each([
    ['one small', { a: [1], b: [3, 3], c: [3] }],
    ['one large', { a: [1, 1], b: [1, 1], c: [2, 2, 2, 2] }],
    ['weights differ', { a: [1, 2], b: [5], c: [3, 1, 4] }],
    ['some without a zone', { a: [1], '-': [1, 1, 1], b: [2] }],
  ] as const)('gateways of all zones together load each endpoint by its weight: %s', (_name, layout) => {
    const names = Object.keys(layout)
    const total = inZones(layout).reduce((sum, state) => sum + state.endpoint.weight, 0)
    const sum = new Map<string, number>()
    names.forEach((zone, i) => {
      // Gateways that know no zone go by weights alone, so the nameless zone's part is drawn as the rule assumes: from itself first.
      const states = inZones(layout).map((state) => (state.endpoint.zone === undefined ? endpointState(state.endpoint.id, { weight: state.endpoint.weight, zone: '-' }) : state))
      for (const [id, count] of tally(balancer.build(states, { zone }), PICKS, {}, i)) sum.set(id, (sum.get(id) ?? 0) + count)
    })
    for (const state of inZones(layout)) {
      const share = state.endpoint.weight / total
      const got = (sum.get(state.endpoint.id) ?? 0) / (PICKS * names.length)
      expect(Math.abs(got - share), `${state.endpoint.id} got ${got}, its share is ${share}`).toBeLessThanOrEqual(share * traits.tolerance + 0.004)
    }
  })
}

function keys(balancer: Balancer, traits: BalancerTraits): void {
  const KEYS = 5000
  const owners = (picker: Picker): string[] => {
    const random = seededRandom(3)
    return Array.from({ length: KEYS }, (_, i) => picker.pick(pickContext(random, { hash: hashString(`key-${i}`) }))?.endpoint.id ?? 'none')
  }

  test('a key stays, whatever the order of the set, the zone or chance', () => {
    const states = endpointStates(7, { zone: 'b' })
    ;(states[0] as { endpoint: unknown }).endpoint = { ...(states[0] as EndpointState).endpoint, zone: 'a' }
    const before = owners(balancer.build(states, {}))
    expect(owners(balancer.build(states.toReversed(), { zone: 'a' }))).toEqual(before)
  })

  test('without a key any endpoint may be picked', () => {
    expect(tally(balancer.build(endpointStates(4), {}), 400, { hash: 0 }).size).toBe(4)
  })

  test('the whole range of hashes has an owner', () => {
    const picker = balancer.build(endpointStates(4), {})
    for (const hash of [1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff]) expect(picker.pick(pickContext(() => 0, { hash }))).toBeDefined()
  })

  test.each([2, 5, 20, 100, 200])('removing one of %d moves its keys and hardly any other, adding it back restores', (count) => {
    const states = endpointStates(count)
    const before = owners(balancer.build(states, {}))
    const after = owners(balancer.build(states.slice(0, -1), {}))
    const gone = `e${count - 1}`
    const moved = before.filter((id, i) => id !== after[i]).length
    const own = before.filter((id) => id === gone).length
    expect(after).not.toContain(gone)
    // A fair share, plus what the stated tolerance allows, plus the few that Maglev and a full ring move besides.
    expect(moved - own).toBeLessThanOrEqual(KEYS * 0.03)
    expect(moved).toBeLessThanOrEqual((KEYS / count) * (1 + traits.tolerance) + KEYS * 0.03)
    expect(owners(balancer.build(states, {}))).toEqual(before)
  })

  test('a change of one weight moves about the difference', () => {
    const set = (weight: number): EndpointState[] => Array.from({ length: 10 }, (_, i) => endpointState(`e${i}`, { weight: i === 0 ? weight : 4 }))
    const before = owners(balancer.build(set(4), {}))
    const after = owners(balancer.build(set(3), {}))
    const moved = before.filter((id, i) => id !== after[i]).length
    expect(moved).toBeGreaterThan(0)
    expect(moved).toBeLessThanOrEqual(KEYS * (0.025 + 0.04))
  })

  test('keys of an avoided endpoint spread over the others, each always to the same one, and come back', () => {
    const states = endpointStates(6)
    const picker = balancer.build(states, {})
    const before = owners(picker)
    ;(states[2] as EndpointState).avoidUntil = 1
    const during = owners(picker)
    expect(during).toEqual(owners(picker))
    before.forEach((id, i) => expect(during[i] === id).toBe(id !== 'e2'))
    expect(new Set(during.filter((_, i) => before[i] === 'e2')).size).toBe(5)
    ;(states[2] as EndpointState).avoidUntil = 0
    expect(owners(picker)).toEqual(before)
  })

  test('an endpoint of next to no weight is there for the keys of others when those are avoided', () => {
    const heavy = Array.from({ length: 700 }, (_, i) => endpointState(`heavy${i}`, { weight: 100 }))
    const picker = balancer.build([...heavy, endpointState('light', { weight: 1 })], {})
    for (const state of heavy) state.avoidUntil = 1
    expect(tally(picker, 20)).toEqual(new Map([['light', 20]]))
  })

  test('keys stay on their owners while every endpoint is avoided', () => {
    const states = endpointStates(6)
    const picker = balancer.build(states, {})
    const before = owners(picker)
    for (const state of states) state.avoidUntil = 1
    expect(owners(picker)).toEqual(before)
  })

  test.each([1, 3])('a key has one stand-in while no endpoint (of %d) of the lowest priority number is free', (count) => {
    const first = endpointStates(count)
    const picker = balancer.build([...first, ...Array.from({ length: 4 }, (_, i) => endpointState(`later${i}`, { priority: 1 }))], {})
    for (const state of first) state.avoidUntil = 1
    const chosen = Array.from({ length: 5 }, (_, seed) => {
      const random = seededRandom(seed)
      return Array.from({ length: 200 }, (_, i) => picker.pick(pickContext(random, { hash: hashString(`key-${i}`) }))?.endpoint.id)
    })
    for (const again of chosen) expect(again).toEqual(chosen[0])
    expect(new Set(chosen[0]).size).toBe(4)
  })
}
