// CPU and memory of a running contestant around a piece of work.
import type { RunningPeer } from './peer.ts'
import { cpuMicros, residentBytes } from './process.ts'

export interface Metered<T> {
  readonly result: T
  /** CPU microseconds that the workers used. */
  readonly cpu: number
  /** CPU microseconds of the process beside the workers; 0 without one. */
  readonly controlCpu: number
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0)
}

/** Runs the work and tells what it cost the contestant. */
export async function metered<T>(running: RunningPeer, work: () => Promise<T>): Promise<Metered<T>> {
  const workers = running.workers()
  const control = running.control === undefined || workers.includes(running.control) ? [] : [running.control]
  const before = [sum(workers, cpuMicros), sum(control, cpuMicros)] as const
  const result = await work()
  return { result, cpu: sum(workers, cpuMicros) - before[0], controlCpu: sum(control, cpuMicros) - before[1] }
}

/** Resident bytes of the workers. */
export function resident(running: RunningPeer): number {
  return sum(running.workers(), residentBytes)
}
