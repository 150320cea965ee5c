// What instruments count, how workers' dumps add up, and that removed routes leave no series.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AccessRecord } from '../../../src/model/access.ts'
import { REASONS } from '../../../src/model/error.ts'
import { BOUNDS_MS, BUCKETS, bucketOf } from '../../../src/telemetry/buckets.ts'
import { emptyDump, mergeDumps, retainSeries, retireDump } from '../../../src/telemetry/dump.ts'
import type { InstrumentsDump, SeriesDump } from '../../../src/telemetry/dump.ts'
import { createInstruments } from '../../../src/telemetry/instruments.ts'
import { NO_COUNTS } from '../../../src/telemetry/live.ts'
import { accessRecord } from '../../support/access.ts'

function recorded(...records: readonly Partial<AccessRecord>[]): InstrumentsDump {
  const instruments = createInstruments()
  for (const fields of records) instruments.record(accessRecord(fields))
  return instruments.export(NO_COUNTS)
}

const names = (dump: InstrumentsDump): string[] => dump.series.map((series) => `${series.route} ${series.service}`)
const only = (dump: InstrumentsDump): SeriesDump => {
  expect(dump.series).toHaveLength(1)
  return dump.series[0] as SeriesDump
}

describe('record', () => {
  test('counts by status and reason', () => {
    const series = only(recorded({}, {}, { status: 503, reason: 'no_endpoints' }, { status: 503 }, { status: 0, reason: 'client_closed' }))
    expect(series.outcomes).toEqual([
      [200, '', 2],
      [503, 'no_endpoints', 1],
      [503, '', 1],
      [0, 'client_closed', 1],
    ])
  })

  test('keeps every reason apart at every status', () => {
    const reasons = Object.keys(REASONS) as (keyof typeof REASONS)[]
    const series = only(recorded(...reasons.flatMap((reason) => [0, 404, 999].map((status) => ({ status, reason })))))
    expect(series.outcomes).toEqual(reasons.flatMap((reason) => [0, 404, 999].map((status) => [status, reason, 1])))
  })

  test('keeps routes and services apart, whatever their names', () => {
    const dump = recorded({ route: 'a', service: 'b' }, { route: 'a', service: 'c' }, { route: '__proto__', service: 'constructor' }, { route: '', service: '' }, { route: 'a', service: 'b' })
    expect(names(dump)).toEqual(['a b', 'a c', '__proto__ constructor', ' '])
    expect(dump.series[0]?.outcomes).toEqual([[200, '', 2]])
  })

  test('adds bytes, and tries after the first', () => {
    const series = only(recorded({ bytesIn: 3, bytesOut: 5, attempts: 3 }, { bytesIn: 4, attempts: 0 }, {}))
    expect(series).toMatchObject({ bytesIn: 7, bytesOut: 5 + 47 + 47, retries: 2 })
  })

  test('takes durations in, but not those of tunnels and of clocks that jumped', () => {
    const series = only(recorded({ duration: 3 }, { duration: 1e9 }, { duration: -5 }, { duration: Number.NaN }, { duration: 3_600_000, upgrade: 'websocket', status: 101 }))
    expect(series.durationSum).toBe(1e9 + 3)
    expect(series.buckets).toEqual([2, 0, 0, 1, ...Array.from({ length: BUCKETS - 5 }, () => 0), 1])
    expect(series.outcomes).toContainEqual([101, '', 1])
  })
})

describe('buckets', () => {
  test('a bound belongs to the bucket it closes', () => {
    expect(BOUNDS_MS.map(bucketOf)).toEqual(BOUNDS_MS.map((_, i) => i))
    expect(BOUNDS_MS.map((bound) => bucketOf(bound + 0.001))).toEqual(BOUNDS_MS.map((_, i) => i + 1))
    expect(bucketOf(0)).toBe(0)
    expect(bucketOf(Infinity)).toBe(BUCKETS - 1)
  })
  test('bounds ascend', () => expect([...BOUNDS_MS].toSorted((a, b) => a - b)).toEqual(BOUNDS_MS))
})

describe('export', () => {
  test('is plain JSON that later requests do not change', () => {
    const instruments = createInstruments()
    instruments.record(accessRecord())
    const dump = instruments.export({ ...NO_COUNTS, upstreamOpened: 2 })
    const text = JSON.stringify(dump)
    instruments.record(accessRecord())
    expect(JSON.stringify(dump)).toBe(text)
    expect(JSON.parse(text)).toEqual(dump)
  })
})

