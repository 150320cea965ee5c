// What left without a sign of late and was believed to have left, because it was little. A mass failure is often seen in small
// steps (Serf finds twenty dead nodes in four seconds), so each step is judged together with those before it.

/** More are not remembered. */
const MAX_LOSSES = 10_000

/** Something that was lost. */
export interface Loss<T> {
  /** In its last good form. */
  readonly item: T
  /** Monotonic milliseconds. */
  readonly at: number
  /** How many there were before, without those that were said to leave since. */
  readonly among: number
}

/** What a new answer says of it. */
export interface Change<T> {
  /** What it lacks without a sign, of the last believed one. */
  readonly lost: readonly T[]
  /** How many there were in the last believed one, without those that are said to leave. */
  readonly before: number
  /** How many are said to leave. */
  readonly stated: number
  /** Whether something that was lost earlier is still missing, without a sign. */
  isGone(item: T): boolean
  /** Earlier losses are forgotten: monotonic milliseconds. */
  readonly since: number
}

/** The losses of late, with those of a new answer. */
export function withLosses<T>(lately: readonly Loss<T>[], { lost, before, stated, isGone, since }: Change<T>, now: number): readonly Loss<T>[] {
  const earlier = lately.filter(({ item, at }) => at > since && isGone(item)).map((loss) => ({ ...loss, among: loss.among - stated }))
  return [...earlier, ...lost.map((item) => ({ item, at: now, among: before }))].slice(-MAX_LOSSES)
}

/** How many there were at most, before the first of the losses. */
export function mostOf<T>(losses: readonly Loss<T>[]): number {
  return losses.reduce((most, { among }) => Math.max(most, among), 0)
}
