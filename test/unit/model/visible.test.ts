import { expect, test } from 'vitest'
import { visible } from '../../../src/model/visible.ts'

test.each([
  ['plain text, with umlauts äöü and 日本', 'plain text, with umlauts äöü and 日本'],
  ['a\tb\nc', 'a\tb\nc'],
  ['\u001b[31mred\u0007', String.raw`\u001b[31mred\u0007`],
  ['\u202egnp.exe', String.raw`\u202egnp.exe`],
  ['a\rb\u009bc\u2028d', String.raw`a\u000db\u009bc\u2028d`],
  ['\u{e0041}', String.raw`\udb40\udc41`],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('JSON stays the same value', () => {
  const value = { tag: 'a\u202eb\u001b\u2028\u{e0041}' }
  expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value)
})
