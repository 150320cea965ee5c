// The route store over tags: follows the catalogues of registries and the endpoints of the services that carry routes, and
// puts what they say behind the table of another store, if there is one.
import type { Catalog, CatalogService } from '../model/catalog.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { RouteStore, StoreEvent } from '../model/store.ts'
import type { CatalogStatus, RefusedTag } from '../model/tagged.ts'
import { type ListedService, TagCatalogs } from './tag-catalogs.ts'
import { isTold, type TagRules, TagTables, type WrittenTable } from './tag-tables.ts'
import { createWake, type Wake } from './wake.ts'

/** Least time between two tables, milliseconds: the first change after a calm counts at once, a storm four times a second. */
const GAP = 250
/** What the first table waits for: every catalogue and every service that carries routes. Milliseconds. */
const PATIENCE = 2000

/**
 * Who watches the endpoints of services. A set whose tags say something new must not be used before the table that is made of it,
 * nor after: instances that left a part of a service would leave that part without any. So it is held until the store has given
 * that table, which brings it along, or has said that there is none.
 */
export interface TagFeed {
  /**
   * Makes these the references that are watched for their tags. `unlisted` are those of them that a registry lists no more and that nothing else names: they are used
   * while they have endpoints, and a restart is not to remember them.
   */
  want(refs: readonly string[], unlisted: ReadonlySet<string>): void
  /** `pending` for what is not watched. */
  get(ref: string): EndpointSet
  /** The sets of these references changed nothing of the table: they may be used. */
  release(refs: readonly string[]): void
}

export interface TagStoreOptions {
  readonly platform: Platform
  /** By the name of the registry, in order of precedence. */
  readonly catalogs: ReadonlyMap<string, Catalog>
  /** Those of them that may not be there at all; see `TagCatalogsOptions`. */
  readonly lookedFor?: ReadonlySet<string>
  /** What each is known to hold from before; asked once. Never rejects. */
  readonly last?: () => Promise<ReadonlyMap<string, readonly CatalogService[]>>
  readonly rules: TagRules
  readonly feed: TagFeed
  /** Its table comes first. */
  readonly base?: RouteStore
}

export interface TagStore extends RouteStore {
  /** A set of the feed is another. True when it is to be held; see `TagFeed`. */
  changed(ref: string): boolean
  /** Tags refused in the table that was made last. */
  refused(): readonly RefusedTag[]
  /** In the order of the registries. */
  catalogs(): readonly CatalogStatus[]
}

/** A route store on tags, with origin `tags:consul`. One watch at a time. */
export function tagStore(options: TagStoreOptions): TagStore {
  return new StoreOfTags(options)
}

class StoreOfTags implements TagStore {
  readonly #options: TagStoreOptions
  readonly #wake: Wake
  readonly #catalogs: TagCatalogs
  readonly #tables: TagTables
  /** References whose sets are held. */
  readonly #due = new Set<string>()
  /** Origin of the other store's table by the origin of both. */
  readonly #origins = new Map<string, string>()
  #written: WrittenTable | undefined
  #baseSaid: boolean
  /** When there was first something to wait by: a registry that is back after hours gets its patience, too. */
  #knownSince: number | undefined

  constructor(options: TagStoreOptions) {
    const { base, catalogs, feed, lookedFor = new Set<string>(), platform, rules } = options
    this.#options = options
    this.#wake = createWake(platform)
    this.#catalogs = new TagCatalogs({ platform, catalogs, lookedFor, wanted: rules.wanted, want: (services) => this.#want(services) })
    this.#tables = new TagTables(platform, rules, (ref) => feed.get(ref))
    this.#baseSaid = base === undefined
  }

  async *watch(signal: AbortSignal): AsyncGenerator<StoreEvent> {
    const { base, last, platform } = this.#options
    const queue: StoreEvent[] = []
    this.#catalogs.remember((await last?.()) ?? new Map())
    const running = [this.#catalogs.follow(signal, this.#wake.ring)]
    if (base !== undefined) running.push(collect(base, signal, queue, this.#wake.ring))
    while (!signal.aborted) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        if (event.kind === 'table') this.#written = event
        else yield event
        this.#baseSaid = true
      }
      const made = this.#make()
      if (made !== undefined) {
        yield made
        await platform.sleep(GAP, signal)
      }
      // Until everything is known, somebody must look whether patience is over.
      if (queue.length === 0) await this.#wake.wait(this.#tables.isMade ? 60_000 : 100, signal)
    }
    await Promise.all(running)
  }

  changed(ref: string): boolean {
    // Before the first table nothing is in force that could go with it.
    if (!this.#tables.isMade) this.#wake.ring()
    if (!this.#tables.isMade || !(this.#tables.saysNews(ref) ?? this.#catalogs.services().some((service) => service.ref === ref))) return false
    this.#due.add(ref)
    this.#wake.ring()
    return true
  }

  refused(): readonly RefusedTag[] {
    return this.#tables.refused
  }

  catalogs(): readonly CatalogStatus[] {
    return this.#catalogs.status()
  }

  async acknowledge(origin: string, status: 'applied' | 'rejected', detail: string): Promise<void> {
    const own = this.#origins.get(origin)
    if (own !== undefined) await this.#options.base?.acknowledge?.(own, status, detail)
  }

  /** A table that is another one, with the sets that were held for it; else these are let go. */
  #make(): StoreEvent | undefined {
    const { feed } = this.#options
    const held = [...this.#due]
    this.#due.clear()
    this.#catalogs.settle((ref) => this.#tables.isSilent(ref))
    const made = this.#isReady() ? this.#tables.make(this.#catalogs.services(), this.#written) : undefined
    if (made === undefined) {
      feed.release(held)
      return undefined
    }
    const origin = originOf(this.#written?.origin, this.#catalogs.shown)
    if (this.#written !== undefined) this.#origins.set(origin, this.#written.origin)
    return { kind: 'table', table: made, origin, sets: held.map((ref) => [ref, feed.get(ref)]) }
  }

  /** Whether enough is known for a table; once there was one, always. */
  #isReady(): boolean {
    const { feed, platform } = this.#options
    if (this.#tables.isMade) return true
    if (!this.#baseSaid || (!this.#catalogs.someKnown && this.#written === undefined)) return false
    this.#knownSince ??= platform.now()
    if (platform.now() - this.#knownSince > PATIENCE) return true
    return this.#catalogs.allSpoke && this.#catalogs.services().every(({ ref }) => isTold(feed.get(ref)))
  }

  #want(services: readonly ListedService[]): void {
    const named = new Set(this.#written?.table.services.flatMap(({ from }) => from))
    this.#options.feed.want(services.map(({ ref }) => ref), new Set(services.flatMap(({ ref, unlisted }) => (unlisted && !named.has(ref) ? [ref] : []))))
  }
}

/** The other store's events, in order. */
async function collect(base: RouteStore, signal: AbortSignal, queue: StoreEvent[], ring: () => void): Promise<void> {
  for await (const event of base.watch(signal)) {
    queue.push(event)
    ring()
  }
}

function originOf(written: string | undefined, registries: readonly string[]): string {
  const tags = `tags:${registries.join(',')}`
  return written === undefined ? tags : `${written} ${tags}`
}
