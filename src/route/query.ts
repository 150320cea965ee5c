// Matches query parameters after decoding (percent and plus), so that `?role=%61dmin` cannot pass by a rule on `admin`.
// Parameters are separated by `&` only; a parameter without `=` has the empty value.
import type { MatchConfig } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import { fieldConditions, type FieldKind } from './field.ts'
import type { Matcher, Scope } from './matcher.ts'

const QUERY: FieldKind = { on: 'query', octets: false, some: someParameter }

export const queryMatcher = {
  key: 'query',
  doc: 'Query parameters by name, decoded; the same tests as for headers.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => fieldConditions(QUERY, match.query ?? [], `${at}.query`, scope),
} satisfies Matcher

function someParameter(head: RequestHead, name: string, accept: (value: string) => boolean): boolean {
  const { query } = head
  for (let start = 1; start < query.length; ) {
    const amp = query.indexOf('&', start)
    const end = amp < 0 ? query.length : amp
    const equals = query.indexOf('=', start)
    const nameEnd = equals < 0 || equals > end ? end : equals
    if (end > start && decode(query.slice(start, nameEnd)) === name && accept(decode(query.slice(nameEnd + 1, end)))) return true
    start = end + 1
  }
  return false
}

/** Decodes `+` and percent signs; a malformed one leaves the text as it was sent. */
function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}
