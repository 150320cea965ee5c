// What instruments hold, as plain JSON: it travels from workers to the main process, which adds it up.
import { BUCKETS } from './buckets.ts'
import { NO_COUNTS, addLive, withoutGauges } from './live.ts'
import type { Live } from './live.ts'

/** Requests of one route and service. */
export interface SeriesDump {
  /** Name of the route; empty for requests that met none. */
  readonly route: string
  /** Label of the destination (`words/v2`); empty unless forwarded. */
  readonly service: string
  /** How many ended with each status and reason. */
  readonly outcomes: readonly (readonly [status: number, reason: string, count: number])[]
  /** By bucket of buckets.ts, not cumulative. */
  readonly buckets: readonly number[]
  /** Sum of the durations in the buckets, milliseconds. */
  readonly durationSum: number
  readonly retries: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** How often a listener refused a request for a reason before it could be decided on. */
type RefusedDump = readonly [listener: string, reason: string, count: number]

export interface InstrumentsDump {
  readonly live: Live
  readonly series: readonly SeriesDump[]
  readonly refused: readonly RefusedDump[]
}

export function emptyDump(): InstrumentsDump {
  return { live: NO_COUNTS, series: [], refused: [] }
}

/** The sum of several workers' dumps. */
export function mergeDumps(dumps: readonly InstrumentsDump[]): InstrumentsDump {
  const byName = new Map<string, SeriesDump>()
  for (const series of dumps.flatMap((dump) => dump.series)) {
    // A name may hold anything but not a lone separator of JSON, so this cannot be ambiguous.
    const key = JSON.stringify([series.route, series.service])
    const before = byName.get(key)
    byName.set(key, before === undefined ? series : addSeries(before, series))
  }
  return { live: dumps.reduce((sum, dump) => addLive(sum, dump.live), NO_COUNTS), series: [...byName.values()], refused: addCounts(dumps.flatMap((dump) => dump.refused)) }
}

/**
 * What to go on adding of a worker that died. Its counters stay in the sum: a sum that falls would look like a restart of
 * the gateway to whoever computes rates.
 */
export function retireDump(dump: InstrumentsDump): InstrumentsDump {
  return { ...dump, live: withoutGauges(dump.live) }
}

/** Without the series of routes and services that are no longer in the table; both names empty always stay. */
export function retainSeries(dump: InstrumentsDump, routes: ReadonlySet<string>, services: ReadonlySet<string>): InstrumentsDump {
  return { ...dump, series: dump.series.filter((series) => isNamed(routes, series.route) && isNamed(services, series.service)) }
}

/** Whether a series of this name is kept. */
export function isNamed(names: ReadonlySet<string>, name: string): boolean {
  return name === '' || names.has(name)
}

/** Adds up what is counted of the same, a listener or a status, for the same reason. */
function addCounts<Of extends string | number, Reason extends string>(all: readonly (readonly [of: Of, reason: Reason, count: number])[]): (readonly [of: Of, reason: Reason, count: number])[] {
  const sums = new Map<string, readonly [Of, Reason, number]>()
  for (const [of, reason, count] of all) {
    // A reason has no space.
    const key = `${reason} ${of}`
    sums.set(key, [of, reason, count + (sums.get(key)?.[2] ?? 0)])
  }
  return [...sums.values()]
}

function addSeries(a: SeriesDump, b: SeriesDump): SeriesDump {
  return {
    route: a.route,
    service: a.service,
    outcomes: addCounts([...a.outcomes, ...b.outcomes]),
    buckets: Array.from({ length: BUCKETS }, (_, i) => (a.buckets[i] ?? 0) + (b.buckets[i] ?? 0)),
    durationSum: a.durationSum + b.durationSum,
    retries: a.retries + b.retries,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  }
}
