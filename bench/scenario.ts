// What a scenario is: who takes part, what one measurement of one contestant gives, and which figures are shown.
import type { Fleet } from './fleet.ts'
import type { RunningPeer } from './peer.ts'

/** One line of a scenario's table: a peer, perhaps with a certain table. */
export interface Contestant {
  readonly label: string
  readonly peer: string
  readonly tableSize: number
}

/** Figures of one measurement, or medians of several. */
export type Sample = Readonly<Record<string, number>>

export interface Column {
  readonly key: string
  readonly title: string
  readonly digits: number
}

export interface MeasureContext {
  readonly running: RunningPeer
  readonly contestant: Contestant
  readonly seconds: number
  readonly scratch: string
  readonly fleet: Fleet
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly columns: readonly Column[]
  /** Key of the figure whose ratio to nginx and to Envoy is shown. */
  readonly headline: string
  /** Most rounds that make sense; default no limit. */
  readonly maxRounds?: number
  /** Whether each measurement needs a process that has carried nothing yet. */
  readonly fresh?: boolean
  /** Default: every peer with its usual table. */
  contestants?(peers: readonly string[]): Contestant[]
  measure(context: MeasureContext): Promise<Sample>
}

/** Middle value; the mean of both middle ones for an even number. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}

/** The median of each figure. */
export function medians(samples: readonly Sample[]): Sample {
  const keys = Object.keys(samples[0] ?? {})
  return Object.fromEntries(keys.map((key) => [key, median(samples.map((sample) => sample[key] ?? Number.NaN))]))
}
