// The table and the sets that all workers are told, and who is told.
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Revision } from '../model/snapshot.ts'
import type { SetChange } from './messages.ts'
import { deltaOf, refsOf, retainSets } from './set-delta.ts'
import { WorkerFeed, type Present, type Send } from './worker-feed.ts'

/** What is in force, for workers that come and go. */
export class Broadcast {
  private table: Present['table']
  private readonly sets = new Map<string, EndpointSet>()
  private readonly feeds = new Set<WorkerFeed>()
  private readonly present = (): Present => ({ table: this.table, sets: this.sets })

  /** Number of the table in force; 0 without one. */
  get revision(): number {
    return this.table?.revision.number ?? 0
  }

  /** Tells a worker everything, then whatever changes, until `leave` is called. */
  join(send: Send): { leave(): void } {
    const feed = new WorkerFeed(this.present, send)
    this.feeds.add(feed)
    return { leave: () => void this.feeds.delete(feed) }
  }

  /** A table with sets that must not be used before it. */
  useTable(config: TableConfig, revision: Revision, sets: RefSets): void {
    const before = new Map(sets.map(([ref]) => [ref, this.sets.get(ref)]))
    const used = refsOf(config)
    for (const [ref, set] of this.sets) if (!used.has(ref)) before.set(ref, set)
    this.table = { config, revision }
    for (const [ref, set] of sets) this.sets.set(ref, set)
    retainSets(this.sets, used)
    for (const feed of this.feeds) feed.useTable(before)
  }

  useSet(ref: string, set: EndpointSet): void {
    const before = this.sets.get(ref)
    if (before === set) return
    this.sets.set(ref, set)
    const change: SetChange = { kind: 'set', ref, delta: deltaOf(before, set) }
    for (const feed of this.feeds) feed.useSet(change, before)
  }
}
