// The form that texts have in header fields: the octets of their UTF-8, a character each.
import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { octetsOf, textOf } from '../../../src/model/octets.ts'

test.each([
  ['Jürgen', 'JÃ¼rgen'],
  // By their low byte alone these would be a carriage return and a line feed.
  ['č', 'Ä\u008d'],
  ['上', 'ä¸\u008a'],
  ['\ud800', 'ï¿½'],
  ['plain', 'plain'],
])('octets of %j', (text, octets) => {
  expect(octetsOf(text)).toBe(octets)
  expect(textOf(octets)).toBe(text.toWellFormed())
})

test('octets are octets, and mean the text that they were made of', () => {
  assert(property(string({ unit: 'binary' }), (text) => {
    const octets = octetsOf(text)
    expect([...octets].every((char) => char <= '\u00ff')).toBe(true)
    expect(octets).toBe(Buffer.from(text).toString('latin1'))
    expect(textOf(octets)).toBe(text.toWellFormed())
  }))
})

test('what is no UTF-8 is shown with the mark for that', () => {
  expect(textOf('caf\u00e9')).toBe('caf\ufffd')
})
