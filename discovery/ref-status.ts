// What operators see of one watched reference: how old its endpoints are, and why.
import { endpointsOf, type EndpointSet } from '../src/model/endpoint.ts'
import type { Attempt, ReadOutcome, Rejection } from '../src/model/discoverer.ts'

/** `live`: confirmed. `guarded`: a suspicious answer is being confirmed. `disk`: read back from the last run. `pending`: nothing is known yet. */
type RefMode = 'live' | 'absent' | 'pending' | 'stale' | 'guarded' | 'denied' | 'disk'

/** The state of one reference. Times are wall clock milliseconds. */
export interface RefStatus {
  readonly ref: string
  readonly mode: RefMode
  readonly endpoints: number
  /** Last answer of the registry that was believed; also of an earlier run. */
  readonly lastSuccess?: number
  readonly lastAttempt?: number
  readonly lastError?: { readonly at: number; readonly outcome: ReadOutcome; readonly message: string }
  /** Failures in a row. */
  readonly failures: number
  /** Entries of the last answer that were refused. */
  readonly rejected: readonly Rejection[]
  /** Finished questions by outcome, since the watch began. */
  readonly attempts: Readonly<Record<ReadOutcome, number>>
  /** Sets that differed from the one before. */
  readonly changes: number
  /** Changes found only by the periodic full reading. */
  readonly missedChanges: number
}

/** The state before anything happened. */
export function newStatus(ref: string): RefStatus {
  const attempts = { 'ok-with-data': 0, 'ok-empty': 0, 'not-found': 0, denied: 0, failed: 0 }
  return { ref, mode: 'pending', endpoints: 0, failures: 0, rejected: [], attempts, changes: 0, missedChanges: 0 }
}

/** The state after a question. */
export function afterAttempt(status: RefStatus, attempt: Attempt): RefStatus {
  const trouble = attempt.outcome === 'failed' || attempt.outcome === 'denied'
  return {
    ...status,
    lastAttempt: attempt.at,
    ...(attempt.believed ? { lastSuccess: attempt.at } : {}),
    ...(trouble ? { lastError: { at: attempt.at, outcome: attempt.outcome, message: attempt.message ?? '' } } : {}),
    failures: trouble ? status.failures + 1 : 0,
    rejected: attempt.rejected,
    attempts: { ...status.attempts, [attempt.outcome]: status.attempts[attempt.outcome] + 1 },
    missedChanges: status.missedChanges + (attempt.missedChange ? 1 : 0),
  }
}

/** The state after another set. */
export function afterSet(status: RefStatus, set: EndpointSet): RefStatus {
  const at = set.kind === 'pending' || set.at === 0 ? {} : { lastSuccess: Math.max(status.lastSuccess ?? 0, set.at) }
  return { ...status, ...at, mode: modeOf(set), endpoints: endpointsOf(set).length, changes: status.changes + 1 }
}

function modeOf(set: EndpointSet): RefMode {
  if (set.kind === 'ready') return 'live'
  if (set.kind === 'absent') return 'absent'
  const outcome = set.cause?.outcome
  if (outcome === undefined || (set.kind === 'pending' && outcome !== 'denied')) return 'pending'
  return outcome === 'failed' ? 'stale' : outcome
}
