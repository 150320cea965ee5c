// The tables of the route store over tags: made of what the instances of services say, and only when they say something new.
import type { TableConfig } from '../model/table-config.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { StoreEvent } from '../model/store.ts'
import type { RefusedTag, TaggedInstance, TaggedService, TagTable } from '../model/tagged.ts'
import type { ListedService } from './tag-catalogs.ts'

/** Refused tags that are logged from one table. */
const LOGGED = 20

/** What tags mean; src/tags has it. */
export interface TagRules {
  readonly wanted: (labels: readonly string[]) => boolean
  readonly instancesOf: (set: EndpointSet) => readonly TaggedInstance[]
  readonly assemble: (services: readonly TaggedService[]) => TagTable
  readonly merge: (written: TableConfig, tagged: TableConfig) => TableConfig
}

/** A table of the store whose routes come first. */
export type WrittenTable = Extract<StoreEvent, { kind: 'table' }>

/** The present table of all tags, and what was refused of them. */
export class TagTables {
  refused: readonly RefusedTag[] = []
  readonly #platform: Platform
  readonly #rules: TagRules
  readonly #setOf: (ref: string) => EndpointSet
  readonly #instances = new WeakMap<EndpointSet, readonly TaggedInstance[]>()
  /** What each reference said in the last table. */
  #said = new Map<string, Said>()
  #made = ''
  #tagged: TableConfig | undefined
  #told = new Set<string>()

  constructor(platform: Platform, rules: TagRules, setOf: (ref: string) => EndpointSet) {
    this.#platform = platform
    this.#rules = rules
    this.#setOf = setOf
  }

  get isMade(): boolean {
    return this.#made !== ''
  }

  /** The table, when it is another than the last. */
  make(listed: readonly ListedService[], written: WrittenTable | undefined): TableConfig | undefined {
    const services = listed.map(({ ref, name, registry, unlisted }) => ({ registry, ref, name, unlisted, instances: this.#instancesOf(ref) }))
    const said = new Map(services.map(({ ref, name, unlisted, instances }) => [ref, { name, unlisted, saying: sayingOf(instances) }]))
    if (this.#tagged === undefined || !isSame(said, this.#said)) {
      const { table, refused } = this.#rules.assemble(services)
      this.#said = said
      this.#tagged = table
      this.refused = refused
      this.#tell()
    }
    const table = written === undefined ? this.#tagged : this.#rules.merge(written.table, this.#tagged)
    // The other store's origin counts too: a publisher waits for the word on each version.
    const made = `${written?.origin ?? ''}\n${JSON.stringify(table)}`
    if (made === this.#made) return undefined
    this.#made = made
    return table
  }

  /** Whether the set of a reference says something else than in the last table; undefined for one that was not part of it. */
  saysNews(ref: string): boolean | undefined {
    const before = this.#said.get(ref)
    return before === undefined ? undefined : sayingOf(this.#instancesOf(ref)) !== before.saying
  }

  /** Whether something is known of a reference, and no route in it. */
  isSilent(ref: string): boolean {
    return isTold(this.#setOf(ref)) && this.#instancesOf(ref).every(({ labels }) => labels.length === 0)
  }

  #instancesOf(ref: string): readonly TaggedInstance[] {
    const set = this.#setOf(ref)
    const known = this.#instances.get(set) ?? this.#rules.instancesOf(set)
    this.#instances.set(set, known)
    return known
  }

  /** Each refused tag once. */
  #tell(): void {
    const keys = new Map(this.refused.map((tag) => [`${tag.registry} ${tag.service} ${tag.tag} ${tag.reason}`, tag]))
    const fresh = [...keys].filter(([key]) => !this.#told.has(key))
    for (const [, { registry, service, tag, reason, kind, count }] of fresh.slice(0, LOGGED)) {
      this.#platform.log(kind === 'note' ? 'info' : 'warn', kind === 'note' ? 'a part of a tag means nothing here' : 'a tag was refused', { registry, service, instances: count, tag, reason })
    }
    if (fresh.length > LOGGED) this.#platform.log('warn', `${fresh.length - LOGGED} more tags were refused`, {})
    this.#told = new Set(keys.keys())
  }
}

/** What is known of one reference, in so far as it may matter to a table. */
interface Said {
  readonly name: string
  readonly unlisted: boolean
  readonly saying: string
}

/** Whether anything was said of a reference, be it that nothing can be known. */
export function isTold(set: EndpointSet): boolean {
  return set.kind !== 'pending' || set.cause !== undefined
}

const sayings = new WeakMap<readonly TaggedInstance[], string>()

/** What of the instances may matter to a table. */
function sayingOf(instances: readonly TaggedInstance[]): string {
  const known = sayings.get(instances) ?? JSON.stringify(instances.map(({ id, labels, port, usable }) => [id, labels, port, usable]))
  sayings.set(instances, known)
  return known
}

function isSame(a: ReadonlyMap<string, Said>, b: ReadonlyMap<string, Said>): boolean {
  const isLike = (one: Said, other: Said | undefined): boolean => one.saying === other?.saying && one.name === other.name && one.unlisted === other.unlisted
  return a.size === b.size && [...a].every(([ref, one]) => isLike(one, b.get(ref)))
}
