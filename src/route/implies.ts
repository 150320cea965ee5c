// Whether one match implies another, as far as their texts tell: every request that `narrow` accepts, `wide` accepts too.
// A false answer may only mean that it cannot be told. Hosts and paths are compared by the audit, which looks them up.
import type { FieldCondition, MatchConfig, SourcePattern, TextMatch } from '../model/match-config.ts'
import { containsCidr, parseCidr } from './cidr.ts'

/** Host and path apart, whether `narrow` implies `wide`. */
export function implies(narrow: MatchConfig, wide: MatchConfig): boolean {
  return (
    isSubset(narrow.method, wide.method) &&
    isSubset(narrow.listener, wide.listener) &&
    impliesFields(narrow.headers, wide.headers) &&
    impliesFields(narrow.query, wide.query) &&
    impliesFields(narrow.cookies, wide.cookies) &&
    impliesSource(narrow.source, wide.source) &&
    (wide.when === undefined || JSON.stringify(narrow.when) === JSON.stringify(wide.when))
  )
}

function isSubset(narrow: readonly string[] | undefined, wide: readonly string[] | undefined): boolean {
  return wide === undefined || (narrow !== undefined && narrow.every((member) => wide.includes(member)))
}

function impliesFields(narrow: readonly FieldCondition[] = [], wide: readonly FieldCondition[] = []): boolean {
  return wide.every((want) => narrow.some((has) => has.name === want.name && impliesField(has.test, want.test)))
}

function impliesField(has: FieldCondition['test'], want: FieldCondition['test']): boolean {
  if (want.kind === 'present') return has.kind !== 'absent'
  if (want.kind === 'absent' || has.kind !== 'any') return has.kind === want.kind
  return has.of.every((text) => want.of.some((other) => sameText(text, other)))
}

export function sameText(a: TextMatch, b: TextMatch): boolean {
  if (a.kind === 'exact') return b.kind === 'exact' && a.value === b.value
  return b.kind === 'regex' && a.pattern === b.pattern
}

function impliesSource(narrow: readonly SourcePattern[] | undefined, wide: readonly SourcePattern[] | undefined): boolean {
  return wide === undefined || (narrow !== undefined && narrow.every((member) => wide.some((other) => contains(other, member))))
}

/** Whether every sender that `inner` names, `outer` names too. */
export function contains(outer: SourcePattern, inner: SourcePattern): boolean {
  if (outer.kind === 'caller' || inner.kind === 'caller') return outer.kind === 'caller' && inner.kind === 'caller' && outer.name === inner.name
  const [wide, narrow] = [parseCidr(outer.cidr), parseCidr(inner.cidr)]
  return wide !== undefined && narrow !== undefined && containsCidr(wide, narrow)
}
