// How sure it is that what a server lacks is gone: not while another one has just taken over, or the one in use has just come back.
import type { Server } from './servers.ts'

/**
 * After another server took over, or the one in use was away, milliseconds: two leases of 90 s. Servers copy from each other without
 * order, and one that has just started fills up with heartbeats, so what it lacks so long is no loss until it was confirmed.
 */
export const SETTLING = 180_000

/** Times are monotonic milliseconds. */
export class Doubt {
  /** The server in use; undefined before the first. */
  server: Server | undefined
  switchedAt = -Infinity
  #since = -Infinity

  /** Takes a whole list of a server for what is known. `away`: none answered before it. */
  took(server: Server, away: boolean, now: number): void {
    const switched = this.server !== undefined && this.server !== server
    if (switched) this.switchedAt = now
    if (switched || away) this.#since = now
    this.server = server
  }

  holds(now: number): boolean {
    return now - this.#since < SETTLING
  }
}
