// Which instances left because the registry said so. Nomad removes a registration before it stops the task, and the stream says
// that; an instance that is merely no longer listed (after a restart, a restore, a node that missed its heartbeat) may be an accident.

/** Ids that are remembered of one service. */
const MAX_IDS = 20_000
/** How long an id is remembered that is neither listed nor heard of, milliseconds: longer than a loss is held. */
const EVIDENCE = 600_000

interface Seen {
  /** Index of the last list that had it. */
  readonly index: bigint
  /** When it was listed or heard of last, monotonic milliseconds. */
  readonly at: number
}

/** What was listed and heard of one service. Ids are those of instances. */
export class Departures {
  /** Those listed or heard of most recently come last. */
  readonly #seen = new Map<string, Seen>()
  /** Instances that were said to leave after the last list that had them, with the index of the event. */
  readonly #left = new Map<string, bigint>()

  /** The stream said that a registration was removed; it may say so late, or once more. */
  heard(id: string, index: bigint, at: number): void {
    const seen = this.#seen.get(id)
    if (seen === undefined || index <= seen.index) return
    this.#left.set(id, index)
    this.#remember(id, { ...seen, at })
  }

  /**
   * Takes the next list in. Gives the instances whose absence is believed.
   * @param wanted the instances that the watch is about
   * @param present all instances of the service: one that is there with other tags left on purpose. With the index of the list that has it, since namespaces are
   * listed one after the other, and what leaves the first meanwhile is older than the list of the next one.
   */
  listed(wanted: ReadonlySet<string>, present: ReadonlyMap<string, bigint>, at: number): ReadonlySet<string> {
    for (const [id, index] of present) {
      this.#remember(id, { index, at })
      if ((this.#left.get(id) ?? index) <= index) this.#left.delete(id)
    }
    const left = new Set([...this.#left.keys(), ...[...present.keys()].filter((id) => !wanted.has(id))])
    // Only now: the first list after an outage is judged by what was heard before it.
    for (const [id, seen] of this.#seen) {
      if (this.#seen.size <= MAX_IDS && at - seen.at < EVIDENCE) break
      this.#seen.delete(id)
      this.#left.delete(id)
    }
    return left
  }

  #remember(id: string, seen: Seen): void {
    this.#seen.delete(id)
    this.#seen.set(id, seen)
  }
}
