// Endpoints and their state for tests: everything defaulted but what the test is about.
import type { EndpointState, PickContext } from '../../src/model/balancer.ts'
import type { Endpoint } from '../../src/model/endpoint.ts'

export function endpoint(id: string, fields: Partial<Endpoint> = {}): Endpoint {
  return { id, host: '127.0.0.1', port: 8080, weight: 1, tags: [], meta: {}, health: 'passing', draining: false, origin: 'static', learnedAt: 0, ...fields }
}

/** Each id at an address of its own. */
export function endpointState(id: string, fields: Partial<Endpoint> = {}): EndpointState {
  return { endpoint: endpoint(id, { host: id, ...fields }), active: 0, ewma: 0, ewmaAt: 0, avoidUntil: 0, failures: 0, failedAt: 0, watched: false, gone: false }
}

/** `count` equal endpoints `e0`, `e1` … */
export function endpointStates(count: number, fields: Partial<Endpoint> = {}): EndpointState[] {
  return Array.from({ length: count }, (_, i) => endpointState(`e${i}`, fields))
}

export function pickContext(random: () => number, fields: Partial<Omit<PickContext, 'random'>> = {}): PickContext {
  return { now: 0, hash: 0, tried: [], random, ...fields }
}
