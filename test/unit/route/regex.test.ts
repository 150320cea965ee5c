import { describe, expect, it } from 'vitest'
import { type Regex, compileRegex } from '../../../src/route/regex.ts'

function compiled(pattern: string): Regex {
  const regex = compileRegex(pattern)
  if ('refused' in regex) throw new Error(regex.refused)
  return regex
}

const LONG = 50_000
const as = 'a'.repeat(LONG)

// A backtracking engine needs 2^50000 steps, or 50000^3, for most of these: that they end at all is the test.
describe('patterns that hang other engines', () => {
  it.each([
    ['(a+)+$', `${as}!`, false],
    ['(a|a)*b', as, false],
    ['(a|aa)+$', `${as}!`, false],
    ['([a-zA-Z]+)*$', `${as}1`, false],
    ['(.*)*(.*)*x', as, false],
    ['(x+x+)+y', 'x'.repeat(LONG), false],
    ['.*.*.*.*.*=.*', as, false],
    ['(?:a?){500}a{500}', as.slice(0, 999), true],
    ['[ab]*a[ab]{900}c', 'ab'.repeat(LONG / 2), false],
    ['\\b(a+)+\\b$', `${as}!`, false],
  ])('%s', (pattern, text, whole) => {
    expect(compiled(pattern).whole(text)).toBe(whole)
    expect(compiled(pattern).part(text)).toBeTypeOf('boolean')
  })
})

describe('refuses', () => {
  it.each([
    ['(?=a)b', /Lookahead and lookbehind are left out because they cannot be matched in linear time/],
    ['(?<!a)b', /Lookahead and lookbehind/],
    ['(a)\\1', /Backreferences are left out/],
    ['(?<n>a)\\k<n>', /Backreferences are left out/],
    ['a{1001}', /invalid repeat count/],
    ['((a{30}){30}){30}', /invalid repeat count/],
    ['(?:[ab]{999}){1}[ab]{999}[ab]{999}', /too large: use smaller repeat counts/],
    ['a'.repeat(4_097), /4097 characters, the limit is 4096/],
    [`${'('.repeat(1_001)}${')'.repeat(1_001)}`, /nests too deeply/],
    ['(', /missing closing \)/],
    ['[', /missing closing \]/],
    ['*', /missing argument to repetition/],
    ['(?P<a>x)(?P<a>y)', /duplicate capture group name/],
  ])('%s', (pattern, reason) => {
    expect(compileRegex(pattern)).toMatchObject({ refused: expect.stringMatching(reason) })
  })
})

describe('captures', () => {
  it('named groups, in either spelling', () => {
    expect({ ...compiled('/(?P<a>x+)/(?<b>y*)').capture('/xx/') }).toEqual({ a: 'xx', b: '' })
  })

  it('nothing from a text that does not match', () => {
    expect(Object.keys(compiled('(?P<a>x)').capture('y'))).toEqual([])
  })
})
