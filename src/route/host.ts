// Matches the host that was asked for: one name, every name below a suffix, or a regular expression over the whole host.
import type { HostPattern, MatchConfig } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition } from '../model/route.ts'
import type { Matcher, Scope } from './matcher.ts'

/** A condition on the host, with the pattern that the index files it under. */
export interface HostCondition extends Condition {
  readonly pattern: HostPattern
}

export const hostMatcher = {
  key: 'host',
  doc: 'The host, without port and in lower case: exact, `*.suffix` (one label or more before it) or a `/regex/` that the whole host must match.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly HostCondition[] =>
    (match.host ?? []).map((pattern, i) => hostCondition(pattern, `${at}.host[${i}]`, scope)),
} satisfies Matcher

/** The text of a pattern as a person writes it. */
export function hostText(pattern: HostPattern): string {
  if (pattern.kind === 'exact') return pattern.host
  return pattern.kind === 'suffix' ? `*.${pattern.suffix}` : `/${pattern.pattern}/`
}

/** Place among hosts, smaller is more specific: exact, then suffixes with more labels first, then regex, then none. */
export function hostStanding(pattern: HostPattern | undefined): number {
  if (pattern === undefined) return 3_000
  if (pattern.kind === 'exact') return 0
  return pattern.kind === 'regex' ? 2_000 : 1_000 - Math.min(countLabels(pattern.suffix), 999)
}

/** Labels of a host or suffix. */
export function countLabels(host: string): number {
  let labels = 1
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) labels++
  return labels
}

class HostIs implements HostCondition {
  readonly on = 'host'
  readonly pattern: HostPattern
  readonly want: string
  readonly #holds: (host: string) => boolean

  constructor(pattern: HostPattern, holds: (host: string) => boolean) {
    this.pattern = pattern
    this.want = hostText(pattern)
    this.#holds = holds
  }

  test(head: RequestHead): boolean {
    return this.#holds(head.host)
  }

  seen(head: RequestHead): string {
    return head.host
  }
}

function hostCondition(pattern: HostPattern, at: string, scope: Scope): HostCondition {
  if (pattern.kind === 'regex') {
    const regex = scope.regex(pattern.pattern, at)
    return new HostIs(pattern, (host) => regex !== undefined && regex.whole(host))
  }
  if (pattern.kind === 'exact') return new HostIs(pattern, (host) => host === pattern.host)
  const ending = `.${pattern.suffix}`
  return new HostIs(pattern, (host) => host.length > ending.length && host.endsWith(ending))
}
