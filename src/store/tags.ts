// The route store over tags: follows the catalogues of registries and the endpoints of the services that carry routes, and
// puts what they say behind the table of another store, if there is one.
import type { Catalog, CatalogService } from '../model/catalog.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { RouteStore, StoreEvent } from '../model/store.ts'
import type { CatalogStatus, RefusedTag } from '../model/tagged.ts'
import { type ListedService, TagCatalogs } from './tag-catalogs.ts'
import { isTold, type TagRules, TagTables, type WrittenTable } from './tag-tables.ts'
import { createWake } from './wake.ts'

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
  const { base, feed, platform, rules } = options
  const wake = createWake(platform)
  const catalogs = new TagCatalogs({ platform, catalogs: options.catalogs, wanted: rules.wanted, want })
  const tables = new TagTables(platform, rules, (ref) => feed.get(ref))
  /** References whose sets are held. */
  const due = new Set<string>()
  /** Origin of the other store's table by the origin of both. */
  const origins = new Map<string, string>()
  let written: WrittenTable | undefined
  let baseSaid = base === undefined
  /** When there was first something to wait by: a registry that is back after hours gets its patience, too. */
  let knownSince: number | undefined

  function want(services: readonly ListedService[]): void {
    const named = new Set(written?.table.services.flatMap(({ from }) => from))
    feed.want(services.map(({ ref }) => ref), new Set(services.flatMap(({ ref, unlisted }) => (unlisted && !named.has(ref) ? [ref] : []))))
  }

  /** Whether enough is known for a table; once there was one, always. */
  function isReady(): boolean {
    if (tables.isMade) return true
    if (!baseSaid || (!catalogs.someKnown && written === undefined)) return false
    knownSince ??= platform.now()
    if (platform.now() - knownSince > PATIENCE) return true
    return catalogs.allSpoke && catalogs.services().every(({ ref }) => isTold(feed.get(ref)))
  }

  async function* watch(signal: AbortSignal): AsyncGenerator<StoreEvent> {
    const queue: StoreEvent[] = []
    catalogs.remember((await options.last?.()) ?? new Map())
    const running = [catalogs.follow(signal, wake.ring)]
    if (base !== undefined) running.push(collect(base, signal, queue, wake.ring))
    while (!signal.aborted) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        if (event.kind === 'table') written = event
        else yield event
        baseSaid = true
      }
      const held = [...due]
      due.clear()
      catalogs.settle((ref) => tables.isSilent(ref))
      const made = isReady() ? tables.make(catalogs.services(), written) : undefined
      if (made === undefined) feed.release(held)
      else {
        const origin = originOf(written?.origin, options.catalogs)
        if (written !== undefined) origins.set(origin, written.origin)
        yield { kind: 'table', table: made, origin, sets: held.map((ref) => [ref, feed.get(ref)]) }
        await platform.sleep(GAP, signal)
      }
      // Until everything is known, somebody must look whether patience is over.
      if (queue.length === 0) await wake.wait(tables.isMade ? 60_000 : 100, signal)
    }
    await Promise.all(running)
  }

  return {
    watch,
    changed(ref) {
      // Before the first table nothing is in force that could go with it.
      if (!tables.isMade) wake.ring()
      if (!tables.isMade || !(tables.saysNews(ref) ?? catalogs.services().some((service) => service.ref === ref))) return false
      due.add(ref)
      wake.ring()
      return true
    },
    refused: () => tables.refused,
    catalogs: () => catalogs.status(),
    async acknowledge(origin, status, detail) {
      const own = origins.get(origin)
      if (own !== undefined) await base?.acknowledge?.(own, status, detail)
    },
  }
}

/** The other store's events, in order. */
async function collect(base: RouteStore, signal: AbortSignal, queue: StoreEvent[], ring: () => void): Promise<void> {
  for await (const event of base.watch(signal)) {
    queue.push(event)
    ring()
  }
}

function originOf(written: string | undefined, catalogs: ReadonlyMap<string, Catalog>): string {
  const tags = `tags:${[...catalogs.keys()].join(',')}`
  return written === undefined ? tags : `${written} ${tags}`
}
