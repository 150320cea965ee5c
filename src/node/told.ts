// What a worker was told, put together again out of the pieces of its feed.
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { SetChange, SetPart, SetsPart, TablePart, WholeTable } from './messages.ts'
import { applyDelta, refsOf, retainSets, type SetDelta } from './set-delta.ts'

/** A table, and sets that must not be used before it. */
export interface ToldTable {
  readonly config: TableConfig
  readonly sets: RefSets
}

/** What one worker knows. */
export class Told {
  /** Of each reference what was told last, which the next word builds on. */
  private readonly sets = new Map<string, EndpointSet>()
  /** References whose sets wait for the next table; they may be there by half. */
  private readonly waiting = new Set<string>()
  /** Sets that are told by half and will be in force as soon as they are whole. Until then the one before counts, for a table as well. */
  private readonly half = new Map<string, EndpointSet>()
  private parts: TablePart[] = []

  takeTablePart(part: TablePart): void {
    this.parts = [...this.partsOf(part.revision), part]
  }

  takeSetsPart({ sets }: SetsPart): void {
    for (const [ref, delta] of sets) {
      this.take(ref, delta)
      this.waiting.add(ref)
    }
  }

  /** Gives the table whole. */
  takeTable({ revision }: WholeTable): ToldTable {
    const parts = this.partsOf(revision.number)
    const config = { callers: parts.flatMap(({ callers }) => callers), services: parts.flatMap(({ services }) => services), routes: parts.flatMap(({ routes }) => routes) }
    retainSets(this.sets, refsOf(config))
    const sets = [...this.sets].filter(([ref]) => this.waiting.has(ref))
    this.parts = []
    this.waiting.clear()
    return { config, sets }
  }

  /** Gives the set if it is to be used now. */
  takeSet({ ref, delta }: SetChange): EndpointSet | undefined {
    const set = this.take(ref, delta)
    return this.waiting.has(ref) ? undefined : set
  }

  takeSetPart({ ref, delta }: SetPart): void {
    this.half.set(ref, this.next(ref, delta))
  }

  private take(ref: string, delta: SetDelta): EndpointSet {
    const set = this.next(ref, delta)
    this.half.delete(ref)
    this.sets.set(ref, set)
    return set
  }

  private next(ref: string, delta: SetDelta): EndpointSet {
    return applyDelta(this.half.get(ref) ?? this.sets.get(ref), delta)
  }

  // What was told of a table that another one passed over is let go.
  private partsOf(revision: number): TablePart[] {
    return this.parts.filter((part) => part.revision === revision)
  }
}
