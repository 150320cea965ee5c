import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MatchConfig, SourcePattern } from '../../../src/model/match-config.ts'
import type { RouteConfig } from '../../../src/model/route-config.ts'
import { auditTable } from '../../../src/route/audit.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { RUNS, anyHead, anyRoutes } from '../../support/arbitrary-table.ts'
import { AT_NOON, field, host, path, route, table } from '../../support/build-table.ts'

const CALLERS = [{ name: 'vm', cidr: [], spiffe: [] }, { name: 'simon', cidr: [], spiffe: [] }]
const audit = (...routes: readonly RouteConfig[]) => auditTable(compileTable(table(routes, { callers: CALLERS }))).map(({ kind, route: name, by }) => `${name} ${kind} by ${by}`)
const at = (asked: string, ...more: readonly MatchConfig[]): MatchConfig => {
  const slash = asked.indexOf('/')
  const base: MatchConfig = { ...(slash === 0 ? {} : { host: [host(asked.slice(0, slash))] }), path: [path(asked.slice(slash))] }
  return Object.assign({}, base, ...more)
}
const x = (...tests: readonly string[]): MatchConfig => ({ headers: [field(...tests)] })
const from = (...members: readonly string[]): MatchConfig => ({ source: members.map((text): SourcePattern => (text.includes('.') ? { kind: 'cidr', cidr: text } : { kind: 'caller', name: text })) })

/** `wide` is declared first and has a priority, so that only what the texts say decides. */
describe('shadowed', () => {
  it.each<readonly [wide: MatchConfig, narrow: MatchConfig, shadowed: boolean]>([
    [at('a.test/x'), at('a.test/x'), true],
    [at('a.test/x'), at('a.test/y'), false],
    [at('a.test/x'), at('b.test/x'), false],
    [at('*.test/x'), at('a.test/x'), true],
    [at('*.test/x'), at('*.a.test/x'), true],
    [at('*.a.test/x'), at('*.test/x'), false],
    [at('*.a.test/x'), at('a.test/x'), false],
    [at('*.a.test/x'), at('xa.test/x'), false],
    [at('/x'), at('a.test/x'), true],
    [at('a.test/x'), at('/x'), false],
    [{ host: [host('/a.*/')] }, { host: [host('/a.*/')], path: [path('/x')] }, true],
    [{ host: [host('/a.*/')] }, { host: [host('/b.*/')], path: [path('/x')] }, false],
    [at('/a/**'), at('/a'), true],
    [at('/a/**'), at('/a/b/**'), true],
    [at('/a/**'), at('/a/{id}'), true],
    [at('/a/**'), at('/ab'), false],
    [at('/a/b/**'), at('/a/**'), false],
    [at('/**'), at('/a'), true],
    [at('/**'), {}, true],
    [at('/**'), { path: [path('~/a.*')] }, true],
    [{}, at('/**'), true],
    [at('/{x}'), at('/a'), true],
    [at('/{x}'), at('/{y}'), true],
    [at('/{x}'), at('/'), false],
    [at('/{x}'), at('/a/b'), false],
    [at('/{x}'), at('/{x}/**'), false],
    [at('/{x}/b'), at('/a/b'), true],
    [at('/{x}/b'), at('/a/c'), false],
    [at('/a/{x}/**'), at('/{x}/b/**'), false],
    [at('/a'), at('/{x}'), false],
    [{ method: ['GET', 'HEAD'] }, { method: ['GET'] }, true],
    [{ method: ['GET'] }, { method: ['GET', 'HEAD'] }, false],
    [{ method: ['GET'] }, {}, false],
    [{ listener: ['web'] }, { listener: ['web'], method: ['GET'] }, true],
    [x('present'), x('exact:1'), true],
    [x('present'), x('absent'), false],
    [x('absent'), x('absent'), true],
    [x('absent'), x('present'), false],
    [x('exact:1', 'regex:^2'), x('regex:^2'), true],
    [x('exact:1'), x('regex:^1'), false],
    [x('exact:1'), x('exact:1', 'exact:2'), false],
    [x('exact:1'), {}, false],
    [{}, x('exact:1'), true],
    [from('10.0.0.0/8'), from('10.1.0.0/16', '10.2.0.1'), true],
    [from('10.0.0.0/8'), from('10.1.0.0/16', '11.0.0.0/8'), false],
    [from('10.0.0.0/16'), from('10.0.0.0/8'), false],
    [from('vm', '10.0.0.0/8'), from('vm'), true],
    [from('vm'), from('simon'), false],
    [from('vm'), {}, false],
    [{ when: { days: [1] } }, { when: { days: [1] }, method: ['GET'] }, true],
    [{ when: { days: [1] } }, {}, false],
  ])('by %j: %j is %s', (wide, narrow, shadowed) => {
    expect(audit(route('wide', wide, { priority: 1 }), route('narrow', narrow))).toEqual(shadowed ? ['narrow shadowed by wide'] : [])
  })

  it('needs no priority where two routes are alike', () => {
    expect(audit(route('a', at('a.test/{x}', x('exact:1', 'exact:2'))), route('b', at('a.test/{y}', x('exact:2'))))).toEqual(['b shadowed by a'])
  })

  it('is not what ranks before', () => {
    expect(audit(route('wide', at('/**')), route('narrow', at('/a')))).toEqual([])
  })

  it('is an alternative alone, when the others can win', () => {
    const findings = auditTable(compileTable(table([route('a', at('/x')), route('b', [at('/y'), at('/x')])])))
    expect(findings).toEqual([{ kind: 'shadowed', route: 'b', by: 'a', message: 'alternative 2 of b can never win: whatever it matches, a matches too and ranks before it' }])
  })

  it('is never the better of two by its own route', () => {
    expect(audit(route('a', [at('/x'), at('/x')]))).toEqual([])
  })
})

