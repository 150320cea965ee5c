// The instruments of one worker: counters and latency histograms by route and service, kept as plain numbers. `record` runs
// once for each request, so it looks two names up and adds to a few numbers; everything else happens when someone asks.
import type { AccessRecord } from '../model/access.ts'
import { REASONS } from '../model/error.ts'
import { BUCKETS, bucketOf } from './buckets.ts'
import { isNamed } from './dump.ts'
import type { InstrumentsDump, SeriesDump } from './dump.ts'
import type { Live } from './live.ts'

export interface Instruments {
  /** Counts a finished request. */
  record(access: AccessRecord): void
  /** Everything so far, with what the data plane counts itself. */
  export(live: Live): InstrumentsDump
  /**
   * Drops the series of every route and service label (`words/v2`) not named here, now and in later exports: a request of
   * a removed route that was under way would bring its series back.
   */
  retain(routes: ReadonlySet<string>, services: ReadonlySet<string>): void
}

interface Series {
  readonly route: string
  readonly service: string
  /** Status and reason as one number each; a handful, so they are searched from the front. */
  readonly outcomes: number[]
  readonly counts: number[]
  readonly buckets: Float64Array
  durationSum: number
  retries: number
  bytesIn: number
  bytesOut: number
}

/** Index is the number of a reason in an outcome; 0 is none. */
const REASON_NAMES: readonly string[] = ['', ...Object.keys(REASONS)]
const REASON_NUMBERS: ReadonlyMap<string, number> = new Map(REASON_NAMES.map((name, i) => [name, i]))
const STATUSES = 1000

export function createInstruments(): Instruments {
  const byRoute = new Map<string, Map<string, Series>>()
  let named: ((series: Series) => boolean) | undefined
  let last: Series | undefined
  return {
    record(access) {
      if (last === undefined || last.route !== access.route || last.service !== access.service) last = seriesOf(byRoute, access.route, access.service)
      count(last, access)
    },
    export(live) {
      drop(byRoute, named)
      last = undefined
      return { live, series: [...byRoute.values()].flatMap((services) => [...services.values()].map(dumpSeries)) }
    },
    retain(routes, services) {
      named = (series) => isNamed(routes, series.route) && isNamed(services, series.service)
      drop(byRoute, named)
      last = undefined
    },
  }
}

function seriesOf(byRoute: Map<string, Map<string, Series>>, route: string, service: string): Series {
  let services = byRoute.get(route)
  if (services === undefined) byRoute.set(route, (services = new Map()))
  let series = services.get(service)
  if (series === undefined) {
    series = { route, service, outcomes: [], counts: [], buckets: new Float64Array(BUCKETS), durationSum: 0, retries: 0, bytesIn: 0, bytesOut: 0 }
    services.set(service, series)
  }
  return series
}

function count(series: Series, access: AccessRecord): void {
  const reason = access.reason === '' ? 0 : (REASON_NUMBERS.get(access.reason) ?? 0)
  const outcome = reason * STATUSES + access.status
  let at = series.outcomes.indexOf(outcome)
  if (at < 0) {
    at = series.outcomes.push(outcome) - 1
    series.counts.push(0)
  }
  series.counts[at] = (series.counts[at] as number) + 1
  if (access.attempts > 1) series.retries += access.attempts - 1
  series.bytesIn += access.bytesIn
  series.bytesOut += access.bytesOut
  // A tunnel lasts for hours and is no slow request.
  if (access.upgrade !== '') return
  const duration = access.duration > 0 ? access.duration : 0
  const bucket = bucketOf(duration)
  series.buckets[bucket] = (series.buckets[bucket] as number) + 1
  series.durationSum += duration
}

function drop(byRoute: Map<string, Map<string, Series>>, named: ((series: Series) => boolean) | undefined): void {
  if (named === undefined) return
  for (const [route, services] of byRoute) {
    for (const [service, series] of services) if (!named(series)) services.delete(service)
    if (services.size === 0) byRoute.delete(route)
  }
}

function dumpSeries(series: Series): SeriesDump {
  const { route, service, durationSum, retries, bytesIn, bytesOut } = series
  const outcomes = series.outcomes.map((outcome, i): SeriesDump['outcomes'][number] => [outcome % STATUSES, REASON_NAMES[Math.floor(outcome / STATUSES)] ?? '', series.counts[i] ?? 0])
  return { route, service, outcomes, buckets: [...series.buckets], durationSum, retries, bytesIn, bytesOut }
}
