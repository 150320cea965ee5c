// Whether two matches surely accept some request in common, as far as their texts tell. A false answer may only mean that it
// cannot be told: a warning about two patterns that nobody can satisfy at once would teach people to ignore warnings.
import type { FieldCondition, MatchConfig, SourcePattern } from '../model/match-config.ts'
import { contains, sameText } from './implies.ts'

/** Host and path apart, whether some request satisfies both. */
export function overlap(a: MatchConfig, b: MatchConfig): boolean {
  return (
    share(a.method, b.method, Object.is) &&
    share(a.listener, b.listener, Object.is) &&
    share<SourcePattern>(a.source, b.source, (one, other) => contains(one, other) || contains(other, one)) &&
    fieldsAgree(a.headers, b.headers) &&
    fieldsAgree(a.query, b.query) &&
    fieldsAgree(a.cookies, b.cookies) &&
    (a.when === undefined || b.when === undefined || JSON.stringify(a.when) === JSON.stringify(b.when))
  )
}

function share<T>(a: readonly T[] | undefined, b: readonly T[] | undefined, same: (one: T, other: T) => boolean): boolean {
  return a === undefined || b === undefined || a.some((one) => b.some((other) => same(one, other)))
}

function fieldsAgree(a: readonly FieldCondition[] = [], b: readonly FieldCondition[] = []): boolean {
  return a.every((one) => b.every((other) => one.name !== other.name || testsAgree(one.test, other.test)))
}

/** Two lists agree when they share a text. A request that repeats the field could satisfy both anyway, but hardly ever does. */
function testsAgree(a: FieldCondition['test'], b: FieldCondition['test']): boolean {
  if (a.kind === 'any' && b.kind === 'any') return share(a.of, b.of, sameText)
  return (a.kind === 'absent') === (b.kind === 'absent')
}
