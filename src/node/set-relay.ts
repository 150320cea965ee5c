// Which set goes to whom, and when: held for the table that is made of it, kept for people until they look, or passed on to
// whoever serves.
import type { EndpointSet, RefSets } from '../model/endpoint.ts'
import type { Table } from '../model/route.ts'
import type { Revision, Snapshot } from '../model/snapshot.ts'
import type { Snapshots } from '../proxy/snapshots.ts'
import { reweigh } from '../tags/weights.ts'

export interface SetRelayOptions {
  readonly snapshots: Snapshots
  /** What is known of a reference. */
  readonly get: (ref: string) => EndpointSet
  /** Whether a set waits for a table that is made of its tags, see `TagFeed`. */
  readonly waits: (ref: string) => boolean
  /** Registries whose tags make routes, and weights. */
  readonly tagged: readonly string[]
  /** Tells whoever serves. */
  readonly tell: (ref: string, set: EndpointSet) => void
}

/** The way of endpoint sets from the hub to whoever serves. */
export class SetRelay {
  private readonly options: SetRelayOptions
  /** Their sets wait for the table that is made of them. */
  private readonly held = new Set<string>()
  /** Sets that the snapshot has not: what to pick from is built for a reader, and only people read it in this process. */
  private readonly unseen = new Map<string, EndpointSet>()

  constructor(options: SetRelayOptions) {
    this.options = options
  }

  /** The set of a reference with the weights that its tags ask for. */
  setOf(ref: string, set: EndpointSet = this.options.get(ref)): EndpointSet {
    return this.options.tagged.includes(ref.slice(0, ref.indexOf('/'))) ? reweigh(set) : set
  }

  /** A registry said something else of a reference. */
  changed(ref: string): void {
    if (this.options.waits(ref)) this.held.add(ref)
    else if (!this.held.has(ref)) this.passOn(ref)
  }

  /** What these references say changes nothing of the table. */
  release(refs: readonly string[]): void {
    for (const ref of refs) {
      this.held.delete(ref)
      this.passOn(ref)
    }
  }

  /** A table was made of these sets; `inForce` says whether it is now in force, and they with it. */
  tableMadeOf(sets: RefSets, inForce: boolean): void {
    for (const [ref, set] of sets) {
      this.held.delete(ref)
      // What was said since is looked at anew.
      if (this.options.get(ref) !== set) this.changed(ref)
      else if (!inForce) this.release([ref])
    }
  }

  /** Sets that a table begins with: those it was made of, and those of references that are watched already and that it is the first to name. */
  setsWith({ services }: Table, brought: RefSets): RefSets {
    const { snapshots } = this.options
    const sets = new Map(brought)
    const refs = [...new Set(services.flatMap(({ from }) => from))].filter((ref) => sets.has(ref) || !snapshots.uses(ref))
    return refs.map((ref) => [ref, this.setOf(ref, sets.get(ref))] as const).filter(([, set]) => isKnown(set))
  }

  /** Puts a table in force here. */
  useTable(table: Table, revision: Revision, sets: RefSets): void {
    this.options.snapshots.useTable(table, revision, [...this.unseen, ...sets])
    this.unseen.clear()
  }

  /** The snapshot with every set that came since it was last looked at. */
  look(): Snapshot {
    const { snapshots } = this.options
    for (const [ref, set] of this.unseen) snapshots.useSet(ref, set)
    this.unseen.clear()
    return snapshots.current
  }

  private passOn(ref: string): void {
    if (!this.options.snapshots.uses(ref)) return
    const set = this.setOf(ref)
    if (!isKnown(set)) return
    this.unseen.set(ref, set)
    this.options.tell(ref, set)
  }
}

/** Something was said, be it that nothing can be known. */
function isKnown(set: EndpointSet): boolean {
  return set.kind !== 'pending' || set.cause !== undefined
}
