// The route store over tags: follows the catalogues of registries and the endpoints of the services that carry routes, and
// puts what they say behind the table of another store, if there is one.
import type { Catalog, CatalogService, CatalogSet } from '../model/catalog.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Attempt } from '../model/discoverer.ts'
import type { EndpointSet } from '../model/endpoint.ts'
import type { Platform } from '../model/platform.ts'
import type { RouteStore, StoreEvent } from '../model/store.ts'
import type { CatalogStatus, RefusedTag, TaggedInstance, TaggedService, TagTable } from '../model/tagged.ts'
import { createWake } from './wake.ts'

/** Least time between two tables, milliseconds: the first change after a calm counts at once, a storm four times a second. */
const GAP = 250
/** What the first table waits for: every catalogue and every service that carries routes. Milliseconds. */
const PATIENCE = 2000
/** Refused tags that are logged from one table. */
const LOGGED = 20

/** What tags mean; src/tags has it. */
interface TagRules {
  readonly wanted: (labels: readonly string[]) => boolean
  readonly instancesOf: (set: EndpointSet) => readonly TaggedInstance[]
  readonly assemble: (services: readonly TaggedService[]) => TagTable
  readonly merge: (written: TableConfig, tagged: TableConfig) => TableConfig
}

/**
 * Who watches the endpoints of services. A set whose tags say something new must not be used before the table that is made of it,
 * nor after: instances that left a part of a service would leave that part without any. So it is held until the store has given
 * that table, which brings it along, or has said that there is none.
 */
export interface TagFeed {
  /** Makes these the references that are watched for their tags. */
  want(refs: readonly string[]): void
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
  const { base, platform } = options
  const wake = createWake(platform)
  const state = new Following(options)
  /** Origin of the other store's table by the origin of both. */
  const origins = new Map<string, string>()

