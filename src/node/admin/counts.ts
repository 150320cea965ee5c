// Counts of requests by route and by service, out of the workers' series.
import type { CountsView } from '../../model/admin.ts'
import type { Table } from '../../model/route.ts'
import type { InstrumentsDump, SeriesDump } from '../../telemetry/dump.ts'

const NONE: CountsView = { requests: 0, errors: 0, retries: 0, durationSum: 0 }

/** Counts by name; none where nothing was counted. */
export interface CountsByName {
  of(name: string): CountsView
}

export function countsByRoute(dump: InstrumentsDump): CountsByName {
  return sumBy(dump, (series) => series.route)
}

/** Labels of destinations (`words/v2`) belong to the service they name. */
export function countsByService(dump: InstrumentsDump, table: Table): CountsByName {
  const names = new Map<string, string>()
  for (const { destinations } of table.routes) for (const { label, service } of destinations) names.set(label, table.services[service]?.name ?? label)
  return sumBy(dump, (series) => names.get(series.service) ?? series.service)
}

/** Requests in all, those without a route among them. */
export function requestsOf(dump: InstrumentsDump): number {
  return sumBy(dump, () => '').of('').requests
}

function sumBy(dump: InstrumentsDump, nameOf: (series: SeriesDump) => string): CountsByName {
  const sums = new Map<string, CountsView>()
  for (const series of dump.series) sums.set(nameOf(series), add(sums.get(nameOf(series)) ?? NONE, series))
  return { of: (name) => sums.get(name) ?? NONE }
}

function add(sum: CountsView, series: SeriesDump): CountsView {
  const count = (wanted: (status: number) => boolean): number => series.outcomes.reduce((total, [status, , n]) => total + (wanted(status) ? n : 0), 0)
  return {
    requests: sum.requests + count(() => true),
    errors: sum.errors + count((status) => status >= 500),
    retries: sum.retries + series.retries,
    durationSum: sum.durationSum + series.durationSum,
  }
}
