// Which instances left because the registry said so. Nomad removes a registration before it stops the task, and the stream says
// that; an instance that is merely no longer listed (after a restart, a restore, a node that missed its heartbeat) may be an accident.

/** Ids that are remembered of one service. */
const MAX_IDS = 20_000

/** What was listed and heard of one service. Ids are those of instances. */
export class Departures {
  /** Index of the last list that had an instance; the newest ones come last. */
  readonly #seen = new Map<string, bigint>()
  /** Instances that were said to leave after that list, with the index of the event. */
  readonly #left = new Map<string, bigint>()

  /** The stream said that a registration was removed; it may say so late, or once more. */
  heard(id: string, index: bigint): void {
    const seen = this.#seen.get(id)
    if (seen !== undefined && index > seen) this.#left.set(id, index)
  }

  /**
   * Takes the next list in. Gives the instances whose absence is believed.
   * @param wanted the instances that the watch is about
   * @param present all instances of the service: one that is there with other tags left on purpose
   */
  listed(wanted: ReadonlySet<string>, present: ReadonlySet<string>, index: bigint): ReadonlySet<string> {
    for (const id of present) {
      this.#seen.delete(id)
      this.#seen.set(id, index)
      if ((this.#left.get(id) ?? index) <= index) this.#left.delete(id)
    }
    for (const id of this.#seen.keys()) {
      if (this.#seen.size <= MAX_IDS) break
      this.#seen.delete(id)
      this.#left.delete(id)
    }
    return new Set([...this.#left.keys(), ...[...present].filter((id) => !wanted.has(id))])
  }
}
