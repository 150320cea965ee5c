// Texts as data with places: YAML, JSON, and what hostile texts come to.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readDocument, type Path } from '../../../src/config/document.ts'

function valueOf(text: string): unknown {
  const { source, problems } = readDocument(text)
  expect(problems).toEqual([])
  return JSON.parse(JSON.stringify(source?.value))
}

function problemOf(text: string): string {
  const { source, problems } = readDocument(text)
  expect(source).toBeUndefined()
  return problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join('\n')
}

describe('places', () => {
  const yaml = 'a:\n  - x: 1\n    y: [2, 3]\n  - &anchor { z: 4 }\nb: *anchor\n'
  test.each<[Path, boolean, number, number]>([
    [['a'], true, 1, 1],
    [['a', 0, 'x'], false, 2, 8],
    [['a', 0, 'y', 1], false, 3, 12],
    [['a', 0, 'y'], true, 3, 5],
    [['a', 1, 'z'], false, 4, 18],
    [['b'], false, 5, 4],
    [['b', 'z'], false, 4, 18],
    [['a', 0, 'missing'], false, 2, 5],
    [['a', 9], false, 2, 3],
    [['nothing', 'at', 'all'], true, 1, 1],
  ])('%j, key %s, is at %d:%d', (path, key, line, column) => {
    expect(readDocument(yaml).source?.place(path, key)).toEqual({ line, column })
  })

  test('are known in JSON as well', () => {
    expect(readDocument('{\n "a": [\n  {"b": 1}\n ]\n}').source?.place(['a', 0, 'b'])).toEqual({ line: 3, column: 9 })
  })

  test('scalars as written', () => {
    const { source } = readDocument('a: 1.0\nb: "x"\nc: []')
    expect([source?.written(['a']), source?.written(['b']), source?.written(['c']), source?.written(['d'])]).toEqual(['1.0', 'x', undefined, undefined])
  })
})

describe('braces inside flow maps', () => {
  test.each([
    ['{ token: ${TOKEN} }', { token: '${TOKEN}' }],
    ['{ a: ${A:-x, y}, b: [${B}] }', { a: '${A:-x, y}', b: ['${B}'] }],
    ['{ path: /users/{id}/orders, to: /v2/{**} }', { path: '/users/{id}/orders', to: '/v2/{**}' }],
    ['{ path: /{a}{b}, "k": "/{id}" }', { path: '/{a}{b}', k: '/{id}' }],
    ['{ a: {b: 1}, c: [{d: 2}] }', { a: { b: 1 }, c: [{ d: 2 }] }],
    ['a: /users/{id} # not {b}', { a: '/users/{id}' }],
    ['a: $${X}', { a: '$${X}' }],
    ['{ a: "${", b: {c: 1}, d: "}" }', { a: '${', b: { c: 1 }, d: '}' }],
  ])('%s', (text, value) => {
    expect(valueOf(text)).toEqual(value)
  })
})

describe('refused', () => {
  test.each([
    ['a: 1\na: 2', '2:1 this key stands twice'],
    ['{"a": 1, "b": {"c": 1, "c": 2}}', '1:24 this key stands twice'],
    ['a: [1', 'the text is not YAML'],
    ['{"a": 1,,}', 'the text is not YAML'],
    ['a: 1\n---\nb: 2', 'the text is not YAML'],
    ['a: 1\n__proto__: 1', '2:1 the key __proto__ is refused'],
    ['{"a": {"__proto__": {"x": 1}}}', 'the key __proto__ is refused'],
    ['a: !!js/function x', 'the text is not YAML'],
    ['a:\n\t- b', '2:1 the text is not YAML: Tabs are not allowed as indentation'],
    ['[a, b]: 1', 'the text is not YAML'],
  ])('%s', (text, message) => {
    expect(problemOf(text)).toContain(message)
  })

  test.each([
    ['a: *nowhere', '1:4 the alias *nowhere has no anchor &nowhere before it'],
    ['a: *later\nb: &later x', '1:4 the alias *later has no anchor &later before it'],
  ])('%s, and read as the text that it may have been meant to be', (text, problem) => {
    const { source, problems } = readDocument(text)
    expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([problem])
    expect(source?.value).toHaveProperty('a', /\*\w+/.exec(text)?.[0])
  })

  test('one error of syntax is one problem', () => {
    expect(problemOf('a: {b\nc: d\ne: [f\n').split('\n')).toHaveLength(1)
  })

  test('deep nesting, in either format', () => {
    expect(problemOf(`${'['.repeat(100)}${']'.repeat(100)}`)).toContain('nested')
    expect(problemOf(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toContain('nested')
    expect(problemOf(`a:\n${'- '.repeat(5000)}x`)).toMatch(/nested|not YAML/)
  })

  test('aliases that multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`)
    expect(problemOf(lines.join('\n'))).toContain('aliases add more than')
    expect(problemOf('a: &a [*a]')).not.toBe('')
  })

  test('texts that are too long', () => {
    expect(problemOf('#'.repeat(64 * 1024 * 1024 + 1))).toContain('characters, more than')
  })
})

test('never throws, whatever the text', () => {
  const piece = fc.oneof(fc.constantFrom('a', ': ', '\n', '  ', '- ', '{', '}', '[', ']', ',', '&a', '*a', '!!', '|', '>', '"', "'", '#', '?', '${', '\t', '---', '...', '%', '\ud800', '\uf8e0', '__proto__', '<<'), fc.string({ maxLength: 3 }))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const { source, problems } = readDocument(pieces.join(''))
      expect(source !== undefined || problems.length > 0).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('YAML and JSON of one value are one value', () => {
  const { value } = fc.letrec((tie) => ({
    key: fc.string({ minLength: 1, maxLength: 4 }).filter((key) => key !== '__proto__'),
    value: fc.oneof({ maxDepth: 3 }, fc.string({ maxLength: 6 }), fc.integer(), fc.boolean(), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(tie('key') as fc.Arbitrary<string>, tie('value'), { maxKeys: 3 })),
  }))
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), value, { minKeys: 1, maxKeys: 3 }), (data) => {
      expect(valueOf(JSON.stringify(data))).toEqual(valueOf(stringify(data, { aliasDuplicateObjects: false })))
    }),
    { numRuns: 500 },
  )
})
