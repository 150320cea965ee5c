// The Prometheus text: a golden scrape, the rules of the format over any content, and that the reference names every metric.
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createInstruments } from '../../../src/telemetry/instruments.ts'
import { exporters } from '../../../src/telemetry/list.ts'
import { NO_COUNTS } from '../../../src/telemetry/live.ts'
import { METRICS } from '../../../src/telemetry/metrics.ts'
import type { Metric, Sample } from '../../../src/telemetry/metrics.ts'
import { renderPrometheus } from '../../../src/telemetry/prometheus.ts'
import { accessRecord } from '../../support/access.ts'

const EVERY: readonly (readonly [string, Metric])[] = Object.entries(METRICS)
const extra: readonly Sample[] = EVERY.filter(([name]) => !/^(request|requests|response|retries)_/.test(name)).map(([name, metric]) => ({
  metric: name as Sample['metric'],
  labels: Object.fromEntries(metric.labels.map((label) => [label, `some ${label}`])),
  value: 1,
}))

interface Parsed {
  readonly type: string
  readonly samples: { name: string; labels: Map<string, string>; value: number }[]
}

/** Reads a scrape strictly by the rules of the format; throws on anything else. */
function parse(text: string): Map<string, Parsed> {
  const families = new Map<string, Parsed>()
  expect(text.endsWith('\n')).toBe(true)
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-z_]+) [^\n\\]+$/.exec(line)
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line)
    if (help !== null) {
      family = help[1] as string
      expect(families.has(family), `${family} comes twice`).toBe(false)
      continue
    }
    if (type !== null) {
      expect(type[1]).toBe(family)
      families.set(family, { type: type[2] as string, samples: [] })
      continue
    }
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)+)\})? (\+Inf|-Inf|NaN|-?[0-9.e+-]+)$/.exec(line)
    if (sample === null) throw new Error(`not a line of the format: ${line}`)
    expect((sample[1] as string).startsWith(family)).toBe(true)
    const labels = new Map<string, string>()
    for (const [, label, value] of (sample[2] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
      labels.set(label as string, (value as string).replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)))
    }
    families.get(family)?.samples.push({ name: sample[1] as string, labels, value: Number(sample[3]) })
  }
  return families
}

test('a golden scrape', () => {
  const instruments = createInstruments()
  instruments.record(accessRecord({ duration: 0.4 }))
  instruments.record(accessRecord({ duration: 700, status: 503, reason: 'no_endpoints', attempts: 2 }))
  instruments.refuse('web', 'bad_path')
  instruments.refuse('web', 'bad_path')
  const text = renderPrometheus(instruments.export({ ...NO_COUNTS, requestsActive: 2, downstreamOpen: 5, upstreamOpened: 4, upstreamOpen: 3, upstreamIdle: 1, upstreamReused: 9 }), [
    { metric: 'discovery_age_seconds', labels: { registry: 'consul', service: 'words' }, value: 2.5 },
    { metric: 'table_info', labels: { hash: 'abc', origin: 'C:\\x\n"y"' }, value: 1 },
    { metric: 'discovery_age_seconds', labels: { registry: 'nomad', service: 'words' }, value: Infinity },
  ])
  expect(text.split('\n').filter((line) => !line.startsWith('# HELP'))).toMatchInlineSnapshot(`
    [
      "# TYPE fairlead_requests_total counter",
      "fairlead_requests_total{route="words",service="words/v1",code="200",reason=""} 1",
      "fairlead_requests_total{route="words",service="words/v1",code="503",reason="no_endpoints"} 1",
      "# TYPE fairlead_request_duration_seconds histogram",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.0005"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.001"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.0025"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.005"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.01"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.025"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.05"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.1"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.25"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="0.5"} 1",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="1"} 2",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="2.5"} 2",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="5"} 2",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="10"} 2",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="30"} 2",
      "fairlead_request_duration_seconds_bucket{route="words",service="words/v1",le="+Inf"} 2",
      "fairlead_request_duration_seconds_sum{route="words",service="words/v1"} 0.7004",
      "fairlead_request_duration_seconds_count{route="words",service="words/v1"} 2",
      "# TYPE fairlead_request_bytes_total counter",
      "fairlead_request_bytes_total{route="words",service="words/v1"} 0",
      "# TYPE fairlead_response_bytes_total counter",
      "fairlead_response_bytes_total{route="words",service="words/v1"} 94",
      "# TYPE fairlead_retries_total counter",
      "fairlead_retries_total{route="words",service="words/v1"} 1",
      "# TYPE fairlead_active_requests gauge",
      "fairlead_active_requests 2",
      "# TYPE fairlead_refused_requests_total counter",
      "fairlead_refused_requests_total{listener="web",reason="bad_path"} 2",
      "# TYPE fairlead_downstream_connections gauge",
      "fairlead_downstream_connections{state="active"} 2",
      "fairlead_downstream_connections{state="idle"} 3",
      "# TYPE fairlead_downstream_connections_total counter",
      "fairlead_downstream_connections_total{event="accepted"} 0",
      "fairlead_downstream_connections_total{event="tls_failed"} 0",
      "fairlead_downstream_connections_total{event="proxy_header_bad"} 0",
      "# TYPE fairlead_upstream_connections gauge",
      "fairlead_upstream_connections{state="active"} 2",
      "fairlead_upstream_connections{state="idle"} 1",
      "# TYPE fairlead_upstream_connections_total counter",
      "fairlead_upstream_connections_total{event="opened"} 4",
      "fairlead_upstream_connections_total{event="reused"} 9",
      "fairlead_upstream_connections_total{event="closed"} 1",
      "fairlead_upstream_connections_total{event="failed"} 0",
      "# TYPE fairlead_tunnels gauge",
      "fairlead_tunnels 0",
      "# TYPE fairlead_tunnels_idle_closed_total counter",
      "fairlead_tunnels_idle_closed_total 0",
      "# TYPE fairlead_access_log_dropped_total counter",
      "fairlead_access_log_dropped_total 0",
      "# TYPE fairlead_discovery_age_seconds gauge",
      "fairlead_discovery_age_seconds{registry="consul",service="words"} 2.5",
      "fairlead_discovery_age_seconds{registry="nomad",service="words"} +Inf",
      "# TYPE fairlead_table_info gauge",
      "fairlead_table_info{hash="abc",origin="C:\\\\x\\n\\"y\\""} 1",
      "",
    ]
  `)
})

