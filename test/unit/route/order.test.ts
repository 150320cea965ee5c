// The total order, pair by pair: of two routes that both match, the one named first wins, whichever is declared first.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { MatchConfig, SourcePattern } from '../../../src/model/match-config.ts'
import type { RequestHead } from '../../../src/model/request.ts'
import { compileTable } from '../../../src/route/compile.ts'
import { explain } from '../../../src/route/explain.ts'
import { CRITERION_NAMES } from '../../../src/route/order.ts'
import { AT_NOON, field, host, path, request, route, table } from '../../support/build-table.ts'

const on = (text: string): MatchConfig => ({ host: [host(text)] })
const at = (...texts: readonly string[]): MatchConfig => ({ path: texts.map(path) })
const from = (...members: readonly string[]): MatchConfig => ({
  source: members.map((text): SourcePattern => (/[.:]/.test(text) ? { kind: 'cidr', cidr: text } : { kind: 'caller', name: text })),
})
const CALLERS = [{ name: 'vm', cidr: ['10.0.0.0/8'], spiffe: [] }]
const FIELDS: MatchConfig = { headers: [field('present')] }

/** A request that each pair matches. */
const head: RequestHead = request('x.a.test/a/b/c?q=1', { headers: [['x-n', '1'], ['cookie', 'x-n=1']], from: '10.0.0.1' })

const PAIRS: readonly [why: string, winner: MatchConfig, loser: MatchConfig, because: string][] = [
  ['an exact host before a suffix', on('x.a.test'), on('*.a.test'), 'host: x.a.test before *.a.test'],
  ['a suffix of more labels', on('*.a.test'), on('*.test'), 'host: *.a.test before *.test'],
  ['a suffix before a regex', on('*.test'), on('/x.*/'), 'host: *.test before /x.*/'],
  ['a regex before no host', on('/x.*/'), {}, 'host: /x.*/ before any host'],
  ['host before path', on('*.test'), at('/a/b/c'), 'host: *.test before any host'],
  ['an exact path before a template', at('/a/b/c'), at('/a/b/{x}'), 'path: /a/b/c before /a/b/{x}'],
  ['a literal before a parameter', at('/a/b/{x}'), at('/a/{x}/c'), 'path: /a/b/{x} before /a/{x}/c'],
  ['from the left: an early literal beats later ones', at('/a/**'), at('/{x}/b/c'), 'path: /a/** before /{x}/b/c'],
  ['a longer prefix', at('/a/b/**'), at('/a/**'), 'path: /a/b/** before /a/**'],
  ['a parameter before the rest', at('/a/{x}/**'), at('/a/**'), 'path: /a/{x}/** before /a/**'],
  ['an end before the rest', at('/a/b/{x}'), at('/a/b/{x}/**'), 'path: /a/b/{x} before /a/b/{x}/**'],
  ['segments, not characters', at('/a/b/**'), at('/{averyveryverylongname}/**'), 'path: /a/b/** before /{averyveryverylongname}/**'],
  ['a prefix before a regex', at('/**'), at('~/a/b/c'), 'path: /** before //a/b/c/'],
  ['a regex before no path', at('~/a/.*'), {}, 'path: //a/.*/ before any path'],
  ['path before method', at('/**'), { method: ['GET'] }, 'path: /** before any path'],
  ['a method before none', { method: ['GET'] }, {}, 'method: GET before any method'],
  ['fewer methods', { method: ['GET'] }, { method: ['GET', 'HEAD'] }, 'method: GET before GET or HEAD'],
  ['fields before a method', FIELDS, { method: ['GET'] }, 'number of header, query and cookie conditions: 1 before 0'],
  ['more fields', { headers: [field('present')], cookies: [field('present')] }, { query: [{ ...field('present'), name: 'q' }] }, 'number of header, query and cookie conditions: 2 before 1'],
  ['fields before source', FIELDS, from('vm'), 'number of header, query and cookie conditions: 1 before 0'],
  ['a caller before a range', from('vm'), from('10.0.0.1/32'), 'source: vm before 10.0.0.1/32'],
  ['a longer range', from('10.0.0.0/16'), from('10.0.0.0/8'), 'source: 10.0.0.0/16 before 10.0.0.0/8'],
  ['a range before none', from('0.0.0.0/0'), {}, 'source: 0.0.0.0/0 before any source'],
  ['a list counts as its widest member', from('10.0.0.0/16'), from('vm', '10.0.0.0/8'), 'source: 10.0.0.0/16 before vm or 10.0.0.0/8'],
  ['source before listener', from('0.0.0.0/0'), { listener: ['web'] }, 'source: 0.0.0.0/0 before any source'],
  ['a listener before none', { listener: ['web'] }, {}, 'listener: web before any listener'],
  ['a listener before a time', { listener: ['web'] }, { when: { from: 0, to: 1_439 } }, 'listener: web before any listener'],
  ['a time before none', { when: { from: 0, to: 1_439 } }, {}, 'when: a time window before any time'],
]

describe('precedence', () => {
  it.each(PAIRS)('%s', (_why, winner, loser, because) => {
    for (const routes of [[route('winner', winner), route('loser', loser)], [route('loser', loser), route('winner', winner)]]) {
      const compiled = compileTable(table(routes, { callers: CALLERS }))
      expect(compiled.find(head, AT_NOON)?.route.name).toBe('winner')
      expect(explain(compiled, head, AT_NOON).losers).toMatchObject([{ route: 'loser', outranked: { by: 'winner', because } }])
    }
  })

  it.each(PAIRS)('%s, unless the other has a priority', (_why, winner, loser) => {
    const compiled = compileTable(table([route('winner', winner), route('loser', loser, { priority: 1 })], { callers: CALLERS }))
    expect(compiled.find(head, AT_NOON)?.route.name).toBe('loser')
    expect(explain(compiled, head, AT_NOON).losers).toMatchObject([{ outranked: { because: 'priority: 1 before 0' } }])
  })

  it('takes the first declared of two that are equal', () => {
    const compiled = compileTable(table([route('first', at('/a/{x}/c')), route('second', at('/{y}/b/c', '/a/{y}/c'))]))
    expect(explain(compiled, head, AT_NOON)).toMatchObject({ winner: { route: 'first' }, losers: [{ route: 'second', outranked: { by: 'first', because: 'declared first' } }] })
  })

  it('ranks each alternative by itself', () => {
    const compiled = compileTable(table([route('both', [on('*.test'), { ...on('x.a.test'), ...at('/a/b/c') }]), route('host', on('x.a.test'))]))
    expect(compiled.entries.map((entry) => [entry.route.name, entry.alternative])).toEqual([['both', 1], ['host', 0], ['both', 0]])
  })
})

it('is documented in this order', () => {
  const page = readFileSync(new URL('../../../docs/reference/precedence.md', import.meta.url), 'utf8')
  expect([...page.matchAll(/^\d\. \*\*(.+?)\*\*:/gm)].map(([, name]) => name)).toEqual(CRITERION_NAMES)
})
