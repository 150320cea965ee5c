// Why the table decides as it does: the route that won, and for every other route the first condition it failed or the entry
// that outranks it. It asks the very conditions that decide requests; nothing here knows how to match.
import { GatewayError } from '../model/error.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition, DecideContext, Destination, Entry, Table } from '../model/route.ts'
import { type Outcome, decideEntry } from './decide.ts'
import { whyBefore } from './order.ts'

/** A condition with the value it saw, null when there was none. */
export interface Seen {
  readonly on: string
  readonly want: string
  readonly saw: string | null
}

/** One destination's share of the roll, from `from` up to but not including `upTo`. */
export interface Share {
  readonly service: string
  readonly weight: number
  readonly from: number
  readonly upTo: number
  readonly chosen: boolean
}

/** What the winner does with the request. */
export type ExplainedAction =
  | { readonly kind: 'forward'; readonly service: string; readonly roll: number; readonly split: readonly Share[]; readonly target: string; readonly authority: string; readonly rewritten: boolean }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  | { readonly kind: 'respond'; readonly status: number }
  /** The rewrite made a path that must not leave the gateway. */
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string }

/** The route that won, with the alternative of its `match` (from 0) and every condition of it. */
export interface Winner {
  readonly route: string
  readonly alternative: number
  readonly held: readonly Seen[]
  readonly params: Readonly<Record<string, string>>
  readonly action: ExplainedAction
}

/** A route that did not win: its alternative that got furthest, and where that ended. `held` counts the conditions before. */
export type Loser =
  | { readonly route: string; readonly alternative: number; readonly held: number; readonly failed: Seen }
  | { readonly route: string; readonly alternative: number; readonly held: number; readonly outranked: { readonly by: string; readonly because: string } }

/**
 * The whole story of one decision: plain data, equal on every runtime. Other pieces add what they know (endpoints, retry plan)
 * beside these fields.
 */
export interface Explanation {
  /** Null when no route matches. */
  readonly winner: Winner | null
  /** Those whose conditions all hold first, then by the number that held, then as declared. */
  readonly losers: readonly Loser[]
  /** Losers left out by the limit. */
  readonly omitted: number
}

export interface ExplainOptions {
  /** Losers to list, default 100. */
  readonly limit?: number
}

/** Explains what `decide` says about the same request in the same context. */
export function explain(table: Table, head: RequestHead, context: DecideContext, options: ExplainOptions = {}): Explanation {
  const entry = table.find(head, context)
  const furthest = furthestByRoute(table, head, context)
  const losers = table.routes.filter((route) => route !== entry?.route).map((route) => furthest[route.index]).filter((reach) => reach !== undefined)
  losers.sort(compareReach)
  const listed = losers.slice(0, options.limit ?? 100)
  return {
    winner: entry === undefined ? null : explainWinner(entry, head, context),
    losers: listed.map((reach) => explainLoser(reach, entry, head, context)),
    omitted: losers.length - listed.length,
  }
}

/** How far an entry got: `held` conditions held before the first that failed, or all of them. */
interface Reach {
  readonly entry: Entry
  readonly held: number
  readonly failed: Condition | undefined
}

/** For each route, by its index, that of the alternative that got furthest. */
function furthestByRoute(table: Table, head: RequestHead, context: DecideContext): readonly (Reach | undefined)[] {
  const furthest: (Reach | undefined)[] = table.routes.map(() => undefined)
  // In order of rank, so that of two alternatives that got equally far the better one is told.
  for (const entry of table.entries) {
    const reach = tryEntry(entry, head, context)
    const before = furthest[entry.route.index]
    if (before === undefined || distance(reach) > distance(before)) furthest[entry.route.index] = reach
  }
  return furthest
}

function tryEntry(entry: Entry, head: RequestHead, context: DecideContext): Reach {
  const { conditions } = entry
  const at = conditions.findIndex((condition) => !condition.test(head, context))
  return at < 0 ? { entry, held: conditions.length, failed: undefined } : { entry, held: at, failed: conditions[at] }
}

/** An entry that holds whole came further than any that failed, however few conditions it has. */
function distance({ held, failed }: Reach): number {
  return failed === undefined ? Number.POSITIVE_INFINITY : held
}

function compareReach(a: Reach, b: Reach): number {
  const [ahead, behind] = [distance(a), distance(b)]
  return ahead === behind ? a.entry.route.index - b.entry.route.index : behind - ahead
}

function explainLoser({ entry, held, failed }: Reach, winner: Entry | undefined, head: RequestHead, context: DecideContext): Loser {
  const told = { route: entry.route.name, alternative: entry.alternative, held }
  if (failed !== undefined) return { ...told, failed: see(failed, head, context) }
  if (winner === undefined) throw new Error('an entry holds but none won: the index disagrees with the conditions')
  return { ...told, outranked: { by: winner.route.name, because: whyBefore(winner, entry) } }
}

function see(condition: Condition, head: RequestHead, context: DecideContext): Seen {
  return { on: condition.on, want: condition.want, saw: condition.seen(head, context) }
}

function explainWinner(entry: Entry, head: RequestHead, context: DecideContext): Winner {
  return {
    route: entry.route.name,
    alternative: entry.alternative,
    held: entry.conditions.map((condition) => see(condition, head, context)),
    params: entry.capture(head),
    action: explainAction(entry, head, context),
  }
}

function explainAction(entry: Entry, head: RequestHead, context: DecideContext): ExplainedAction {
  const decision = tryDecide(entry, head, context)
  if (decision instanceof GatewayError) return { kind: 'refused', reason: decision.reason, message: decision.message }
  if (decision.kind === 'redirect') return { kind: 'redirect', status: decision.status, location: decision.location }
  if (decision.kind === 'respond') return { kind: 'respond', status: decision.status }
  const { route } = entry
  const { target, authority, destination } = decision
  const rewritten = route.rewritePath !== undefined || route.rewriteHost !== undefined
  return { kind: 'forward', service: destination.label, roll: context.roll, split: explainSplit(route.destinations, destination), target, authority, rewritten }
}

function explainSplit(destinations: readonly Destination[], chosen: Destination): readonly Share[] {
  return destinations.map((destination, i) => ({
    service: destination.label,
    weight: destination.weight,
    from: destinations[i - 1]?.upTo ?? 0,
    upTo: destination.upTo,
    chosen: destination === chosen,
  }))
}

/** A rewrite that is refused is part of the story, so explain does not throw where decide does. */
function tryDecide(entry: Entry, head: RequestHead, context: DecideContext): Outcome | GatewayError {
  try {
    return decideEntry(entry, head, context)
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
}
