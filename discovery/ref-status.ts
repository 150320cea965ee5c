// How the status of a watched reference follows from what happens.
import { endpointsOf, modeOf, type EndpointSet } from '../src/model/endpoint.ts'
import type { Attempt } from '../src/model/discoverer.ts'
import type { RefStatus } from '../src/model/ref-status.ts'

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
