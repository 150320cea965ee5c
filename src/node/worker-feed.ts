// What one worker is told, in pieces: fifty thousand endpoints in one message would stop the main process for as long as it takes to
// write them down, and every change would wait behind them in the channel.
import type { TableConfig } from '../model/config.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Revision } from '../model/snapshot.ts'
import type { SetChange, SetsPart, TablePart, ToWorker } from './messages.ts'
import { deltaOf, refsOf, towards } from './set-delta.ts'

/** Routes, services or endpoints in a piece: some 64 KiB, and a few tenths of a millisecond's work. */
const PIECE = 200

/** What all workers shall know. The sets may be more than the table uses. */
export interface Present {
  readonly table: { readonly config: TableConfig; readonly revision: Revision } | undefined
  readonly sets: ReadonlyMap<string, EndpointSet>
}

/** The channel to a worker. `sent` is called in a later turn of the event loop, once the channel takes more. */
export type Send = (message: ToWorker, sent: () => void) => void

const PENDING: EndpointSet = { kind: 'pending' }

const nothing = (): void => {}

export class WorkerFeed {
  readonly #present: () => Present
  readonly #send: Send
  /**
   * References of which the worker does not have the present set yet, with what it has. Of all others it has just the present one,
   * which is what the differences of `useSet` build on.
   */
  readonly #behind: Map<string, EndpointSet | undefined>
  #parts: Iterator<TablePart> | undefined
  #listens = false
  #busy = false

  /** For a worker that was told nothing but `start`. It listens as soon as it has all. */
  constructor(present: () => Present, send: Send) {
    this.#present = present
    this.#send = send
    const { table, sets } = present()
    this.#behind = new Map([...sets.keys()].map((ref) => [ref, undefined]))
    this.#parts = table && partsOf(table)
    this.#next()
  }

  /** There is a new table, and of these references there are new sets, or none any more, which must not be seen before it; with the sets before. */
  useTable(before: ReadonlyMap<string, EndpointSet | undefined>): void {
    for (const [ref, set] of before) if (!this.#behind.has(ref)) this.#behind.set(ref, set)
    // Of a table before that is not whole there yet no more is told.
    const { table } = this.#present()
    this.#parts = table && partsOf(table)
    this.#next()
  }

  /** The present set of a reference changed, by this. */
  useSet(change: SetChange): void {
    // What is not told yet will be told as it is by then.
    if (!this.#behind.has(change.ref)) this.#send(change, nothing)
  }

  #next(): void {
    if (this.#busy) return
    const message = this.#piece()
    if (message === undefined) return
    this.#busy = true
    this.#send(message, () => {
      this.#busy = false
      this.#next()
    })
  }

  #piece(): ToWorker | undefined {
    const part = this.#parts?.next()
    if (part?.done === false) return part.value
    const sets = this.#sets()
    if (sets.length > 0) return { kind: 'sets-part', sets }
    if (part !== undefined) return this.#whole()
    if (this.#listens) return undefined
    this.#listens = true
    return { kind: 'listen' }
  }

  #sets(): SetsPart['sets'] {
    const sets: (SetsPart['sets'][number])[] = []
    const { sets: present } = this.#present()
    let room = PIECE
    for (const [ref, before] of this.#behind) {
      if (room <= 0) break
      // One of a table that was passed over must not live on in the next.
      const wanted = present.get(ref) ?? PENDING
      const next = towards(before, wanted, room)
      if (next === wanted) this.#behind.delete(ref)
      else this.#behind.set(ref, next)
      const delta = deltaOf(before, next)
      sets.push([ref, delta])
      room -= 1 + ('endpoints' in delta ? delta.endpoints.filter((told) => typeof told !== 'number').length : 0)
    }
    return sets
  }

  #whole(): ToWorker | undefined {
    this.#parts = undefined
    const { table, sets } = this.#present()
    if (table === undefined) return undefined
    // The worker forgets what its table does not use, and may have been told it for the next one.
    const used = refsOf(table.config)
    for (const ref of sets.keys()) if (!used.has(ref)) this.#behind.set(ref, undefined)
    return { kind: 'table', revision: table.revision }
  }
}

const EMPTY: TableConfig = { callers: [], services: [], routes: [] }

function* partsOf({ config, revision: { number } }: NonNullable<Present['table']>): Generator<TablePart, undefined> {
  for (const list of ['callers', 'services', 'routes'] as const) {
    for (let at = 0; at < config[list].length; at += PIECE) yield { kind: 'table-part', revision: number, ...EMPTY, [list]: config[list].slice(at, at + PIECE) }
  }
}