  async function* watch(signal: AbortSignal): AsyncGenerator<StoreEvent> {
    const queue: StoreEvent[] = []
    const { feed } = options
    state.remember((await options.last?.()) ?? new Map())
    const running = [...options.catalogs].map(([registry, catalog]) => state.follow(registry, catalog, signal, wake.ring))
    if (base !== undefined) running.push(collect(base, signal, queue, wake.ring))
    while (!signal.aborted) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        if (event.kind === 'table') state.written = event
        else yield event
        state.baseSaid = true
      }
      const due = [...state.due]
      state.due.clear()
      const made = state.isReady(platform.now()) ? state.make() : undefined
      if (made === undefined) feed.release(due)
      else {
        const origin = originOf(state.written?.origin, options.catalogs)
        if (state.written !== undefined) origins.set(origin, state.written.origin)
        yield { kind: 'table', table: made, origin, sets: due.map((ref) => [ref, feed.get(ref)]) }
        await platform.sleep(GAP, signal)
      }
      // Until everything is known, somebody must look whether patience is over.
      if (queue.length === 0) await wake.wait(state.isMade ? 60_000 : 100, signal)
    }
    await Promise.all(running)
  }

  return {
    watch,
    changed(ref) {
      // Before the first table nothing is in force that could go with it.
      if (!state.isMade) wake.ring()
      if (!state.isMade || !state.saysNews(ref)) return false
      state.due.add(ref)
      wake.ring()
      return true
    },
    refused: () => state.refused,
    catalogs: () => state.status(),
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

/** What is known, and the table made of it. */
class Following {
  written: Extract<StoreEvent, { kind: 'table' }> | undefined
  baseSaid = false
  /** References whose sets are held. */
  readonly due = new Set<string>()
  refused: readonly RefusedTag[] = []
  readonly #options: TagStoreOptions
  readonly #catalogs = new Map<string, CatalogSet>()
  /** Wall clock of the last believed answer of each registry. */
  readonly #believed = new Map<string, number>()
  readonly #instances = new WeakMap<EndpointSet, readonly TaggedInstance[]>()
  /** What each reference said in the last table. */
  #said = new Map<string, string>()
  #made = ''
  /** When there was first something to wait by: a registry that is back after hours gets its patience, too. */
  #knownSince: number | undefined
  #tagged: TableConfig | undefined
  #told = new Set<string>()
  #last: ReadonlyMap<string, readonly CatalogService[]> = new Map()

  constructor(options: TagStoreOptions) {
    this.#options = options
  }

  /** Takes what is known from before as a stale list. */
  remember(last: ReadonlyMap<string, readonly CatalogService[]>): void {
    this.#last = last
    for (const [registry, services] of last) {
      if (services.length > 0) this.#catalogs.set(registry, { kind: 'stale', services, at: 0, cause: { outcome: 'disk', message: 'the registry has not answered yet since the last run' } })
    }
    this.#want()
  }

  get isMade(): boolean {
    return this.#made !== ''
  }

  async follow(registry: string, catalog: Catalog, signal: AbortSignal, ring: () => void): Promise<void> {
    const last = this.#last.get(registry)
    const observe = ({ believed, at }: Attempt): void => void (believed && this.#believed.set(registry, at))
    for await (const set of catalog.watch(signal, { wanted: this.#options.rules.wanted, observe, ...(last === undefined ? {} : { last }) })) {
      this.#report(registry, this.#catalogs.get(registry), set)
      this.#catalogs.set(registry, set)
      this.#want()
      ring()
    }
  }

  status(): readonly CatalogStatus[] {
    return [...this.#options.catalogs.keys()].map((registry) => {
      const set = this.#catalogs.get(registry) ?? { kind: 'pending' as const }
      const [at, cause] = [this.#believed.get(registry), set.kind === 'ready' ? undefined : set.cause]
      const mode = cause === undefined || set.kind === 'pending' ? (set.kind === 'ready' ? 'live' : 'pending') : cause.outcome === 'failed' ? 'stale' : cause.outcome
      return { registry, mode, services: set.kind === 'pending' ? 0 : set.services.length, ...(at === undefined ? {} : { lastSuccess: at }), ...(cause === undefined ? {} : { cause: cause.message }) }
    })
  }

  /** Whether enough is known for a table; once there was one, always. */
  isReady(now: number): boolean {
    if (this.isMade) return true
    const { base, catalogs, feed } = this.#options
    if (base !== undefined && !this.baseSaid) return false
    const known = [...this.#catalogs.values()].some(({ kind }) => kind !== 'pending')
    if (!known && this.written === undefined) return false
    this.#knownSince ??= now
    if (now - this.#knownSince > PATIENCE) return true
    return this.#catalogs.size === catalogs.size && this.#services().every(({ ref }) => isTold(feed.get(ref)))
  }

  /** The table, when it is another than the last. */
  make(): TableConfig | undefined {
    const { rules, platform } = this.#options
    const services = this.#taggedServices()
    const said = new Map(services.map(({ ref, instances }) => [ref, sayingOf(instances)]))
    if (this.#tagged === undefined || !isSame(said, this.#said)) {
      const { table, refused } = rules.assemble(services)
      this.#said = said
      this.#tagged = table
      this.refused = refused
      this.#tell(platform)
    }
    const table = this.written === undefined ? this.#tagged : rules.merge(this.written.table, this.#tagged)
    // The other store's origin counts too: a publisher waits for the word on each version.
    const made = `${this.written?.origin ?? ''}\n${JSON.stringify(table)}`
    if (made === this.#made) return undefined
    this.#made = made
    return table
  }

  /** Whether the set of a reference says something else than in the last table. */
  saysNews(ref: string): boolean {
    const before = this.#said.get(ref)
    if (before === undefined) return this.#services().some((service) => service.ref === ref)
    return sayingOf(this.#instancesOf(this.#options.feed.get(ref))) !== before
  }

  #taggedServices(): readonly TaggedService[] {
    return this.#services().map(({ ref, name, registry }) => ({ registry, ref, name, instances: this.#instancesOf(this.#options.feed.get(ref)) }))
  }

  #instancesOf(set: EndpointSet): readonly TaggedInstance[] {
    const known = this.#instances.get(set) ?? this.#options.rules.instancesOf(set)
    this.#instances.set(set, known)
    return known
  }

  #services(): readonly (CatalogService & { readonly registry: string })[] {
    return [...this.#options.catalogs.keys()].flatMap((registry) => {
      const set = this.#catalogs.get(registry)
      return set === undefined || set.kind === 'pending' ? [] : set.services.map((service) => ({ ...service, registry }))
    })
  }

  #want(): void {
    this.#options.feed.want(this.#services().map(({ ref }) => ref))
  }

  #report(registry: string, before: CatalogSet | undefined, set: CatalogSet): void {
    const { platform } = this.#options
    if (set.kind === 'ready') return platform.log('info', `${registry}: ${set.services.length} services carry routes`, { registry, services: set.services.length })
    const message = set.cause?.message ?? 'not asked'
    const was = before?.kind === 'ready' || before === undefined ? '' : (before.cause?.message ?? '')
    if (message !== was) platform.log('warn', `${registry}: the services cannot be listed; ${set.kind === 'stale' ? `going on with the ${set.services.length} known from before` : 'no routes yet'}: ${message}`, { registry })
  }

  /** Each refused tag once. */
  #tell(platform: Platform): void {
    const keys = new Map(this.refused.map((tag) => [`${tag.registry} ${tag.service} ${tag.tag} ${tag.reason}`, tag]))
    const fresh = [...keys].filter(([key]) => !this.#told.has(key))
    for (const [, { registry, service, tag, reason, kind, count }] of fresh.slice(0, LOGGED)) {
      platform.log(kind === 'note' ? 'info' : 'warn', kind === 'note' ? 'a part of a tag means nothing here' : 'a tag was refused', { registry, service, instances: count, tag, reason })
    }
    if (fresh.length > LOGGED) platform.log('warn', `${fresh.length - LOGGED} more tags were refused`, {})
    this.#told = new Set(keys.keys())
  }
}

const sayings = new WeakMap<readonly TaggedInstance[], string>()

/** What of the instances may matter to a table. */
function sayingOf(instances: readonly TaggedInstance[]): string {
  const known = sayings.get(instances) ?? JSON.stringify(instances.map(({ id, labels, port, usable }) => [id, labels, port, usable]))
  sayings.set(instances, known)
  return known
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

function isTold(set: EndpointSet): boolean {
  return set.kind !== 'pending' || set.cause !== undefined
}
