// The instruments of one worker: counters and latency histograms by route and service, kept as plain numbers. `record` runs
// once for each request, so it looks two names up and adds to a few numbers; everything else happens when someone asks.
import type { AccessRecord } from '../model/access.ts'
import { REASONS, type Reason } from '../model/error.ts'
import { BUCKETS, bucketOf } from './buckets.ts'
import { isNamed } from './dump.ts'
import type { InstrumentsDump, SeriesDump } from './dump.ts'
import type { Live } from './live.ts'

export interface Instruments {
  /** Counts a finished request. */
  record(access: AccessRecord): void
  /** Counts what a listener refused before it was a request. */
  refuse(listener: string, reason: Reason): void
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
  /** Status and reason as one number, and behind each how often; a handful, so they are searched from the front. */
  readonly outcomes: number[]
  readonly buckets: Float64Array
  durationSum: number
  retries: number
  bytesIn: number
  bytesOut: number
  /** The next of the same route. With 100,000 routes, a map for each is several places in memory that a request would wait for. */
  next: Series | undefined
}

/** Index is the number of a reason in an outcome; 0 is none. */
const REASON_NAMES: readonly string[] = ['', ...Object.keys(REASONS)]
const REASON_NUMBERS: ReadonlyMap<string, number> = new Map(REASON_NAMES.map((name, i) => [name, i]))
const STATUSES = 1000

export function createInstruments(): Instruments {
  /** The first series of each route. */
  const byRoute = new Map<string, Series>()
  let named: ((series: Series) => boolean) | undefined
  let last: Series | undefined
  const refused = new Map<string, Map<Reason, number>>()
  return {
    record(access) {
      if (last === undefined || last.route !== access.route || last.service !== access.service) last = seriesOf(byRoute, access.route, access.service)
      count(last, access)
    },
    refuse(listener, reason) {
      let counts = refused.get(listener)
      if (counts === undefined) refused.set(listener, (counts = new Map()))
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
    },
    export(live) {
      drop(byRoute, named)
      last = undefined
      return {
        live,
        series: [...byRoute.values()].flatMap((first) => chain(first).map(dumpSeries)),
        refused: [...refused].flatMap(([listener, counts]) => [...counts].map(([reason, times]) => [listener, reason, times] as const)),
      }
    },
    retain(routes, services) {
      named = (series) => isNamed(routes, series.route) && isNamed(services, series.service)
      drop(byRoute, named)
      last = undefined
    },
  }
}

function seriesOf(byRoute: Map<string, Series>, route: string, service: string): Series {
  let last: Series | undefined
  for (let series = byRoute.get(route); series !== undefined; series = series.next) {
    if (series.service === service) return series
    last = series
  }
  const made: Series = { route, service, outcomes: [], buckets: new Float64Array(BUCKETS), durationSum: 0, retries: 0, bytesIn: 0, bytesOut: 0, next: undefined }
  if (last === undefined) byRoute.set(route, made)
  else last.next = made
  return made
}

function chain(first: Series): readonly Series[] {
  const all: Series[] = []
  for (let series: Series | undefined = first; series !== undefined; series = series.next) all.push(series)
  return all
}

function count(series: Series, access: AccessRecord): void {
  const reason = access.reason === '' ? 0 : (REASON_NUMBERS.get(access.reason) ?? 0)
  const outcome = reason * STATUSES + access.status
  const { outcomes } = series
  let at = 0
  while (at < outcomes.length && outcomes[at] !== outcome) at += 2
  if (at === outcomes.length) outcomes.push(outcome, 0)
  outcomes[at + 1] = (outcomes[at + 1] as number) + 1
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

function drop(byRoute: Map<string, Series>, named: ((series: Series) => boolean) | undefined): void {
  if (named === undefined) return
  for (const [route, first] of byRoute) {
    const kept = chain(first).filter(named)
    for (const [place, series] of kept.entries()) series.next = kept[place + 1]
    if (kept[0] === undefined) byRoute.delete(route)
    else byRoute.set(route, kept[0])
  }
}

function dumpSeries(series: Series): SeriesDump {
  const { route, service, durationSum, retries, bytesIn, bytesOut } = series
  const outcomes = Array.from({ length: series.outcomes.length / 2 }, (_none, i): SeriesDump['outcomes'][number] => {
    const [outcome = 0, times = 0] = series.outcomes.slice(2 * i)
    return [outcome % STATUSES, REASON_NAMES[Math.floor(outcome / STATUSES)] ?? '', times]
  })
  return { route, service, outcomes, buckets: [...series.buckets], durationSum, retries, bytesIn, bytesOut }
}