describe('tie', () => {
  it.each<readonly [first: MatchConfig, second: MatchConfig, tie: boolean]>([
    [at('/x', { headers: [{ ...field('present'), name: 'a' }] }), at('/x', { headers: [{ ...field('present'), name: 'b' }] }), true],
    [at('/{x}', { headers: [{ ...field('present'), name: 'a' }] }), at('/{y}', { headers: [{ ...field('present'), name: 'b' }] }), true],
    [at('/x', { headers: [field('present')] }), at('/y', { query: [field('present')] }), false],
    [at('/x', { headers: [field('present')] }), at('/x', { query: [field('present')] }), true],
    [at('/x', x('exact:1')), at('/x', x('exact:2')), false],
    [at('/x', x('exact:1', 'exact:2')), at('/x', x('exact:2', 'exact:3')), true],
    [at('/x', x('present')), at('/x', x('absent')), false],
    [at('/x', { method: ['GET', 'PUT'] }), at('/x', { method: ['GET', 'HEAD'] }), true],
    [at('/x', { method: ['GET'] }), at('/x', { method: ['PUT'] }), false],
    [at('/x', { listener: ['a', 'b'] }), at('/x', { listener: ['b', 'c'] }), true],
    [at('/x', from('10.0.0.0/16', '11.0.0.0/8')), at('/x', from('10.1.0.0/16', '11.0.0.0/8')), true],
    [at('/x', from('10.0.0.0/16')), at('/x', from('10.1.0.0/16')), false],
    [at('/x', from('vm')), at('/x', from('simon')), false],
  ])('%j and %j: %s', (first, second, tie) => {
    expect(audit(route('first', first), route('second', second))).toEqual(tie ? ['second tie by first'] : [])
  })

  it('is told once for two routes, however many hosts they share', () => {
    const hosts = { host: [host('a.test'), host('b.test')] }
    expect(audit(route('first', { ...hosts, headers: [{ ...field('present'), name: 'a' }] }), route('second', { ...hosts, query: [field('present')] }))).toEqual(['second tie by first'])
  })
})

it('never calls a route shadowed that some request reaches', () => {
  fc.assert(
    fc.property(anyRoutes, fc.array(anyHead, { maxLength: 20 }), (list, heads) => {
      const compiled = compileTable(table(list))
      const dead = new Set(auditTable(compiled).flatMap((finding) => (finding.kind === 'shadowed' && finding.message.startsWith(finding.route) ? finding.route : [])))
      for (const head of heads) expect(dead).not.toContain(compiled.find(head, AT_NOON)?.route.name)
    }),
    RUNS,
  )
})

it('looks at thousands of routes without comparing them in pairs', () => {
  const shapes: readonly ((i: number) => MatchConfig)[] = [(i) => at(`h${i}.test/**`), (i) => at(`a.test/p${i}/**`), (i) => at(`a.test/{x}/${i}`), (i) => at(`/x/${i}`, { method: ['GET'] })]
  const many = Array.from({ length: 20_000 }, (_, i) => route(`r${i}`, shapes[i % 4]?.(i) ?? {}))
  expect(auditTable(compileTable(table([...many, route('again', at('a.test/p1/**'))])))).toMatchObject([{ kind: 'shadowed', route: 'again', by: 'r1' }])
})
