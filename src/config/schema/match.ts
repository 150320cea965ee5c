// `match`: which requests a route is for.
import { z } from 'zod'
import type { FieldCondition, MatchConfig, SourcePattern, TimeWindow } from '../../model/match-config.ts'
import { isToken } from '../../model/token.ts'
import { cookieMatcher } from '../../route/cookie.ts'
import { headerMatcher } from '../../route/header.ts'
import { hostMatcher } from '../../route/host.ts'
import { listenerMatcher } from '../../route/listener.ts'
import { methodMatcher } from '../../route/method.ts'
import { pathMatcher } from '../../route/path.ts'
import { queryMatcher } from '../../route/query.ts'
import { sourceMatcher } from '../../route/source.ts'
import { isNever, whenMatcher } from '../../route/when.ts'
import { isAddress, readCidr } from '../address.ts'
import { readHost } from '../host.ts'
import { readMatch, readMethod } from '../match-text.ts'
import { readPath } from '../path-pattern.ts'
import { readTextMatch } from '../pattern.ts'
import { readInstant, readTimeOfDay } from '../quantities.ts'
import { complain, maybe, oneOrMany, plain, readName, section, text } from './values.ts'

type FieldTest = FieldCondition['test']

const textMatch = text(readTextMatch)
const present = z.boolean().transform((there): FieldTest => ({ kind: there ? 'present' : 'absent' }))
const anyOf = oneOrMany(textMatch).transform((of): FieldTest => ({ kind: 'any', of }))
const fieldTest = z.union([present, anyOf])

/** A map of field names to tests; `normal` brings a name into the form in which it is looked up. */
function fields(normal: (name: string) => string) {
  return z.record(z.string(), fieldTest).transform((given, context): FieldCondition[] => {
    const seen = new Set<string>()
    return Object.entries(given).map(([written, test]) => {
      const name = normal(written)
      if (name === '') complain(context, given, `'${written}' is not a field name`, undefined, [written])
      else if (seen.has(name)) complain(context, given, `${name} stands twice`, 'give a list of values', [written])
      seen.add(name)
      return { name, test }
    })
  })
}

const headerName = (name: string): string => (isToken(name) ? name.toLowerCase() : '')
const cookieName = (name: string): string => (isToken(name) ? name : '')

function readSource(written: string): SourcePattern {
  if (written.includes('/') || isAddress(written)) return { kind: 'cidr', cidr: readCidr(written) }
  return { kind: 'caller', name: readName(written) }
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const timeWindow = section({
  after: text(readInstant).apply(maybe).meta({ description: 'From this instant on (RFC 3339).', samples: ['2026-11-23T08:00:00Z'] }),
  before: text(readInstant).apply(maybe).meta({ description: 'Until this instant, which is not part of the window.', samples: ['2026-12-24'] }),
  from: text(readTimeOfDay).apply(maybe).meta({ description: 'Time of day in UTC at which the window opens.', samples: ['22:00'] }),
  to: text(readTimeOfDay).apply(maybe).meta({ description: 'Time of day in UTC at which it closes; before `from` it is on the next day.', samples: ['06:00'] }),
  days: oneOrMany(z.enum(DAYS)).apply(maybe).meta({ description: 'Days of the week, UTC.', samples: [['sat', 'sun']] }),
}).transform((given, context): TimeWindow => {
  const { days, ...window } = given
  if ((given.from === undefined) !== (given.to === undefined)) complain(context, given, 'from and to come together')
  if (given.from !== undefined && given.to !== undefined && given.from % 1440 === given.to % 1440 && !(given.from === 0 && given.to === 1440)) complain(context, given, 'from and to are the same time: the window is empty')
  if (given.after !== undefined && given.before !== undefined && given.after >= given.before) complain(context, given, 'after is not before `before`: the window is empty')
  const normal: TimeWindow = days === undefined ? window : { ...window, days: days.map((day) => DAYS.indexOf(day)) }
  if (context.issues.length === 0 && isNever(normal)) complain(context, given, 'no moment between after and before is in the hours and on the days: the window is empty')
  return normal
})

const conditions = {
  host: oneOrMany(text(readHost)).apply(maybe).meta({ description: hostMatcher.doc, samples: ['words.example.com', '*.example.com', '/^api-[0-9]+\\.example\\.com$/'] }),
  path: oneOrMany(text(readPath))
    .apply(maybe)
    .meta({ description: pathMatcher.doc, samples: ['/health', '/api/**', '/users/{id}/orders', '/^/v[0-9]+/.*$/'] }),
  method: oneOrMany(text(readMethod)).apply(maybe).meta({ description: methodMatcher.doc, samples: [['GET', 'HEAD']] }),
  headers: fields(headerName).apply(maybe).meta({ description: headerMatcher.doc, samples: [{ 'x-user': '/^tester-/' }] }),
  query: fields((name) => name).apply(maybe).meta({ description: queryMatcher.doc, samples: [{ version: ['1', '2'] }] }),
  cookies: fields(cookieName).apply(maybe).meta({ description: cookieMatcher.doc, samples: [{ beta: true }] }),
  source: oneOrMany(text(readSource)).apply(maybe).meta({ description: sourceMatcher.doc, samples: [['simon', '10.0.0.0/8']] }),
  listener: oneOrMany(plain).apply(maybe).meta({ description: listenerMatcher.doc, samples: ['secure'] }),
  when: timeWindow.apply(maybe).meta({ description: whenMatcher.doc }),
}

const one = section(conditions)
const short = text(readMatch)

const whole = section({
  ...conditions,
  any: z
    .array(z.union([short, one]))
    .min(1)
    .apply(maybe)
    .meta({ description: 'Alternatives, any of which is enough; the conditions beside it must hold as well.', samples: [['words.example.com/**', { path: '/words/**' }]] }),
}).transform((given, context): MatchConfig[] => {
  const { any, ...common } = given
  const empty = (alternative: MatchConfig): boolean => Object.keys(alternative).length === 0
  if (context.issues.length === 0 && (any === undefined ? empty(common) : empty(common) && any.some(empty))) complain(context, given, 'no condition at all', 'write /** to match every request')
  if (any === undefined) return [common]
  for (const [i, alternative] of any.entries()) {
    const twice = Object.keys(alternative).find((key) => key in common)
    if (twice !== undefined) complain(context, given, `${twice} is given here and beside any`, 'write it in one place', ['any', i])
  }
  return any.map((alternative) => ({ ...common, ...alternative }))
})

/** A match in normal form is a list of alternatives. */
export const match = z.union([short.transform((only): MatchConfig[] => [only]), whole], { error: ({ input }) => (Array.isArray(input) ? 'write alternatives as { any: [ … ] }' : undefined) }).meta({
  description: 'Which requests: `[METHODS ]host/path`, or conditions that must all hold.',
  samples: ['words.example.com/**', 'GET,POST api.example.com/v1/**', { host: 'words.example.com', headers: { 'x-user': '/^tester-/' } }],
})
