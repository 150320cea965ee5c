// Keeps the present snapshot: a table and the endpoints of its services, replaced whole whenever either changes.
import type { EndpointSet } from '../model/endpoint.ts'
import type { Table } from '../model/route.ts'
import type { Revision, Snapshot } from '../model/snapshot.ts'
import { compileTable } from '../route/compile.ts'
import type { EndpointBook } from './endpoints.ts'

const PENDING: EndpointSet = { kind: 'pending' }
const NOTHING: Revision = { number: 0, hash: '', origin: 'none', at: 0 }

export class Snapshots {
  /** What a request that starts now sees. Before the first table it is an empty one. */
  current: Snapshot = { revision: NOTHING, table: compileTable({ callers: [], services: [], routes: [] }), services: [] }
  private readonly sets = new Map<string, EndpointSet>()
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
    return [...new Set(this.current.table.services.flatMap(({ from }) => from))]
  }

  /** Takes a compiled table whole, swapped in between two requests. */
  useTable(table: Table, revision: Revision): void {
    this.swap({ revision, table, services: table.services.map((service) => this.book.build(service, this.setOf)) })
    this.book.retain(new Set(table.services.map(({ name }) => name)))
    const used = new Set(this.refs)
    for (const ref of this.sets.keys()) if (!used.has(ref)) this.sets.delete(ref)
  }

  /** Takes the latest set of one reference; only services that draw on it are built anew. */
  useSet(ref: string, set: EndpointSet): void {
    this.sets.set(ref, set)
    const { table, revision, services } = this.current
    if (!table.services.some(({ from }) => from.includes(ref))) return
    this.swap({ revision, table, services: services.map((service) => (service.config.from.includes(ref) ? this.book.build(service.config, this.setOf) : service)) })
  }

  private swap(snapshot: Snapshot): void {
    this.current = snapshot
    this.onSwap(snapshot)
  }
}
