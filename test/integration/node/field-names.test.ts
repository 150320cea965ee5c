// Names of header fields by hash: the same answer as without the table, whatever else it holds.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { CLAIM, fieldNameAt, isPlainLine, OTHER, TRANSFER_ENCODING } from '../../../src/node/http1/field-names.ts'

const hashOf = (name: string): number => {
  let hash = 0
  for (const char of name) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0
  return hash
}
const look = (name: string, hash = hashOf(name)): { name: string; key: string; kind: number } => fieldNameAt(`xx${name}: value`, 2, 2 + name.length, hash)

test('a name is remembered up to 64 bytes, and read right beyond', () => {
  const name = `X-${'a'.repeat(62)}`
  expect(look(name)).toBe(look(name))
  expect(look(`${name}A`)).toEqual({ name: `${name}A`, key: `${name}A`.toLowerCase(), kind: OTHER })
  expect(look(`X-Forwarded-${'a'.repeat(100)}`).kind).toBe(CLAIM)
})

test('names as long as a head may be pin no memory', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = used()
  // 256 MB of names, as long as they came and in lower case.
  for (let i = 0; i < 2000; i++) look(`X-${i}-${'A'.repeat(64_000)}`, i * 7)
  expect(used() - before).toBeLessThan(20e6)
})

test('a name is found by its text, not by its hash alone', () => {
  expect(look('Transfer-Encoding')).toMatchObject({ name: 'Transfer-Encoding', key: 'transfer-encoding', kind: TRANSFER_ENCODING })
  // Names of one hash, of the same and of other lengths, far more than the table searches.
  for (let i = 0; i < 100; i++) expect(look(`x-clash-${i}`, 12345)).toEqual({ name: `x-clash-${i}`, key: `x-clash-${i}`, kind: OTHER })
  for (let i = 0; i < 100; i++) expect(look(`X-Clash-${i}`, 12345)).toEqual({ name: `X-Clash-${i}`, key: `x-clash-${i}`, kind: OTHER })
  expect(look('transfer-encoding', 12345)).toMatchObject({ kind: TRANSFER_ENCODING })
  expect(look('x-clash-0', 12345).name).toBe('x-clash-0')
})

test('more names than the table holds are still read right', () => {
  for (let i = 0; i < 10_000; i++) expect(look(`X-Name-${i}`).key).toBe(`x-name-${i}`)
  expect(look('TRANSFER-ENCODING')).toMatchObject({ key: 'transfer-encoding', kind: TRANSFER_ENCODING })
  expect(look('__proto__')).toEqual({ name: '__proto__', key: '__proto__', kind: OTHER })
  expect(look('constructor')).toEqual({ name: 'constructor', key: 'constructor', kind: OTHER })
  expect(look('12')).toEqual({ name: '12', key: '12', kind: OTHER })
})

test.each([
  ['a: b', true],
  ['a: ', true],
  ['a: b c', true],
  ['a:b', false],
  ['a:', false],
  ['a:  b', false],
  ['a:\tb', false],
  ['a: b ', false],
  ['a: b\t', false],
  ['a:  ', false],
])('%j is as we would write it: %s', (line, plain) => {
  expect(isPlainLine(`${line}\r\n`, 1, line.length)).toBe(plain)
})
