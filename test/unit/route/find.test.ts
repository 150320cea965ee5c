// The index against a matcher that looks at every route: whatever the table and the request, both find the same.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTable } from '../../../src/route/compile.ts'
import { RUNS, anyHead, anyRoutes } from '../../support/arbitrary-table.ts'
import { AT_NOON, host, path, request, route, table } from '../../support/build-table.ts'
import { naiveCompare, naiveEntries, naiveFind, naiveMatches } from '../../support/naive-table.ts'

describe('find', () => {
  it('finds what looking at every route finds', () => {
    fc.assert(
      fc.property(anyRoutes, fc.array(anyHead, { minLength: 1, maxLength: 20 }), (list, heads) => {
        const compiled = compileTable(table(list))
        const naive = naiveEntries(list)
        for (const asked of heads) {
          const found = compiled.find(asked, AT_NOON)
          const wanted = naiveFind(naive, asked)
          expect(found && { route: found.route.name, host: found.host, path: found.path, match: found.route.config.match[found.alternative] }).toEqual(
            wanted && { route: wanted.route.name, host: wanted.host, path: wanted.path, match: wanted.match },
          )
        }
      }),
      RUNS,
    )
  })

  it('agrees with the conditions of its own entries', () => {
    fc.assert(
      fc.property(anyRoutes, anyHead, (list, asked) => {
        const compiled = compileTable(table(list))
        const first = compiled.entries.find((entry) => entry.conditions.every((condition) => condition.test(asked, AT_NOON)))
        expect(compiled.find(asked, AT_NOON)).toBe(first)
      }),
      RUNS,
    )
  })

  it('is asked about requests that match as well as about those that do not', () => {
    const seen = new Set<number>()
    fc.assert(
      fc.property(anyRoutes, anyHead, (list, asked) => void seen.add(Math.min(naiveEntries(list).filter((entry) => naiveMatches(entry, asked)).length, 3))),
      RUNS,
    )
    expect([...seen].sort()).toEqual([0, 1, 2, 3])
  })
})

describe('rank', () => {
  it('is the documented order', () => {
    fc.assert(
      fc.property(anyRoutes, (list) => {
        const wanted = naiveEntries(list).sort(naiveCompare).map((entry) => [entry.route.name, entry.host, entry.path, entry.match])
        const { entries } = compileTable(table(list))
        expect(entries.map((entry) => [entry.route.name, entry.host, entry.path, entry.route.config.match[entry.alternative]])).toEqual(wanted)
        expect(entries.map(({ rank }) => rank)).toEqual(entries.map((_, i) => i))
      }),
      RUNS,
    )
  })
})

describe('odd tables', () => {
  it('finds nothing in an empty one', () => {
    expect(compileTable(table([])).find(request('a/'), AT_NOON)).toBeUndefined()
  })

  // The bucket that is looked at first must not close the one that wins.
  it.each([
    ['hosts', (text: string) => ({ host: [host(text.slice(1))] }), '/a', '//.*/', '//a+/'],
    ['paths', (text: string) => ({ host: [host('a')], path: [path(text)] }), '/a', '~/.*', '~/a+'],
  ])('takes regular expressions on %s by rank, not by place', (_what, match, exact, worst, best) => {
    const compiled = compileTable(table([route('worst', match(worst), { priority: -1 }), route('exact', match(exact)), route('best', match(best), { priority: 1 })]))
    expect(compiled.find(request('a/a'), AT_NOON)?.route.name).toBe('best')
  })

  it('keeps ten thousand alternatives on one path in order', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => route(`r${i}`, { host: [host('a')], path: [path('/x')], headers: [{ name: 'n', test: { kind: 'any', of: [{ kind: 'exact', value: `${i}` }] } }] }))
    const compiled = compileTable(table(many))
    for (const i of [0, 1, 5_000, 9_999]) expect(compiled.find(request('a/x', { headers: [['n', `${i}`]] }), AT_NOON)?.route.name).toBe(`r${i}`)
    expect(compiled.find(request('a/x', { headers: [['n', '10000']] }), AT_NOON)).toBeUndefined()
  })

  it('walks a path with a way to go at every segment', () => {
    // Each level has a literal and a parameter that lead on: 2^12 templates, of which one is asked for that fails at its end.
    const templates = Array.from({ length: 4_096 }, (_, bits) => `/${Array.from({ length: 12 }, (_, i) => ((bits >> i) & 1 ? 'a' : `{p${i}}`)).join('/')}/end`)
    const compiled = compileTable(table([route('all', { path: templates.map(path) })]))
    const slashes = '/a'.repeat(12)
    expect(compiled.find(request(`h${slashes}/end`), AT_NOON)?.path).toEqual(path(`${slashes}/end`))
    expect(compiled.find(request(`h${slashes}/other`), AT_NOON)).toBeUndefined()
    expect(compiled.find(request(`h${'/a'.repeat(50_000)}`), AT_NOON)).toBeUndefined()
  })

  it('looks into a host of very many labels only as deep as suffixes go', () => {
    const compiled = compileTable(table([route('s', { host: [host('*.a.b')] })]))
    expect(compiled.find(request(`${'x.'.repeat(50_000)}a.b/`), AT_NOON)?.route.name).toBe('s')
    expect(compiled.find(request(`${'a.b.'.repeat(50_000)}c/`), AT_NOON)).toBeUndefined()
  })
})
