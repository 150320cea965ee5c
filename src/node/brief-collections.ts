// How the processes of a gateway collect their garbage. They share the cores with each other, and a collection that takes all of them
// is what requests notice of a busy registry.
import { setFlagsFromString } from 'node:v8'

/** Marks the old generation on one thread beside the process's own, not on every core. To be called in each process. */
export function markOnOneThread(): void {
  setFlagsFromString('--concurrent-marking-max-worker-num=1')
}

/** For the main process, whose pauses no request waits for: leaves the collection of the young generation to one thread too. To be called before much is allocated. */
export function collectBriefly(): void {
  markOnOneThread()
  setFlagsFromString('--no-parallel-scavenge')
}
