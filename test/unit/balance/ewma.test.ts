// The moving average on a clock of our own, and that a slow endpoint gets less.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectedCost, observe, observeFailure } from '../../../src/balance/ewma.ts'
import { leastRequest } from '../../../src/balance/least-request.ts'
import { peakEwma } from '../../../src/balance/peak-ewma.ts'
import { roundRobin } from '../../../src/balance/round-robin.ts'
import type { Balancer, EndpointState } from '../../../src/model/balancer.ts'
import { endpointState, endpointStates, pickContext } from '../../support/endpoints.ts'
import { seededRandom } from '../../support/fake-platform.ts'

function after(...observations: readonly (readonly [latencyMs: number, now: number])[]): EndpointState {
  const state = endpointState('e')
  for (const [latencyMs, now] of observations) observe(state, latencyMs, now)
  return state
}

describe('observe', () => {
  test.each([
    ['the first is taken whole', after([20, 0]), 20],
    ['a peak is taken at once', after([20, 0], [500, 1]), 500],
    ['a lower one pulls by the time passed: 1 - 1/e after 10 s', after([100, 0], [0, 10_000]), 100 / Math.E],
    ['a lower one at the same moment changes nothing', after([100, 0], [10, 0]), 100],
    ['a clock that went back counts as no time', after([100, 5000], [10, 0]), 100],
    ['after an age only the new one counts', after([100, 0], [10, 1e12]), 10],
    ['no time is ignored', after([20, 0], [Number.NaN, 1], [-1, 1], [Infinity, 1]), 20],
  ])('%s', (_name, state, ewma) => {
    expect(state.ewma).toBeCloseTo(ewma, 9)
  })

  test('a slower answer never leaves a lower average than a quicker one', () => {
    const time = fc.integer({ min: 0, max: 200 })
    fc.assert(
      fc.property(time, time, time, fc.integer({ min: 0, max: 30_000 }), (first, one, other, now) => {
        const [quick, slow] = one < other ? [one, other] : [other, one]
        expect(after([first, 0], [quick, now]).ewma).toBeLessThanOrEqual(after([first, 0], [slow, now]).ewma * (1 + 1e-9))
      }),
    )
  })

  test('an answer in no time at all, by the coarse clock of a worker, is a measurement: the endpoint is no longer new', () => {
    const state = after([0, 0], [0, 5])
    const busy = { ...state, active: 3 }
    expect(expectedCost(busy, 5, 1)).toBeLessThan(expectedCost({ ...after([1, 0]), active: 3 }, 5, 1))
  })

  test('stays finite and within what was seen, whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: -1e15, max: 1e15, noNaN: true })), { minLength: 1 }), (observations) => {
        const state = after(...observations)
        expect(state.ewma).toBeGreaterThanOrEqual(0)
        expect(state.ewma).toBeLessThanOrEqual(Math.max(0.1, ...observations.map(([latencyMs]) => latencyMs)) * (1 + 1e-9))
        expect(expectedCost(state, -1e15, 1)).not.toBeNaN()
        expect(expectedCost(state, 1e15, 1)).not.toBeNaN()
      }),
    )
  })
})

describe('observeFailure', () => {
  const failed = (state: EndpointState, latencyMs: number, now: number): number => {
    observeFailure(state, latencyMs, now)
    return state.ewma
  }
  test('doubles the average however quick the failure was', () => expect(failed(after([20, 0]), 0.1, 0)).toBeCloseTo(40, 9))
  test('takes a slow failure whole', () => expect(failed(after([20, 0]), 5000, 0)).toBe(5000))
  test('an endpoint that never answered does not look free', () => expect(failed(endpointState('e'), 0.1, 0)).toBe(1000))
  test('stays below a minute', () => {
    const state = after([20, 0])
    for (let i = 0; i < 100; i++) observeFailure(state, 1, 0)
    expect(state.ewma).toBe(60_000)
  })
  test('an endpoint that fails at once loses its requests', () => {
    const states = endpointStates(3)
    const [broken] = states as [EndpointState]
    const picker = peakEwma.build(states, {})
    const random = seededRandom(9)
    let wasted = 0
    for (let now = 0; now < 2000; now += 2) {
      const state = picker.pick(pickContext(random, { now })) as EndpointState
      if (state === broken) wasted++
      if (state === broken) observeFailure(state, 0.2, now)
      else observe(state, 5, now)
    }
    expect(wasted).toBeLessThan(5)
  })
})

