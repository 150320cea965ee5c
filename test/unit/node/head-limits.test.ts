// The limits of a head hold however it comes: in one read, cut in two anywhere, or byte by byte, and behind other bytes.
import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../src/model/error.ts'
import { HeadReader } from '../../../src/node/http1/head-reader.ts'
import type { HeadLimits } from '../../../src/node/http1/scanner.ts'

const START = { request: 'GET / HTTP/1.1\r\n', response: 'HTTP/1.1 200 OK\r\n' }

/** What reading these pieces one after another comes to: how many bytes the head takes, or why it is refused. */
function outcome(kind: 'request' | 'response', pieces: readonly string[], limits: HeadLimits): number | string {
  const reader = new HeadReader(kind)
  let before = 0
  try {
    for (const piece of pieces) {
      // Not at the start of its buffer, as a head behind another message.
      const bytes = Buffer.from(`....${piece}`, 'latin1')
      const end = reader.read(bytes, 4, bytes.length, limits)
      if (end >= 0) return before + end - 4
      before += piece.length
    }
    return 'more'
  } catch (error) {
    return error instanceof GatewayError ? error.reason : String(error)
  }
}

/** The text whole, cut in two at each place, and in bytes. */
function* cuts(text: string): Iterable<string[]> {
  yield [text]
  for (let at = 1; at < text.length; at++) yield [text.slice(0, at), text.slice(at)]
  yield [...text]
}

function expectAlways(kind: 'request' | 'response', text: string, limits: HeadLimits, expected: number | string): void {
  for (const pieces of cuts(text)) expect(outcome(kind, pieces, limits), pieces.map(({ length }) => length).join('+')).toBe(expected)
}

describe.each(['request', 'response'] as const)('%s', (kind) => {
  const limits = { lineBytes: 60, headBytes: 100, headerCount: 10 }
  const refused = kind === 'request' ? 'headers_too_large' : 'upstream_protocol'
  const filled = (size: number, fields: string): string => {
    const empty = `${START[kind]}${fields}\r\n\r\n`
    return `${START[kind]}${fields}${'v'.repeat(size - empty.length)}\r\n\r\n`
  }

  test.each([-1, 0, 1, 2, 50])('a head that is over headBytes by %i', (over) => {
    for (const fields of ['X: ', 'A: b\r\nC: d\r\nX: ']) {
      const text = filled(100 + over, fields)
      expectAlways(kind, text, limits, over > 0 ? refused : text.length)
    }
  })

  test.each([-1, 0, 1])('fields over headerCount by %i', (over) => {
    const text = `${START[kind]}${'a: b\r\n'.repeat(10 + over)}\r\n`
    expectAlways(kind, text, limits, over > 0 ? refused : text.length)
  })
})

test.each([-1, 0, 1])('empty lines before a request are no part of it: over by %i', (over) => {
  const text = `\r\n\r\nGET / HTTP/1.1\r\nX: ${'v'.repeat(77 + over)}\r\n\r\n`
  expectAlways('request', text, { lineBytes: 60, headBytes: 100, headerCount: 10 }, over > 0 ? 'headers_too_large' : text.length)
})

test.each([-1, 0, 1])('a request line over lineBytes by %i', (over) => {
  const text = `\r\nGET /${'x'.repeat(46 + over)} HTTP/1.1\r\n\r\n`
  expectAlways('request', text, { lineBytes: 60, headBytes: 1000, headerCount: 10 }, over > 0 ? 'uri_too_long' : text.length)
})
