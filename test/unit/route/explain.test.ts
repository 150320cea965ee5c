import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTable } from '../../../src/route/compile.ts'
import { decide } from '../../../src/route/decide.ts'
import { explain } from '../../../src/route/explain.ts'
import { RUNS, anyHead, anyRoutes } from '../../support/arbitrary-table.ts'
import { AT_NOON, field, host, path, request, route, table } from '../../support/build-table.ts'

const WORDS = table([
  route('testers', { host: [host('words.test')], path: [path('/**')], headers: [{ name: 'x-user', test: field('regex:^tester-').test }] }, { action: { kind: 'forward', to: [{ service: 'words', subset: 'v2', weight: 1 }] } }),
  route('words', { host: [host('words.test')], path: [path('/words/{id}/**')], method: ['GET', 'HEAD'] }, {
    action: { kind: 'forward', to: [{ service: 'words', subset: 'v1', weight: 95 }, { service: 'words', subset: 'v2', weight: 5 }] },
    rewrite: { path: '/w/{id}', host: 'inside.test' },
  }),
  route('rest', { path: [path('/**')] }),
  route('elsewhere', [{ host: [host('a.test')] }, { host: [host('*.test')], path: [path('/other')] }]),
])

describe('explain', () => {
  it('tells the whole story', () => {
    const head = request('words.test/words/7/x?q=1', { headers: [['X-User', 'simon']] })
    expect(JSON.parse(JSON.stringify(explain(compileTable(WORDS), head, { ...AT_NOON, roll: 0.97 })))).toEqual({
      winner: {
        route: 'words',
        alternative: 0,
        held: [
          { on: 'host', want: 'words.test', saw: 'words.test' },
          { on: 'path', want: '/words/{id}/**', saw: '/words/7/x' },
          { on: 'method', want: 'GET or HEAD', saw: 'GET' },
        ],
        params: { id: '7', '**': 'x' },
        action: {
          kind: 'forward',
          service: 'words/v2',
          roll: 0.97,
          split: [
            { service: 'words/v1', weight: 95, from: 0, upTo: 0.95, chosen: false },
            { service: 'words/v2', weight: 5, from: 0.95, upTo: 1, chosen: true },
          ],
          target: '/w/7?q=1',
          authority: 'inside.test',
          rewritten: true,
        },
      },
      losers: [
        { route: 'rest', alternative: 0, held: 1, outranked: { by: 'words', because: 'host: words.test before any host' } },
        { route: 'testers', alternative: 0, held: 2, failed: { on: 'header x-user', want: '/^tester-/', saw: 'simon' } },
        { route: 'elsewhere', alternative: 1, held: 1, failed: { on: 'path', want: '/other', saw: '/words/7/x' } },
      ],
      omitted: 0,
    })
  })

  it('says null where nothing was there to see', () => {
    const head = request('words.test/', {})
    expect(explain(compileTable(WORDS), head, AT_NOON).losers.find((loser) => loser.route === 'testers')).toMatchObject({ failed: { on: 'header x-user', saw: null } })
  })

  it('has no winner when no route matches, and still says why', () => {
    const compiled = compileTable(table([route('a', { host: [host('a.test')] })]))
    expect(explain(compiled, request('b.test/'), AT_NOON)).toEqual({ winner: null, losers: [{ route: 'a', alternative: 0, held: 0, failed: { on: 'host', want: 'a.test', saw: 'b.test' } }], omitted: 0 })
  })

  it('lists the nearest losers and counts the others', () => {
    const many = table(Array.from({ length: 250 }, (_, i) => route(`r${i}`, { host: [host(i === 200 ? 'a.test' : `h${i}.test`)], path: [path('/x')] })))
    const story = explain(compileTable(many), request('a.test/y'), AT_NOON)
    expect([story.losers.length, story.omitted]).toEqual([100, 150])
    expect(story.losers.slice(0, 3).map((loser) => loser.route)).toEqual(['r200', 'r0', 'r1'])
    expect(explain(compileTable(many), request('a.test/y'), AT_NOON, { limit: 0 })).toMatchObject({ losers: [], omitted: 250 })
  })

  it.each([
    [{ kind: 'redirect', status: 308, location: 'https://{host}{path}' } as const, { kind: 'redirect', status: 308, location: 'https://a.test/x' }],
    [{ kind: 'respond', status: 404, body: 'no', headers: [] } as const, { kind: 'respond', status: 404 }],
  ])('tells what is done: %j', (action, told) => {
    expect(explain(compileTable(table([route('a', {}, { action })])), request('a.test/x'), AT_NOON).winner?.action).toEqual(told)
  })

  it('tells of a rewrite that is refused, where decide throws', () => {
    const compiled = compileTable(table([route('a', { path: [path('/{x}')] }, { rewrite: { path: '/a/.{x}' } })]))
    const head = request('a.test/.;v', { matchPath: '/.' })
    expect(() => decide(compiled, head, AT_NOON)).toThrow(expect.objectContaining({ reason: 'bad_path' }))
    expect(explain(compiled, head, AT_NOON).winner?.action).toMatchObject({ kind: 'refused', reason: 'bad_path' })
  })

  it('agrees with decide, and every loser is told the truth', () => {
    fc.assert(
      fc.property(anyRoutes, anyHead, (list, head) => {
        const compiled = compileTable(table(list))
        const story = explain(compiled, head, AT_NOON)
        const decision = decide(compiled, head, AT_NOON)
        expect(story.winner?.route).toBe(decision.kind === 'none' ? undefined : decision.entry.route.name)
        expect([...story.losers.map((loser) => loser.route), ...(story.winner === null ? [] : [story.winner.route])].sort()).toEqual(list.map(({ name }) => name))
        for (const loser of story.losers) {
          const entries = compiled.entries.filter(({ route: { name } }) => name === loser.route)
          const held = entries.map(({ conditions }) => conditions.findIndex((condition) => !condition.test(head, AT_NOON)))
          if ('outranked' in loser) expect(held).toContain(-1)
          else {
            expect(held).not.toContain(-1)
            expect(loser.held).toBe(Math.max(...held))
            const told = entries.some(({ conditions }) => conditions[loser.held]?.on === loser.failed.on && conditions[loser.held]?.want === loser.failed.want && !conditions[loser.held]?.test(head, AT_NOON))
            expect(told).toBe(true)
          }
        }
      }),
      RUNS,
    )
  })
})
