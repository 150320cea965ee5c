// The revisions of the table in this gateway: each effective change gets a number and a content hash, and the last ones are
// kept with what changed, beside the attempts that were rejected.
import type { TableConfig } from '../model/table-config.ts'
import type { Platform } from '../model/platform.ts'
import type { Revision } from '../model/snapshot.ts'
import type { Problem } from '../model/store.ts'
import { diffTables, type TableDiff } from './table-diff.ts'
import { tableHash } from './table-hash.ts'

/** Entries kept. */
const KEEP = 50

/** One line of the history: a table that took effect, or one that was refused while `during` went on serving. */
export type RevisionEntry = { readonly kind: 'effective'; readonly revision: Revision; readonly routes: number; readonly services: number; readonly diff: TableDiff } | RejectedEntry

export interface RejectedEntry {
  readonly kind: 'rejected'
  readonly origin: string
  readonly at: number
  readonly problems: readonly Problem[]
  readonly during: number
}

interface Offered {
  readonly revision: Revision
  /** False when the table equals the one in force, which then keeps its revision. */
  readonly isNew: boolean
}

export interface Revisions {
  /** Gives a table its revision. Call it once the table compiled, one call at a time. */
  offer(table: TableConfig, origin: string): Promise<Offered>
  /** Records an attempt that was refused. */
  reject(origin: string, problems: readonly Problem[]): void
  /** The store holds what is in force, so that what was refused meanwhile is over. */
  confirm(): void
  /** What was refused since the store last held what is in force, newest first. */
  refused(): readonly RejectedEntry[]
  /** Newest first. */
  list(): readonly RevisionEntry[]
}

/** A history that starts empty; numbers start at 1. `keep` entries are kept, default 50. */
export function createRevisions(platform: Pick<Platform, 'wallClock'>, keep: number = KEEP): Revisions {
  let entries: readonly RevisionEntry[] = []
  let refused: readonly RejectedEntry[] = []
  let current: { readonly revision: Revision; readonly table: TableConfig } | undefined
  const record = (entry: RevisionEntry): void => {
    entries = [entry, ...entries].slice(0, keep)
  }
  return {
    async offer(table, origin) {
      const hash = await tableHash(table)
      refused = []
      if (current?.revision.hash === hash) return { revision: current.revision, isNew: false }
      const revision: Revision = { number: (current?.revision.number ?? 0) + 1, hash, origin, at: platform.wallClock() }
      record({ kind: 'effective', revision, routes: table.routes.length, services: table.services.length, diff: diffTables(current?.table, table) })
      current = { revision, table }
      return { revision, isNew: true }
    },
    reject(origin, problems) {
      const entry: RejectedEntry = { kind: 'rejected', origin, at: platform.wallClock(), problems, during: current?.revision.number ?? 0 }
      refused = [entry, ...refused].slice(0, keep)
      record(entry)
    },
    confirm: () => void (refused = []),
    refused: () => refused,
    list: () => entries,
  }
}