test('every metric follows the naming rules: unit in the name, total on counters, no label twice', () => {
  for (const [name, metric] of EVERY) {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total'), name).toBe(metric.type === 'counter')
    expect(new Set(metric.labels).size).toBe(metric.labels.length)
    expect(metric.help).toMatch(/^[^\\\n]+\.$/)
  }
})

test('every metric appears once, with its type and its labels', () => {
  const instruments = createInstruments()
  instruments.record(accessRecord())
  const families = parse(renderPrometheus(instruments.export(NO_COUNTS), extra))
  expect([...families.keys()]).toEqual(EVERY.map(([name]) => `fairlead_${name}`))
  for (const [name, metric] of EVERY) {
    const family = families.get(`fairlead_${name}`)
    expect(family?.type).toBe(metric.type)
    for (const sample of family?.samples ?? []) expect([...sample.labels.keys()].filter((label) => label !== 'le')).toEqual(metric.labels)
  }
})

test('a histogram grows to its count and sums seconds', () => {
  const instruments = createInstruments()
  for (const duration of [0.1, 3, 3, 400, 1e6]) instruments.record(accessRecord({ duration }))
  const samples = parse(renderPrometheus(instruments.export(NO_COUNTS))).get('fairlead_request_duration_seconds')?.samples ?? []
  const buckets = samples.filter((sample) => sample.name.endsWith('_bucket'))
  expect(buckets.map((sample) => sample.value)).toEqual(buckets.map((sample) => sample.value).toSorted((a, b) => a - b))
  expect(buckets.at(-1)?.labels.get('le')).toBe('+Inf')
  expect(buckets.at(-1)?.value).toBe(5)
  expect(samples.find((sample) => sample.name.endsWith('_count'))?.value).toBe(5)
  expect(samples.find((sample) => sample.name.endsWith('_sum'))?.value).toBeCloseTo(1000.4061, 9)
})

test('any name of a route or service comes back as it was', () => {
  const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a\nb', '\\n', '"', '\\"', '}', 'x{y="z"} 1'))
  fc.assert(
    fc.property(name, name, (route, service) => {
      const instruments = createInstruments()
      instruments.record(accessRecord({ route, service }))
      const sample = parse(renderPrometheus(instruments.export(NO_COUNTS))).get('fairlead_retries_total')?.samples[0]
      expect(Object.fromEntries(sample?.labels ?? [])).toEqual({ route, service })
    }),
  )
})

describe('the reference', () => {
  const page = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `fairlead_'))
  test('has one row for each metric, in their order, with type, labels and help', () => {
    expect(rows).toEqual(EVERY.map(([name, metric]) => `| \`fairlead_${name}\` | ${metric.type} | ${metric.labels.map((label) => `\`${label}\``).join(' ')} | ${metric.help} |`))
  })
})

test('every exporter renders an empty dump', () => {
  for (const exporter of exporters) expect(exporter.render(createInstruments().export(NO_COUNTS)).length).toBeGreaterThan(0)
})
