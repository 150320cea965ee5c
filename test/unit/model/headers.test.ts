// The list of header fields against a plain list of pairs.
import { array, assert, constantFrom, property, string, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { HeaderList } from '../../../src/model/headers.ts'

type Pair = readonly [string, string]
const name = constantFrom('A', 'a', 'b', 'X-Long-Name', 'x-long-name', 'Cookie')
const value = string({ unit: constantFrom('a', ' ', ':', ';', 'é', '\t'), maxLength: 8 })
const pairs = array(tuple(name, value), { maxLength: 30 })
const lower = ([key]: Pair): string => key.toLowerCase()

test('everything that can be asked agrees with the pairs it was made from', () => {
  assert(
    property(pairs, name, (given, asked) => {
      const list = HeaderList.from(given)
      const key = asked.toLowerCase()
      const values = given.filter((pair) => lower(pair) === key).map(([, text]) => text)
      expect([...list]).toEqual(given)
      expect(list.length).toBe(given.length)
      expect(list.text()).toBe(given.map(([field, text]) => `${field}: ${text}\r\n`).join(''))
      expect(list.getAll(key)).toEqual(values)
      expect(list.get(key)).toBe(values[0])
      expect(list.has(key)).toBe(values.length > 0)
      expect(list.some(key, (text) => text === values.at(-1))).toBe(values.length > 0)
      expect(list.some(key, () => false)).toBe(false)
    }),
  )
})

test('removing, setting and copying change what they should and nothing else', () => {
  assert(
    property(pairs, name, value, (given, changed, text) => {
      const key = changed.toLowerCase()
      const others = given.filter((pair) => lower(pair) !== key)
      const list = HeaderList.from(given)
      expect([...list.select((other) => other !== key)]).toEqual(others)
      const copy = list.clone()
      copy.remove(key)
      expect([...copy]).toEqual(others)
      expect([...list]).toEqual(given)
      list.set(changed, text)
      expect([...list]).toEqual([...others, [changed, text]])
    }),
  )
})

test('a line taken as it came is the field it says', () => {
  const list = new HeaderList()
  list.pushLine('x-user', 'X-User: tester-1\r\n')
  list.pushLine('empty', 'Empty: \r\n')
  expect([...list]).toEqual([['X-User', 'tester-1'], ['Empty', '']])
})
