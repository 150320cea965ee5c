// What Marathon says of the health of a task, and what it only seems to say.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import { recordsOf } from '../json.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Health of a running task. After a change of leader all results of checks that Marathon makes itself are gone until it has
 * made them again, for every task of the estate at once: then `before` holds, what was known of this very task.
 */
export function healthOf(app: Json, task: Json, before: EndpointHealth | undefined): EndpointHealth {
  const checks = recordsOf(app['healthChecks']).length
  const results = recordsOf(task['healthCheckResults']).filter(isKnown)
  if (checks === 0) return 'unknown'
  if (results.some((result) => result['alive'] === false)) return 'critical'
  return results.length >= checks ? 'passing' : (before ?? 'unknown')
}

// A check that was never made is listed as not alive, without a time of a success or failure.
function isKnown(result: Json): boolean {
  return result['alive'] === true || (result['alive'] === false && (isTime(result['lastSuccess']) || isTime(result['lastFailure']) || result['consecutiveFailures'] !== 0))
}

function isTime(value: unknown): boolean {
  return typeof value === 'string'
}

/** Ids of tasks that a readiness check of the deployment under way found not ready yet. */
export function notReady(app: Json): ReadonlySet<unknown> {
  return new Set(recordsOf(app['readinessCheckResults']).filter((result) => result['ready'] === false).map((result) => result['taskId']))
}

/** What the state of a task means for requests. */
export type Stage = 'running' | 'draining' | 'lost' | 'away' | 'strange'

const STAGES: Readonly<Record<string, Stage>> = {
  TASK_RUNNING: 'running',
  TASK_KILLING: 'draining',
  // Its agent has not been heard of; the task may be as well as ever.
  TASK_UNREACHABLE: 'lost',
  TASK_LOST: 'lost',
  TASK_UNKNOWN: 'lost',
  TASK_CREATED: 'away',
  TASK_STAGING: 'away',
  TASK_STARTING: 'away',
  TASK_KILLED: 'away',
  TASK_FINISHED: 'away',
  TASK_FAILED: 'away',
  TASK_ERROR: 'away',
  TASK_GONE: 'away',
  TASK_GONE_BY_OPERATOR: 'away',
  TASK_DROPPED: 'away',
}

/** Reads it; before 1.3 tasks had no state, and ran since they were started. */
export function stageOf(task: Json): Stage {
  const state = task['state']
  if (state === undefined || state === null) return typeof task['startedAt'] === 'string' ? 'running' : 'away'
  return typeof state === 'string' && Object.hasOwn(STAGES, state) ? (STAGES[state] ?? 'strange') : 'strange'
}
