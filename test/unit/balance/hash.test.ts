// The key hash against MurmurHash3_x86_32 written plainly over the UTF-16LE bytes of the text.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashString } from '../../../src/balance/hash.ts'

function murmur3(bytes: Uint8Array, seed: number): number {
  const rotate = (x: number, r: number): number => (x << r) | (x >>> (32 - r))
  let h = seed | 0
  let k = 0
  bytes.forEach((byte, i) => {
    k |= byte << (8 * (i & 3))
    if ((i & 3) !== 3) return
    h = (Math.imul(rotate(h ^ Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64) | 0
    k = 0
  })
  h ^= Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593) ^ bytes.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function utf16(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length * 2 }, (_, i) => (text.charCodeAt(i >> 1) >> (8 * (i & 1))) & 255)
}

test('the reference is MurmurHash3: published vectors', () => {
  expect(murmur3(new Uint8Array(), 1)).toBe(0x514e28b7)
  expect(murmur3(Uint8Array.from([0x21, 0x43, 0x65, 0x87]), 0)).toBe(0xf55b516b)
  expect(murmur3(new TextEncoder().encode('Hello, world!'), 0x9747b28c)).toBe(0x24884cba)
})

test('equals the reference for any text and seed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer(), (text, seed) => {
      expect(hashString(text, seed)).toBe(murmur3(utf16(text), seed) || 1)
    }),
  )
})

test('is never 0, which would say that there is no key', () => {
  expect(murmur3(new Uint8Array(), 0)).toBe(0)
  expect(hashString('', 0)).toBe(1)
})
