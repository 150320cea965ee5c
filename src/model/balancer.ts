// The contract of a balancer. It is built when the endpoint set changes and picked from for every request.
import type { Endpoint } from './endpoint.ts'

/** What is measured of one endpoint, by one worker. It outlives snapshots: a new set of the same endpoint keeps it. */
export interface EndpointState {
  readonly endpoint: Endpoint
  /** Requests sent and not yet answered to the end. */
  active: number
  /** Peak-EWMA of the response time in milliseconds, as of `ewmaAt`. */
  ewma: number
  /** Platform time of the last update of `ewma`, milliseconds. */
  ewmaAt: number
  /** Platform time until which the endpoint is avoided after a failed connect, milliseconds; 0 for never. */
  avoidUntil: number
  /** Connects that failed since the last answer; those of one moment count as one. */
  failures: number
  /** Platform time of the last of them, milliseconds. */
  failedAt: number
  /** The gateway itself tries whether it takes connections again. */
  watched: boolean
  /** No pool has it any more: what is still sent to it, by requests that began before, leaves no connection behind. */
  gone: boolean
}

/** Chance and time for a pick, from the platform. */
export interface PickContext {
  readonly now: number
  random(): number
  /** Hash of the request for balancers that keep a key on one endpoint; 0 otherwise. Unsigned 32 bit. */
  readonly hash: number
  /** Endpoints already tried for this request; they are picked only when nothing else is left. */
  readonly tried: readonly EndpointState[]
}

/** Picks from a fixed set; undefined only when the set is empty. */
export interface Picker {
  pick(context: PickContext): EndpointState | undefined
}

/** A way to spread requests: its name in config and how to build a picker. Sets are already filtered to usable endpoints. */
export interface Balancer {
  readonly name: string
  /** Which endpoint it picks, in a line, for the description of `balance`. */
  readonly doc: string
  build(endpoints: readonly EndpointState[], options: BalancerOptions): Picker
}

export interface BalancerOptions {
  /** The gateway's zone: endpoints in it are preferred as far as their capacity goes. */
  readonly zone?: string
}
