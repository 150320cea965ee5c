// References to services of registries: what is read, what is refused, and that the canonical text is stable.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRef, refKey } from '../../../src/model/discoverer.ts'
import { parseDuration } from '../../../src/model/duration.ts'

test.each([
  ['consul/web', 'consul', 'web', {}, 'consul/web'],
  ['marathon/shop/cart', 'marathon', 'shop/cart', {}, 'marathon/shop/cart'],
  ['k8s/default/web:http', 'k8s', 'default/web:http', {}, 'k8s/default/web:http'],
  ['srv/_http._tcp.web.example', 'srv', '_http._tcp.web.example', {}, 'srv/_http._tcp.web.example'],
  ['consul/web?tag=v2&dc=dc1', 'consul', 'web', { dc: 'dc1', tag: 'v2' }, 'consul/web?dc=dc1&tag=v2'],
  ['consul/web?tag=a&tag=b', 'consul', 'web', { tag: 'a,b' }, 'consul/web?tag=a,b'],
  ['consul/web?filter=Service.Meta.v%20%3D%3D%20%222%22', 'consul', 'web', { filter: 'Service.Meta.v == "2"' }, 'consul/web?filter=Service.Meta.v%20%3D%3D%20"2"'],
  ['consul/web?__proto__=x', 'consul', 'web', JSON.parse('{"__proto__":"x"}') as object, 'consul/web?__proto__=x'],
])('%s', (text, registry, name, options, key) => {
  const ref = parseRef(text)
  expect({ registry: ref?.registry, name: ref?.name, options: Object.entries(ref?.options ?? {}) }).toEqual({ registry, name, options: Object.entries(options) })
  expect(ref && refKey(ref)).toBe(key)
})

test.each(['', 'consul', 'consul/', '/web', '-x/web', 'consul/web?=v', 'consul/%zz', 'consul/web?a=%', 'a b/web'])('%j is no reference', (text) => {
  expect(parseRef(text)).toBeUndefined()
})

test('reading the canonical text gives the same reference', () => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' })
  fc.assert(
    fc.property(word, fc.dictionary(word, fc.string({ unit: 'grapheme' })), (name, options) => {
      const key = refKey({ registry: 'r1', name, options })
      const read = parseRef(key)
      expect(read && refKey(read)).toBe(key)
      expect(read?.name).toBe(name)
    }),
  )
})

test.each([
  ['250ms', 250],
  ['2s', 2000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['5', undefined],
  ['', undefined],
  ['-1s', undefined],
  ['1 s', undefined],
  ['1d', undefined],
])('duration %j', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})
