// Matches the method, letter for letter: methods are case-sensitive (RFC 9110 section 9.1) and GET does not imply HEAD.
import type { MatchConfig } from '../model/match-config.ts'
import type { Condition } from '../model/route.ts'
import type { Matcher } from './matcher.ts'

export const methodMatcher = {
  key: 'method',
  doc: 'The method; any of a list. GET does not imply HEAD.',
  compile: (match: MatchConfig): readonly Condition[] => (match.method === undefined ? [] : [methodCondition(match.method)]),
} satisfies Matcher

function methodCondition(methods: readonly string[]): Condition {
  return {
    on: 'method',
    want: methods.join(' or '),
    test: (head) => methods.includes(head.method),
    seen: (head) => head.method,
  }
}
