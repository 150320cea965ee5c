// Matches who sent the request: an address range or a named caller; any of a list.
import type { MatchConfig, SourcePattern } from '../model/match-config.ts'
import type { RequestHead, Source } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import { badRange } from './caller.ts'
import { inCidr, parseAddress, parseCidr } from './cidr.ts'
import type { Matcher, Scope } from './matcher.ts'

export const sourceMatcher = {
  key: 'source',
  doc: 'Who sent the request: address ranges and names from `callers`, any of them.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly Condition[] => (match.source === undefined ? [] : [sourceCondition(match.source, `${at}.source`, scope)]),
} satisfies Matcher

const NONE = 1_000

/** Place among sources, smaller is more specific: a caller, then longer ranges (IPv4 counted as IPv6-mapped), then none. A list counts as its least specific member. */
export function sourceStanding(patterns: readonly SourcePattern[] | undefined): number {
  if (patterns === undefined) return NONE
  return patterns.reduce((widest, pattern) => Math.max(widest, pattern.kind === 'caller' ? 0 : 1 + 128 - (parseCidr(pattern.cidr)?.bits ?? 0)), 0)
}

function sourceCondition(patterns: readonly SourcePattern[], at: string, scope: Scope): Condition {
  const tests = patterns.map((pattern, i) => sourceTest(pattern, `${at}[${i}]`, scope))
  return {
    on: 'source',
    want: patterns.map((pattern) => (pattern.kind === 'cidr' ? pattern.cidr : pattern.name)).join(' or '),
    test: (head) => tests.some((holds) => holds(head.source)),
    seen: sourceText,
  }
}

function sourceTest(pattern: SourcePattern, at: string, scope: Scope): (source: Source) => boolean {
  if (pattern.kind === 'caller') {
    const caller = scope.caller(pattern.name, at)
    return (source) => caller !== undefined && caller.test(source)
  }
  const range = parseCidr(pattern.cidr)
  if (range === undefined) scope.problem(at, badRange(pattern.cidr))
  return (source) => {
    const address = parseAddress(source.address)
    return range !== undefined && address !== undefined && inCidr(address, range)
  }
}

function sourceText({ source }: RequestHead): string {
  return source.identities.length === 0 ? source.address : `${source.address} (${source.identities.join(', ')})`
}
