// Prometheus text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
import { BOUNDS_MS } from './buckets.ts'
import type { InstrumentsDump, SeriesDump } from './dump.ts'
import type { Exporter } from './exporter.ts'
import { liveSamples } from './live.ts'
import { METRICS } from './metrics.ts'
import type { Metric, MetricName, Sample } from './metrics.ts'

export const prometheus: Exporter = {
  path: '/metrics',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  render: renderPrometheus,
}

/** The text of a scrape: each metric once with its HELP and TYPE, metrics in the order of metrics.ts. */
export function renderPrometheus(dump: InstrumentsDump, extra: readonly Sample[] = []): string {
  const lines = new Map<MetricName, string[]>()
  const add = (metric: MetricName, line: string): void => {
    const known = lines.get(metric)
    if (known === undefined) lines.set(metric, [line])
    else known.push(line)
  }
  for (const series of dump.series) addSeries(series, add)
  for (const [listener, reason, count] of dump.refused) add('refused_requests_total', line('refused_requests_total', { listener, reason }, count))
  for (const sample of [...liveSamples(dump.live), ...extra]) add(sample.metric, line(sample.metric, sample.labels, sample.value))
  let text = ''
  for (const [name, metric] of Object.entries(METRICS) as [MetricName, Metric][]) {
    const own = lines.get(name)
    if (own !== undefined) text += `# HELP fairlead_${name} ${metric.help}\n# TYPE fairlead_${name} ${metric.type}\n${own.join('')}`
  }
  return text
}

type Add = (metric: MetricName, line: string) => void

function addSeries(series: SeriesDump, add: Add): void {
  const { route, service } = series
  for (const [status, reason, count] of series.outcomes) add('requests_total', line('requests_total', { route, service, code: String(status), reason }, count))
  addHistogram(series, add)
  add('request_bytes_total', line('request_bytes_total', { route, service }, series.bytesIn))
  add('response_bytes_total', line('response_bytes_total', { route, service }, series.bytesOut))
  add('retries_total', line('retries_total', { route, service }, series.retries))
}

function addHistogram({ route, service, buckets, durationSum }: SeriesDump, add: Add): void {
  const name = 'request_duration_seconds'
  let below = 0
  buckets.forEach((count, i) => {
    below += count
    const bound = BOUNDS_MS[i]
    add(name, line(`${name}_bucket`, { route, service, le: bound === undefined ? '+Inf' : String(bound / 1000) }, below))
  })
  add(name, line(`${name}_sum`, { route, service }, durationSum / 1000))
  add(name, line(`${name}_count`, { route, service }, below))
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `fairlead_${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${formatValue(value)}\n`
}

const SPECIAL = /[\\"\n]/g
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' }

function escapeLabel(text: string): string {
  return text.toWellFormed().replace(SPECIAL, (character) => ESCAPES[character] ?? character)
}

function formatValue(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
