// How the processes of a gateway collect their garbage. They share the cores with each other, and a collection that takes all of them,
// or one for five milliseconds, is what requests notice of a busy registry.
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Of the young generation, MiB: a collection of it is one or two milliseconds. What V8 lets it grow to is 16 and more. */
const YOUNG = 4

/**
 * Options of Node for a worker, which are heeded at its start alone. V8 has four threads of its own in each process, for marking garbage and for compiling;
 * with a worker for each core that is four times as many as can run, and all of them mark at once.
 */
export const WORKER_EXEC_ARGV: readonly string[] = ['--v8-pool-size=1']

/**
 * For the main process, whose pauses no request waits for: leaves the collection of the young generation to one thread, and lets that generation grow to `YOUNG`
 * and not much beyond. It may not stay at the 1 MiB either to which V8 shrinks it in a calm: then it is collected at every turn, and what would soon have died is taken for old.
 */
export function collectBriefly(): void {
  setFlagsFromString('--no-parallel-scavenge')
  const grow = (): void => setFlagsFromString(`--semi-space-growth-factor=${youngBytes() < YOUNG * 2 ** 20 ? 2 : 1}`)
  new PerformanceObserver(grow).observe({ entryTypes: ['gc'] })
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0
}
