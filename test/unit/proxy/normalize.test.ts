// The normal form of a host, where vectors cannot say it for every spelling; paths have a corpus of their own.
import { array, assert, constantFrom, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { readHost } from '../../../src/config/host.ts'
import { normalizeHost } from '../../../src/proxy/normalize.ts'

/** An IPv6 address in one of its spellings. */
function spelled(groups: readonly number[], upper: boolean, padded: boolean, gap: number): string {
  const parts = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'))
  // From `gap` on, as many zeros as there are, if any.
  let end = gap
  while (end < 8 && groups[end] === 0) end++
  const text = end === gap ? parts.join(':') : `${parts.slice(0, gap).join(':')}::${parts.slice(end).join(':')}`
  return `[${upper ? text.toUpperCase() : text}]`
}

test('every spelling of an IPv6 address is one host, for requests and for routes', () => {
  const group = constantFrom(0, 0, 0, 1, 0xdb8, 0xffff, 0x2001)
  const flag = constantFrom(true, false)
  assert(property(array(group, { minLength: 8, maxLength: 8 }), flag, flag, integer({ min: 0, max: 7 }), (groups, upper, padded, gap) => {
    const plain = normalizeHost(spelled(groups, false, false, 8), 'http')
    const other = spelled(groups, upper, padded, gap)
    expect(normalizeHost(`${other}:8080`, 'http')).toEqual({ host: plain?.host, authority: `${plain?.host ?? ''}:8080` })
    expect(normalizeHost(plain?.host ?? '', 'http')?.host).toBe(plain?.host)
    expect(readHost(other)).toEqual({ kind: 'exact', host: plain?.host })
  }))
})
