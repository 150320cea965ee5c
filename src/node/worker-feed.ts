// What one worker is told, in pieces: fifty thousand endpoints in one message would stop the main process for as long as it takes to
// write them down, and every change would wait behind them in the channel. A worker that stands still costs the main process a
// bounded number of bytes: what the channel does not take is not written down, but told as it is by then.
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Revision } from '../model/snapshot.ts'
import type { SetChange, SetPart, SetsPart, TablePart, ToWorker } from './messages.ts'
import { PIECE, Room, sizeOf } from './piece.ts'
import { deltaOf, refsOf, towards } from './set-delta.ts'

/** Changes that the channel has not taken yet, bytes; beside them there may be one piece of a table or of its sets. */
const WINDOW = 4 * PIECE

/** What all workers shall know. The sets may be more than the table uses. */
export interface Present {
  readonly table: { readonly config: TableConfig; readonly revision: Revision } | undefined
  readonly sets: ReadonlyMap<string, EndpointSet>
}

/** The channel to a worker. `sent` is called in a later turn of the event loop, once the channel has taken the message. */
export type Send = (message: ToWorker, sent: () => void) => void

const PENDING: EndpointSet = { kind: 'pending' }

/** What one worker is still to be told. */
export class WorkerFeed {
  private readonly present: () => Present
  private readonly send: Send
  /**
   * References of which the worker shall have the present set with the next table, with what it has. Of those that are neither here
   * nor in `late` it has just the present one, which is what the differences of `useSet` build on.
   */
  private readonly behind: Map<string, EndpointSet | undefined>
  /** References whose sets changed while the channel was full, with what the worker has. */
  private readonly late = new Map<string, EndpointSet | undefined>()
  private parts: Iterator<TablePart> | undefined
  private listens = false
  private busy = false
  /** Bytes of changes that the channel has not taken yet. */
  private underWay = 0

  /** For a worker that was told nothing but `start`. It listens as soon as it has all. */
  constructor(present: () => Present, send: Send) {
    this.present = present
    this.send = send
    const { table, sets } = present()
    this.behind = new Map([...sets.keys()].map((ref) => [ref, undefined]))
    this.parts = table && partsOf(table)
    this.next()
  }

  /** There is a new table, and of these references there are new sets, or none any more, which must not be seen before it; with the sets before. */
  useTable(before: ReadonlyMap<string, EndpointSet | undefined>): void {
    for (const [ref, set] of before) {
      if (!this.behind.has(ref)) this.behind.set(ref, this.late.has(ref) ? this.late.get(ref) : set)
      this.late.delete(ref)
    }
    // Of a table before that is not whole there yet no more is told.
    const { table } = this.present()
    this.parts = table && partsOf(table)
    this.next()
  }

  /** The present set of a reference changed, by this, from the one before. */
  useSet(change: SetChange, before: EndpointSet | undefined): void {
    const { ref } = change
    // What is not told yet will be told as it is by then.
    if (this.behind.has(ref) || this.late.has(ref)) return
    const size = sizeOf(change)
    if (this.hasRoom && size <= PIECE) return this.tell(change, size)
    this.late.set(ref, before)
    this.catchUp()
  }

  private get hasRoom(): boolean {
    return this.underWay < WINDOW
  }

  private tell(change: SetChange | SetPart, size: number): void {
    this.underWay += size
    this.send(change, () => {
      this.underWay -= size
      this.catchUp()
    })
  }

  // A set that takes several messages goes to the end after each, so that a short one does not wait for a long one.
  private catchUp(): void {
    for (const [ref, before] of this.late) {
      if (!this.hasRoom) return
      const wanted = this.setOf(ref)
      const next = towards(before, wanted, new Room().admits)
      this.late.delete(ref)
      if (next !== wanted) this.late.set(ref, next)
      const change = { kind: next === wanted ? 'set' : 'set-part', ref, delta: deltaOf(before, next) } as const
      this.tell(change, sizeOf(change))
    }
  }

  private next(): void {
    if (this.busy) return
    const message = this.piece()
    if (message === undefined) return
    this.busy = true
    this.send(message, () => {
      this.busy = false
      this.next()
    })
  }

  private piece(): ToWorker | undefined {
    const part = this.parts?.next()
    if (part?.done === false) return part.value
    const sets = this.sets()
    if (sets.length > 0) return { kind: 'sets-part', sets }
    if (part !== undefined) return this.whole()
    if (this.listens) return undefined
    this.listens = true
    return { kind: 'listen' }
  }

  private sets(): SetsPart['sets'] {
    const sets: (SetsPart['sets'][number])[] = []
    const room = new Room()
    for (const [ref, before] of this.behind) {
      if (!room.isOpen) break
      const wanted = this.setOf(ref)
      const next = towards(before, wanted, room.admits)
      if (next === wanted) this.behind.delete(ref)
      else this.behind.set(ref, next)
      const delta = deltaOf(before, next)
      sets.push([ref, delta])
      // The endpoints told in full are in already; a set is work without any, and so is each place of one told before.
      room.admits('endpoints' in delta ? [ref, delta.endpoints.filter((told) => typeof told === 'number')] : ref)
    }
    return sets
  }

  // One of a table that was passed over must not live on in the next.
  private setOf(ref: string): EndpointSet {
    return this.present().sets.get(ref) ?? PENDING
  }

  private whole(): ToWorker | undefined {
    this.parts = undefined
    const { table, sets } = this.present()
    if (table === undefined) return undefined
    // The worker forgets what its table does not use, and may have been told it for the next one.
    const used = refsOf(table.config)
    for (const ref of sets.keys()) {
      if (used.has(ref)) continue
      this.late.delete(ref)
      this.behind.set(ref, undefined)
    }
    return { kind: 'table', revision: table.revision }
  }
}

const EMPTY: TableConfig = { callers: [], services: [], routes: [] }

function* partsOf({ config, revision: { number } }: NonNullable<Present['table']>): Generator<TablePart, undefined> {
  for (const list of ['callers', 'services', 'routes'] as const) {
    const items: readonly unknown[] = config[list]
    for (let from = 0; from < items.length; ) {
      const { admits } = new Room()
      let to = from
      while (to < items.length && admits(items[to])) to++
      yield { kind: 'table-part', revision: number, ...EMPTY, [list]: items.slice(from, to) }
      from = to
    }
  }
}