describe('expectedCost', () => {
  const cost = (fields: Partial<EndpointState>, now = 0, share = 1): number => expectedCost({ ...endpointState('e'), ...fields }, now, share)
  test('is average × (requests under way + 1)', () => expect(cost({ ewma: 10, active: 2 })).toBe(30))
  test('decays while nothing is measured', () => expect(cost({ ewma: 10 }, 10_000)).toBeCloseTo(10 / Math.E, 9))
  test('counts requests under way for one slot of a heavy endpoint', () => expect(cost({ ewma: 10, active: 4 }, 0, 0.25)).toBe(20))
  test('a new endpoint costs nothing once, then a great deal until it answered', () => {
    expect(cost({})).toBe(0)
    expect(cost({ active: 1 })).toBeGreaterThan(1e6)
  })
})

/** Sends `requests` with a fixed number under way over endpoints that take `latencies[i]` each; returns what each got. */
function simulate(balancer: Balancer, states: readonly EndpointState[], latencies: readonly number[], requests: number, concurrency: number): number[] {
  const random = seededRandom(11)
  const picker = balancer.build(states, {})
  const flights: { state: EndpointState; sent: number; ends: number }[] = []
  const got = states.map(() => 0)
  let now = 0
  for (let i = 0; i < requests; i++) {
    if (flights.length === concurrency) {
      const next = flights.reduce((first, flight) => (flight.ends < first.ends ? flight : first))
      flights.splice(flights.indexOf(next), 1)
      now = next.ends
      next.state.active--
      observe(next.state, now - next.sent, now)
    }
    const state = picker.pick(pickContext(random, { now })) as EndpointState
    const at = states.indexOf(state)
    got[at] = (got[at] as number) + 1
    state.active++
    flights.push({ state, sent: now, ends: now + (latencies[at] as number) * (0.8 + 0.4 * random()) })
  }
  return got
}

describe('a slow endpoint', () => {
  test.each([1, 8, 64])('gets far less than its weight with peak-ewma, %d under way', (concurrency) => {
    const [slow] = simulate(peakEwma, endpointStates(4), [200, 5, 5, 5], 4000, concurrency) as [number]
    expect(slow).toBeLessThan(4000 * 0.06)
    expect(slow).toBeGreaterThan(0)
  })

  test('gets less with least-request and its full turn with round-robin', () => {
    const [least] = simulate(leastRequest, endpointStates(4), [200, 5, 5, 5], 4000, 16) as [number]
    const [turn] = simulate(roundRobin, endpointStates(4), [200, 5, 5, 5], 4000, 16) as [number]
    expect(least).toBeLessThan(4000 * 0.15)
    expect(turn).toBe(1000)
  })

  test('with weights: the heavy slow one loses, the others keep their proportions', () => {
    const states = [4, 4, 2].map((weight, i) => endpointState(`e${i}`, { weight }))
    const [slow, heavy, light] = simulate(peakEwma, states, [300, 5, 5], 6000, 12) as [number, number, number]
    expect(slow / 6000).toBeLessThan(0.25)
    expect(heavy / light).toBeGreaterThan(1.2)
  })

  test('is tried again when the average has decayed', () => {
    const states = endpointStates(2)
    const [stalled, other] = states as [EndpointState, EndpointState]
    observe(stalled, 5000, 0)
    observe(other, 5, 0)
    const picker = peakEwma.build(states, {})
    const random = seededRandom(5)
    expect(picker.pick(pickContext(random, { now: 1000 }))).toBe(other)
    observe(other, 5, 80_000)
    expect(picker.pick(pickContext(random, { now: 80_000 }))).toBe(stalled)
  })
})

test.each([leastRequest, peakEwma])('weights hold under load within what two slots allow: $name', (balancer) => {
  for (const concurrency of [1, 4, 40]) {
    const states = [8, 1, 1].map((weight, i) => endpointState(`e${i}`, { weight }))
    const [heavy] = simulate(balancer, states, [5, 5, 5], 8000, concurrency) as [number]
    // Of ten slots two are drawn: both are the heavy one's in 62 % of cases, neither is in 2 %.
    expect(heavy / 8000, `${concurrency} under way`).toBeGreaterThan(0.61)
    expect(heavy / 8000, `${concurrency} under way`).toBeLessThan(0.92)
  }
})
