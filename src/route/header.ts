// Matches header fields, by lower-case name; each line of a repeated field is looked at by itself.
import type { MatchConfig } from '../model/match-config.ts'
import type { Condition } from '../model/route.ts'
import { fieldConditions, type FieldKind } from './field.ts'
import type { Matcher, Scope } from './matcher.ts'

const HEADER: FieldKind = { on: 'header', octets: true, some: (head, name, accept) => head.headers.some(name, accept) }

export const headerMatcher = {
  key: 'headers',
  doc: 'Header fields by name: a text, a `/regex/` that some part must match, `true` for present, `false` for absent, or a list of which any is enough.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => fieldConditions(HEADER, match.headers ?? [], `${at}.headers`, scope),
} satisfies Matcher
