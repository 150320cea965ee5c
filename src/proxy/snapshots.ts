// Keeps the present snapshot: a table and the endpoints of its services, replaced whole whenever either changes.
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Table } from '../model/route.ts'
import type { Revision, ServiceEndpoints, Snapshot } from '../model/snapshot.ts'
import { compileTable } from '../route/compile.ts'
import type { EndpointBook } from './endpoints.ts'

const PENDING: EndpointSet = { kind: 'pending' }
const NOTHING: Revision = { number: 0, hash: '', origin: 'none', at: 0 }

/** The snapshots of one gateway, one after another. */
export class Snapshots {
  /** What a request that starts now sees. Before the first table it is an empty one. */
  current: Snapshot = { revision: NOTHING, table: compileTable({ callers: [], services: [], routes: [] }), services: [] }
  private readonly sets = new Map<string, EndpointSet>()
  /** By reference, the places of the services that draw on it: a change costs the services it concerns, not the whole table. */
  private readers: ReadonlyMap<string, readonly number[]> = new Map()
  private readonly book: EndpointBook
  private readonly onSwap: (snapshot: Snapshot) => void

  constructor(book: EndpointBook, onSwap: (snapshot: Snapshot) => void) {
    this.book = book
    this.onSwap = onSwap
  }

  /** The latest set of a reference. */
  readonly setOf = (ref: string): EndpointSet => this.sets.get(ref) ?? PENDING

  /** References that the table draws on. */
  get refs(): readonly string[] {
    return [...this.readers.keys()]
  }

  /** Whether the table draws on a reference. */
  uses(ref: string): boolean {
    return this.readers.has(ref)
  }

  /** Takes a compiled table whole, with sets that are not used before it, swapped in between two requests. */
  useTable(table: Table, revision: Revision, sets: RefSets = []): void {
    for (const [ref, set] of sets) this.sets.set(ref, set)
    this.swap({ revision, table, services: table.services.map((service) => this.book.build(service, this.setOf)) })
    this.book.retain(new Set(table.services.map(({ name }) => name)))
    this.readers = readersOf(table)
    for (const ref of this.sets.keys()) if (!this.readers.has(ref)) this.sets.delete(ref)
  }

  /** Takes the latest set of one reference; only services that draw on it are built anew. */
  useSet(ref: string, set: EndpointSet): void {
    this.sets.set(ref, set)
    const readers = this.readers.get(ref)
    if (readers === undefined) return
    const { table, revision } = this.current
    const services = [...this.current.services]
    for (const place of readers) services[place] = this.book.build((services[place] as ServiceEndpoints).config, this.setOf)
    this.swap({ revision, table, services })
  }

  private swap(snapshot: Snapshot): void {
    this.current = snapshot
    this.onSwap(snapshot)
  }
}

function readersOf(table: Table): ReadonlyMap<string, readonly number[]> {
  const readers = new Map<string, number[]>()
  for (const [place, { from }] of table.services.entries()) {
    for (const ref of new Set(from)) {
      const known = readers.get(ref)
      if (known === undefined) readers.set(ref, [place])
      else known.push(place)
    }
  }
  return readers
}
