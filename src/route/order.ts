// The total order of entries, as a value: one number or text for each criterion, compared from the left, the smaller one wins.
// docs/reference/precedence.md says the same in prose.
import type { MatchConfig } from '../model/match-config.ts'
import type { RouteConfig } from '../model/route-config.ts'
import type { Entry, Standing } from '../model/route.ts'
import { hostStanding, hostText } from './host.ts'
import { pathStanding, pathText } from './path.ts'
import { sourceStanding } from './source.ts'

/** What a standing is made of. `declared` is the position among all alternatives of the table, in the order they were written. */
export interface Ranked {
  readonly route: RouteConfig
  readonly match: MatchConfig
  readonly host: Entry['host']
  readonly path: Entry['path']
  readonly declared: number
}

interface Criterion {
  readonly name: string
  /** Smaller wins. */
  value(ranked: Ranked): number | string
  /** What `because` shows of an entry. */
  text(entry: Entry): string
}

const CRITERIA: readonly Criterion[] = [
  { name: 'priority', value: ({ route }) => -route.priority, text: ({ route }) => String(route.config.priority) },
  { name: 'host', value: ({ host }) => hostStanding(host), text: ({ host }) => (host === undefined ? 'any host' : hostText(host)) },
  { name: 'path', value: ({ path }) => pathStanding(path), text: ({ path }) => (path === undefined ? 'any path' : pathText(path)) },
  { name: 'number of header, query and cookie conditions', value: ({ match }) => -countFields(match), text: (entry) => String(countFields(matchOf(entry))) },
  { name: 'method', value: ({ match }) => match.method?.length ?? Number.MAX_SAFE_INTEGER, text: (entry) => matchOf(entry).method?.join(' or ') ?? 'any method' },
  { name: 'source', value: ({ match }) => sourceStanding(match.source), text: (entry) => matchOf(entry).source?.map((member) => (member.kind === 'cidr' ? member.cidr : member.name)).join(' or ') ?? 'any source' },
  { name: 'listener', value: ({ match }) => (match.listener === undefined ? 1 : 0), text: (entry) => matchOf(entry).listener?.join(' or ') ?? 'any listener' },
  { name: 'when', value: ({ match }) => (match.when === undefined ? 1 : 0), text: (entry) => (matchOf(entry).when === undefined ? 'any time' : 'a time window') },
  { name: 'declared first', value: ({ declared }) => declared, text: ({ route }) => route.name },
]

/** Names of the criteria in order, as `because` and docs/reference/precedence.md say them. */
export const CRITERION_NAMES: readonly string[] = CRITERIA.map(({ name }) => name)

/** Number of criteria that tell two entries apart by what they match; the one after them is the order of declaration. */
const DECLARED = CRITERIA.length - 1

/** Where an entry stands. */
export function standingOf(ranked: Ranked): Standing {
  return CRITERIA.map((criterion) => criterion.value(ranked))
}

/** Negative when `a` wins over `b`. */
export function compareStanding(a: Standing, b: Standing): number {
  const at = firstDifference(a, b)
  return at < 0 ? 0 : (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1
}

/** Why `winner` ranks before `loser`, for people: `host: a.example.com before *.example.com`. */
export function whyBefore(winner: Entry, loser: Entry): string {
  const at = firstDifference(winner.standing, loser.standing)
  const criterion = CRITERIA[at]
  if (criterion === undefined) return 'same entry'
  return at === DECLARED ? criterion.name : `${criterion.name}: ${criterion.text(winner)} before ${criterion.text(loser)}`
}

/** Whether nothing but the order of declaration tells two entries apart. */
export function isTie(a: Entry, b: Entry): boolean {
  return firstDifference(a.standing, b.standing) === DECLARED
}

function firstDifference(a: Standing, b: Standing): number {
  for (let i = 0; i < CRITERIA.length; i++) if (a[i] !== b[i]) return i
  return -1
}

function matchOf(entry: Entry): MatchConfig {
  return entry.route.config.match[entry.alternative] ?? {}
}

function countFields(match: MatchConfig): number {
  return (match.headers?.length ?? 0) + (match.query?.length ?? 0) + (match.cookies?.length ?? 0)
}
