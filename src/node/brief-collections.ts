// How the processes of a gateway collect their garbage. They share the cores with each other, and a collection that takes all of them,
// or one for five milliseconds, is what requests notice of a busy registry.
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** Size of each half of the young generation of the main process, MiB: a collection of it is two or three milliseconds. What V8 lets it grow to is 32, and that is twenty and more. */
const YOUNG = 4
/** What is filled in for it to grow, entries of eight bytes, and how often at most before it is given up. */
const FILLING = 8000
const FILLINGS = 500

/**
 * Options of Node for a worker, which are heeded at its start alone. V8 has four threads of its own in each process, for marking garbage and for compiling;
 * with a worker for each core that is four times as many as can run, and all of them mark at once.
 */
export const WORKER_EXEC_ARGV: readonly string[] = ['--v8-pool-size=1']

/**
 * For the main process, whose pauses no request waits for, but changes do: leaves the collection of the young generation to one thread, and has that generation at `YOUNG`, neither beyond nor below.
 * V8 lets it grow while a gateway starts, and in a calm shrinks it to 1 MiB, where it is collected at every turn and what would soon have died is taken for old. Call it before much is loaded: nothing makes it smaller on demand.
 */
export function collectBriefly(): void {
  setFlagsFromString('--no-parallel-scavenge')
  const watch = new PerformanceObserver(() => {
    if (!growYoung()) watch.disconnect()
  })
  if (growYoung()) watch.observe({ entryTypes: ['gc'] })
}

/** Has the young generation grow to its size, which V8 does when more of it survived than one half can hold. False where it does not: another option may hold it. */
function growYoung(): boolean {
  const filled: number[][] = []
  setFlagsFromString('--semi-space-growth-factor=2')
  while (youngSize() < YOUNG && filled.length < FILLINGS) filled.push(Array<number>(FILLING).fill(0))
  setFlagsFromString('--semi-space-growth-factor=1')
  return filled.length < FILLINGS
}

/** What one half of it can hold, in whole MiB. */
function youngSize(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return young === undefined ? 0 : Math.round((young.space_used_size + young.space_available_size) / 2 ** 20)
}
