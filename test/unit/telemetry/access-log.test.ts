// Access log lines: golden ones, and that nothing a client sends can forge a line or reach a terminal.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { accessClf } from '../../../src/telemetry/access-clf.ts'
import { accessJson } from '../../../src/telemetry/access-json.ts'
import { accessFormats } from '../../../src/telemetry/list.ts'
import { createTimestamps } from '../../../src/telemetry/timestamp.ts'
import { accessRecord } from '../../support/access.ts'

const nasty = accessRecord({
  client: '1.2.3.4 - -',
  method: 'GE"T',
  host: 'a b',
  target: '/\r\n{"status":200}\t\\"\u001b[31m\u0085\u2028\u202e\ud800é😀',
  status: 0,
  reason: 'client_closed',
  route: 'r"1\n',
  service: '',
  endpoint: '',
  attempts: 0,
  bytesOut: 0,
  requestId: 'x" y',
  userAgent: '',
})

describe('json', () => {
  test('a golden line', () => {
    expect(accessJson.format(accessRecord())).toMatchInlineSnapshot(`
      "{"time":"2024-01-01T00:00:00.042Z","duration":1.5,"listener":"web","client":"10.0.0.7","method":"GET","host":"words.example.com","target":"/one?x=1","status":200,"reason":"","route":"words","service":"words/v1","endpoint":"10.1.0.1:8080","attempts":1,"bytesIn":0,"bytesOut":47,"revision":3,"table":"7bd2411d2ed2","requestId":"abc-1","upgrade":"","userAgent":"curl/8"}
      "
    `)
  })

  test('holds every field of the record as it was', () => {
    const { startedAt, ...rest } = accessRecord({ reason: 'upstream_reset', upgrade: 'websocket', bytesIn: 2 ** 40 })
    expect(JSON.parse(accessJson.format({ startedAt, ...rest }))).toEqual({ time: new Date(startedAt).toISOString(), ...rest })
  })

  test('what is nasty is escaped and still there', () => {
    expect(JSON.parse(accessJson.format(nasty))).toMatchObject({ target: nasty.target, route: nasty.route, requestId: nasty.requestId })
  })

  test.each([[Number.NaN], [-1], [Infinity]])('a duration of %d is 0', (duration) => {
    expect(JSON.parse(accessJson.format(accessRecord({ duration })))).toHaveProperty('duration', 0)
  })
})

describe('clf', () => {
  test('golden lines', () => {
    expect([accessClf.format(accessRecord()), accessClf.format(nasty)]).toMatchInlineSnapshot(`
      [
        "10.0.0.7 - - [01/Jan/2024:00:00:00 +0000] "GET /one?x=1 HTTP/1.1" 200 47 "-" "curl/8" words.example.com - "words" "words/v1" 10.1.0.1:8080 1 1.5 3 7bd2411d2ed2 abc-1
      ",
        "1.2.3.4\\x20-\\x20- - - [01/Jan/2024:00:00:00 +0000] "GE\\"T /\\x0d\\x0a{\\"status\\":200}\\x09\\\\\\"\\x1b[31m\\x85\\u2028\\u202e\\ud800é😀 HTTP/1.1" 0 - "-" "-" a\\x20b client_closed "r\\"1\\x0a" "" - 0 1.5 3 7bd2411d2ed2 x\\"\\x20y
      ",
      ]
    `)
  })

  test('begins as the Combined Log Format says, whatever the client sent', () => {
    const combined = /^\S+ - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "(?:[^"\\]|\\.)*" \d+ (?:\d+|-) "-" "(?:[^"\\]|\\.)*" \S+ \S+ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" \S+ \d+ [\d.]+ \d+ \S+ \S+\n$/
    for (const access of [accessRecord(), nasty]) expect(accessClf.format(access)).toMatch(combined)
  })
})

test.each(accessFormats.map((format) => [format.name, format] as const))('%s: any record is one line of printable text', (_name, format) => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\n', '\r', '"', '\\', '\u0000', '\u009b', '\u2028', '\ud83d', 'a') }))
  fc.assert(
    fc.property(fc.record({ client: text, method: text, host: text, target: text, route: text, service: text, endpoint: text, requestId: text, upgrade: text, userAgent: text, listener: text }), (fields) => {
      const line = format.format(accessRecord(fields))
      expect(line.endsWith('\n')).toBe(true)
      // oxlint-disable-next-line no-control-regex -- none of them may be there
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
      expect(line.isWellFormed()).toBe(true)
      if (format.name === 'json') expect(JSON.parse(line)).toMatchObject(fields)
    }),
  )
})

describe('timestamps', () => {
  test.each([0, 1, 999, 1000, 951_782_399_999, 951_782_400_000, 1_709_164_800_000, 4_102_444_799_999, -1, 253_402_300_799_999])('iso of %d is what Date says', (ms) => {
    expect(createTimestamps().iso(ms)).toBe(new Date(ms).toISOString())
  })

  test('of any moment, in any order, is what Date says', () => {
    const timestamps = createTimestamps()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        const date = new Date(ms)
        expect(timestamps.iso(ms)).toBe(date.toISOString())
        const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(date.toUTCString()) ?? []
        expect(timestamps.clf(ms)).toBe(`${day}/${month}/${year}:${time} +0000`)
      }),
    )
  })

  test('fractions of a millisecond are cut', () => expect(createTimestamps().iso(1.9)).toBe('1970-01-01T00:00:00.001Z'))
})
