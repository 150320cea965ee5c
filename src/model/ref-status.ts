// What operators see of one watched reference: how old its endpoints are, and why.
import type { ReadOutcome, Rejection } from './discoverer.ts'
import type { Mode } from './endpoint.ts'

/** The state of one reference. Times are wall clock milliseconds. */
export interface RefStatus {
  readonly ref: string
  readonly mode: Mode
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
