// A core for what requests run through and another for what changes run through, as larger machines have them: what requests then notice of changes is what the gateway does to them, not the
// wait for a core that the bench takes. Linux only, with taskset of util-linux.
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Process ids. */
export interface Parts {
  /** Main process, and the bench itself with the registry in it. */
  readonly changes: readonly number[]
  /** Workers, load generator and backend. */
  readonly requests: readonly number[]
}

/** Moves every thread of these processes to its core. Throws where there is one core only, or no taskset. */
export function setApart({ changes, requests }: Parts): void {
  if (availableParallelism() < 2) throw new Error('--apart needs two cores')
  for (const [core, pids] of [changes, requests].entries()) {
    for (const pid of pids) execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)])
  }
}
