// What every matcher must keep: it says nothing about a match that says nothing of it, its conditions hold and fail as its
// cases say, it reports bad input with a path instead of throwing, and no request makes it throw.
import { describe, expect, it } from 'vitest'
import type { MatchConfig } from '../../src/model/match-config.ts'
import type { CallerConfig } from '../../src/model/table-config.ts'
import { HeaderList } from '../../src/model/headers.ts'
import type { RequestHead } from '../../src/model/request.ts'
import type { DecideContext } from '../../src/model/route.ts'
import type { Matcher } from '../../src/route/matcher.ts'
import { createScope } from '../../src/route/scope.ts'
import { AT_NOON, request } from '../support/build-table.ts'

export interface MatcherCase {
  readonly why: string
  readonly match: MatchConfig
  readonly head: RequestHead
  readonly context?: DecideContext
  readonly holds: boolean
  /** What the first condition saw, when the case is about that. */
  readonly saw?: string | null
}

export interface MatcherSuite {
  readonly matcher: Matcher
  readonly cases: readonly MatcherCase[]
  /** Bad input with the path, below the match, and a part of the message. */
  readonly bad?: readonly { readonly match: MatchConfig; readonly path: string; readonly message: RegExp }[]
  readonly callers?: readonly CallerConfig[]
}

const HUGE = 'x'.repeat(100_000)

/** Requests that no one should send. */
const ODD: readonly RequestHead[] = [
  { ...request(''), method: '', authority: '', host: '', path: '', matchPath: '', query: '', listener: '', source: { address: '', port: 0, identities: [] } },
  { ...request('a/'), method: '__proto__', host: '__proto__', path: '/__proto__', matchPath: '/__proto__', query: '?__proto__', listener: '__proto__', headers: HeaderList.from([['__proto__', '1'], ['cookie', '__proto__=1; ;;=; =x']]) },
  { ...request('a/'), method: HUGE, host: HUGE, path: `/${HUGE}`, matchPath: `/${HUGE}`, query: `?${HUGE}=%`, source: { address: HUGE, port: 0, identities: [HUGE] }, headers: HeaderList.from([['x', HUGE], ['cookie', HUGE]]) },
  { ...request('a/'), host: '.'.repeat(10_000), path: '/'.repeat(10_000), matchPath: '/'.repeat(10_000), query: `?${'&'.repeat(10_000)}`, headers: HeaderList.from([['cookie', ';'.repeat(10_000)]]) },
  { ...request('a/'), path: '*', matchPath: '*', query: '?%zz=%ff&+=+', source: { address: '::ffff:999.1.1.1%', port: -1, identities: [''] } },
]

/** Runs the shared suite; `describe` it under the matcher's key. */
export function testMatcher({ matcher, cases, bad = [], callers = [] }: MatcherSuite): void {
  const compile = (match: MatchConfig) => {
    const scope = createScope({ callers, services: [], routes: [] })
    return { conditions: matcher.compile(match, 'routes[0].match[0]', scope), problems: scope.problems }
  }

  describe(matcher.key, () => {
    it('has no condition when the match says nothing of it', () => {
      expect(compile({})).toEqual({ conditions: [], problems: [] })
    })

    it.each(cases)('$why: $holds', ({ match, head, context = AT_NOON, holds, saw }) => {
      const { conditions, problems } = compile(match)
      expect(problems).toEqual([])
      expect(conditions.length).toBeGreaterThan(0)
      // Any host or path is enough, each being an entry of its own; of the rest all must hold.
      const held = conditions.map((condition) => condition.test(head, context))
      expect(matcher.key === 'host' || matcher.key === 'path' ? held.includes(true) : !held.includes(false)).toBe(holds)
      if (saw !== undefined) expect(conditions[0]?.seen(head, context)).toBe(saw)
    })

    it('has cases both ways', () => {
      expect(new Set(cases.map(({ holds }) => holds)).size).toBe(2)
    })

    it('never throws on an odd request, and says what it saw as text or null', () => {
      for (const { match } of cases) {
        for (const condition of compile(match).conditions) {
          for (const head of ODD) {
            expect(condition.test(head, AT_NOON)).toBeTypeOf('boolean')
            expect([null, 'string']).toContain(condition.seen(head, AT_NOON) === null ? null : typeof condition.seen(head, AT_NOON))
          }
        }
      }
    })

    it('says what it looks at and what it wants', () => {
      for (const { match } of cases) {
        for (const { on, want } of compile(match).conditions) expect([on, want]).not.toContain('')
      }
    })

    if (bad.length > 0) {
      it.each(bad)('refuses $match', ({ match, path, message }) => {
        const { problems } = compile(match)
        expect(problems.map((problem) => problem.path)).toEqual([`routes[0].match[0].${path}`])
        expect(problems[0]?.message).toMatch(message)
      })
    }
  })
}
