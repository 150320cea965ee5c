// What a worker was told, put together again out of the pieces of its feed.
import type { TableConfig } from '../model/config.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { SetChange, SetsPart, TablePart, WholeTable } from './messages.ts'
import { applyDelta, refsOf, retainSets } from './set-delta.ts'

/** A table, and sets that must not be used before it. */
export interface ToldTable {
  readonly config: TableConfig
  readonly sets: readonly (readonly [ref: string, set: EndpointSet])[]
}

export class Told {
  /** Of each reference what was told last, which the next word builds on. */
  readonly #sets = new Map<string, EndpointSet>()
  /** References whose sets wait for the next table; they may be there by half. */
  readonly #waiting = new Set<string>()
  #parts: TablePart[] = []

  takeTablePart(part: TablePart): void {
    this.#parts = [...this.#partsOf(part.revision), part]
  }

  takeSetsPart({ sets }: SetsPart): void {
    for (const [ref, delta] of sets) {
      this.#sets.set(ref, applyDelta(this.#sets.get(ref), delta))
      this.#waiting.add(ref)
    }
  }

  /** Gives the table whole. */
  takeTable({ revision }: WholeTable): ToldTable {
    const parts = this.#partsOf(revision.number)
    const config = { callers: parts.flatMap(({ callers }) => callers), services: parts.flatMap(({ services }) => services), routes: parts.flatMap(({ routes }) => routes) }
    retainSets(this.#sets, refsOf(config))
    const sets = [...this.#sets].filter(([ref]) => this.#waiting.has(ref))
    this.#parts = []
    this.#waiting.clear()
    return { config, sets }
  }

  /** Gives the set if it is to be used now. */
  takeSet({ ref, delta }: SetChange): EndpointSet | undefined {
    const set = applyDelta(this.#sets.get(ref), delta)
    this.#sets.set(ref, set)
    return this.#waiting.has(ref) ? undefined : set
  }

  // What was told of a table that another one passed over is let go.
  #partsOf(revision: number): TablePart[] {
    return this.#parts.filter((part) => part.revision === revision)
  }
}
