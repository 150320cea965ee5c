// What headers, query parameters and cookies have in common: a name, possibly several values, and a test over them.
// Every value is looked at, so that a second field of the same name cannot hide behind the first.
import type { FieldCondition, TextMatch } from '../model/match-config.ts'
import { octetsOf, textOf } from '../model/octets.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import type { Scope } from './matcher.ts'

/** One kind of field. */
export interface FieldKind {
  /** What explain calls it. */
  readonly on: string
  /** Whether values are octets, as header fields are, rather than text. */
  readonly octets: boolean
  /** Whether some value of the named field is accepted; tries them in order and builds no list. */
  some(head: RequestHead, name: string, accept: (value: string) => boolean): boolean
}

/** Conditions on one kind of field. `at` is the path of the list. */
export function fieldConditions(kind: FieldKind, fields: readonly FieldCondition[], at: string, scope: Scope): readonly Condition[] {
  return fields.map((field, i) => fieldCondition(kind, field, `${at}[${i}]`, scope))
}

function fieldCondition(kind: FieldKind, field: FieldCondition, at: string, scope: Scope): Condition {
  const { name } = field
  return {
    on: `${kind.on} ${name}`,
    want: fieldText(field),
    test: fieldTest(field, kind, at, scope),
    seen: (head) => {
      const values: string[] = []
      kind.some(head, name, (value) => values.push(kind.octets ? textOf(value) : value) < 0)
      return values.length === 0 ? null : values.join(', ')
    },
  }
}

function fieldText(field: FieldCondition): string {
  if (field.test.kind !== 'any') return field.test.kind
  return field.test.of.map((text) => (text.kind === 'exact' ? text.value || 'an empty value' : `/${text.pattern}/`)).join(' or ')
}

function fieldTest(field: FieldCondition, kind: FieldKind, at: string, scope: Scope): (head: RequestHead) => boolean {
  const { name, test } = field
  if (test.kind === 'present') return (head) => kind.some(head, name, anything)
  if (test.kind === 'absent') return (head) => !kind.some(head, name, anything)
  if (test.of.length === 0) scope.problem(at, 'no value is listed, so it can never match: give one, or true for present')
  const tests = test.of.map((text, i) => textTest(text, kind, `${at}.test.of[${i}]`, scope))
  const [only] = tests
  const accept = only !== undefined && tests.length === 1 ? only : (value: string) => tests.some((holds) => holds(value))
  return (head) => kind.some(head, name, accept)
}

function textTest(text: TextMatch, { octets }: FieldKind, at: string, scope: Scope): (value: string) => boolean {
  if (text.kind === 'exact') {
    const wanted = octets ? octetsOf(text.value) : text.value
    return (value) => value === wanted
  }
  const regex = scope.regex(text.pattern, at)
  // A pattern is of letters, of which a class or a dot takes one whole.
  if (octets) return (value) => regex !== undefined && regex.part(textOf(value))
  return (value) => regex !== undefined && regex.part(value)
}

function anything(): boolean {
  return true
}
