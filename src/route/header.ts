// Matches header fields, by lower-case name; each line of a repeated field is looked at by itself.
import type { MatchConfig } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import { fieldConditions } from './field.ts'
import type { Matcher, Scope } from './matcher.ts'

export const headerMatcher = {
  key: 'headers',
  doc: { summary: 'Header fields: a text, a `/regex/` that some part must match, `true` for present, `false` for absent, or a list of which any is enough.', example: 'headers: { x-user: /^tester-/ }' },
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => fieldConditions('header', match.headers ?? [], someHeader, `${at}.headers`, scope),
} satisfies Matcher

function someHeader(head: RequestHead, name: string, accept: (value: string) => boolean): boolean {
  return head.headers.some(name, accept)
}