describe('retain', () => {
  const both = [new Set(['a']), new Set(['x'])] as const
  test('removes the series of removed routes and services, now and when a late request brings one back', () => {
    const instruments = createInstruments()
    for (const [route, service] of [['a', 'x'], ['a', 'y'], ['b', 'x'], ['', '']] as const) instruments.record(accessRecord({ route, service }))
    instruments.retain(...both)
    expect(names(instruments.export(NO_COUNTS))).toEqual(['a x', ' '])
    instruments.record(accessRecord({ route: 'b', service: 'x' }))
    instruments.record(accessRecord({ route: 'a', service: 'x' }))
    const dump = instruments.export(NO_COUNTS)
    expect(names(dump)).toEqual(['a x', ' '])
    expect(dump.series[0]?.outcomes).toEqual([[200, '', 2]])
  })

  test('a series that was dropped while it was the last one counts anew', () => {
    const instruments = createInstruments()
    instruments.record(accessRecord({ route: 'b', service: 'x' }))
    instruments.retain(...both)
    instruments.retain(new Set(['b']), new Set(['x']))
    instruments.record(accessRecord({ route: 'b', service: 'x' }))
    expect(only(instruments.export(NO_COUNTS)).outcomes).toEqual([[200, '', 1]])
  })

  test('works on dumps of workers that are gone', () => {
    const dump = recorded({ route: 'a', service: 'x' }, { route: 'b', service: 'x' }, { route: 'a', service: '' })
    expect(names(retainSeries(dump, ...both))).toEqual(['a x', 'a '])
  })
})

describe('merge', () => {
  const record = fc.record({
    route: fc.constantFrom('a', 'b', 'a"', '","'),
    service: fc.constantFrom('', 'x', 'y'),
    status: fc.constantFrom(0, 200, 503),
    reason: fc.constantFrom('' as const, 'no_endpoints' as const),
    duration: fc.constantFrom(0.25, 3, 70_000),
    attempts: fc.integer({ min: 0, max: 3 }),
  })
  const sorted = (dump: InstrumentsDump): SeriesDump[] =>
    dump.series
      .map((series) => Object.assign({}, series, { outcomes: [...series.outcomes].toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }))
      .toSorted((a, b) => (JSON.stringify([a.route, a.service]) < JSON.stringify([b.route, b.service]) ? -1 : 1))

  test('of several workers is what one worker would have counted', () => {
    fc.assert(
      fc.property(fc.array(fc.array(record)), (workers) => {
        const merged = mergeDumps(workers.map((records) => recorded(...records)))
        expect(sorted(merged)).toEqual(sorted(recorded(...workers.flat())))
      }),
    )
  })

  test('adds what listeners refused, each reason for itself, and keeps it of a worker that is gone', () => {
    const refusing = (...refused: readonly (readonly [listener: string, reason: 'bad_path' | 'bad_host'])[]): InstrumentsDump => {
      const instruments = createInstruments()
      for (const [listener, reason] of refused) instruments.refuse(listener, reason)
      return instruments.export(NO_COUNTS)
    }
    const gone = retireDump(refusing(['web', 'bad_path'], ['web', 'bad_path'], ['a b', 'bad_host']))
    const merged = mergeDumps([gone, refusing(['web', 'bad_host'], ['web', 'bad_path'])])
    expect(merged.refused).toEqual([['web', 'bad_path', 3], ['a b', 'bad_host', 1], ['web', 'bad_host', 1]])
    expect(retainSeries(merged, new Set(), new Set()).refused).toEqual(merged.refused)
  })

  test('of nothing is nothing', () => expect(mergeDumps([])).toEqual(emptyDump()))

  test('a retired worker leaves its counters and none of its gauges', () => {
    const instruments = createInstruments()
    instruments.record(accessRecord())
    const retired = retireDump(instruments.export({ ...NO_COUNTS, requestsActive: 4, upstreamOpen: 3, upstreamIdle: 1, tunnelsOpen: 2, upstreamOpened: 9, upstreamFailed: 1 }))
    expect(retired.live).toEqual({ ...NO_COUNTS, upstreamOpened: 9, upstreamFailed: 1 })
    expect(only(mergeDumps([retired, recorded({})])).outcomes).toEqual([[200, '', 2]])
  })
})
