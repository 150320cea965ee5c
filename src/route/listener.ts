// Matches the listener that accepted the request.
import type { MatchConfig } from '../model/match-config.ts'
import type { Condition } from '../model/route.ts'
import type { Matcher } from './matcher.ts'

export const listenerMatcher = {
  key: 'listener',
  doc: 'The listener that accepted the request; any of a list.',
  compile: (match: MatchConfig): readonly Condition[] => (match.listener === undefined ? [] : [listenerCondition(match.listener)]),
} satisfies Matcher

function listenerCondition(listeners: readonly string[]): Condition {
  return {
    on: 'listener',
    want: listeners.join(' or '),
    test: (head) => listeners.includes(head.listener),
    seen: (head) => head.listener,
  }
}
