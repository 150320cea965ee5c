// How the processes of a gateway collect their garbage. They share the cores with each other, and a collection that takes all of them
// is what requests notice of a busy registry.
import { setFlagsFromString } from 'node:v8'

/**
 * Options of Node for a worker, which are heeded at its start alone. V8 has four threads of its own in each process, for marking garbage and for compiling;
 * with a worker for each core that is four times as many as can run, and all of them mark at once.
 */
export const WORKER_EXEC_ARGV: readonly string[] = ['--v8-pool-size=1']

/** For the main process, whose pauses no request waits for: leaves the collection of the young generation to one thread. To be called before much is allocated. */
export function collectBriefly(): void {
  setFlagsFromString('--no-parallel-scavenge')
}
