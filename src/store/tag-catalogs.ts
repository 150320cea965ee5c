// The catalogues of registries as the route store over tags follows them: which services carry routes, and how well that is known.
import type { Catalog, CatalogService, CatalogSet } from '../model/catalog.ts'
import type { Attempt } from '../model/discoverer.ts'
import type { Platform } from '../model/platform.ts'
import type { CatalogStatus } from '../model/tagged.ts'

/** Services that a registry lists no more and that are still used; beyond, those that left the list first are let go. */
const MAX_UNLISTED = 1000

export interface TagCatalogsOptions {
  readonly platform: Platform
  /** By the name of the registry, in order of precedence. */
  readonly catalogs: ReadonlyMap<string, Catalog>
  /** Those of them that may not be there at all: while another one is, nothing is said of them, and nothing waits for them, before they have answered. */
  readonly lookedFor?: ReadonlySet<string>
  /** Whether a service with these labels may carry routes. */
  readonly wanted: (labels: readonly string[]) => boolean
  /** Told which services carry routes, whenever that may have changed. */
  readonly want: (services: readonly ListedService[]) => void
}

/** A service that carries routes, and whose it is. `unlisted`: it is listed no more, and goes on until its own watch says that it is gone. */
export type ListedService = CatalogService & { readonly registry: string; readonly unlisted: boolean }

/** All catalogues of one store. */
export class TagCatalogs {
  readonly #options: TagCatalogsOptions
  readonly #sets = new Map<string, CatalogSet>()
  /**
   * What a list lacks, by registry and reference. One of many is no sudden loss for a catalogue, but may be all that a route has (a node that missed its heartbeat
   * takes all instances of one service along), and the guard of its endpoints is there for that.
   */
  readonly #unlisted = new Map<string, ReadonlyMap<string, CatalogService>>()
  /** Those that were looked for and are there. */
  readonly #found = new Set<string>()
  /** Wall clock of the last believed answer of each registry. */
  readonly #believed = new Map<string, number>()
  #last: ReadonlyMap<string, readonly CatalogService[]> = new Map()

  constructor(options: TagCatalogsOptions) {
    this.#options = options
  }

  /** Takes what is known from before as a stale list. */
  remember(last: ReadonlyMap<string, readonly CatalogService[]>): void {
    this.#last = last
    for (const [registry, services] of last) {
      if (services.length > 0) this.#hear(registry, { kind: 'stale', services, at: 0, cause: { outcome: 'disk', message: 'the registry has not answered yet since the last run' } })
    }
    this.#want()
  }

  /** Follows every catalogue until aborted; `ring` is called whenever one has spoken. */
  async follow(signal: AbortSignal, ring: () => void): Promise<void> {
    await Promise.all([...this.#options.catalogs].map(async ([registry, catalog]) => this.#followOne(registry, catalog, signal, ring)))
  }

  /** Some registry has listed its services, now or before. */
  get someKnown(): boolean {
    return [...this.#sets.values()].some(({ kind }) => kind !== 'pending')
  }

  /** Each registry has said something, be it that it cannot be asked. */
  get allSpoke(): boolean {
    return this.shown.every((registry) => this.#sets.has(registry))
  }

  /** The registries of which something is said, in order. */
  get shown(): readonly string[] {
    const all = [...this.#options.catalogs.keys()]
    const there = all.filter((registry) => this.#options.lookedFor?.has(registry) !== true || this.#found.has(registry))
    return there.length === 0 ? all : there
  }

  services(): readonly ListedService[] {
    return [...this.#options.catalogs.keys()].flatMap((registry) => {
      const unlisted = [...(this.#unlisted.get(registry)?.values() ?? [])]
      return [...servicesOf(this.#sets.get(registry)).map((service) => ({ ...service, registry, unlisted: false })), ...unlisted.map((service) => ({ ...service, registry, unlisted: true }))]
    })
  }

  /** Lets go of those that are listed no more and `gone`. */
  settle(gone: (ref: string) => boolean): void {
    let changed = false
    for (const [registry, services] of this.#unlisted) {
      const rest = [...services].filter(([ref]) => !gone(ref))
      if (rest.length === services.size) continue
      this.#unlisted.set(registry, new Map(rest))
      changed = true
    }
    if (changed) this.#want()
  }

  status(): readonly CatalogStatus[] {
    return this.shown.map((registry) => {
      const set = this.#sets.get(registry) ?? { kind: 'pending' as const }
      const [at, cause] = [this.#believed.get(registry), set.kind === 'ready' ? undefined : set.cause]
      const mode = cause === undefined || set.kind === 'pending' ? (set.kind === 'ready' ? 'live' : 'pending') : cause.outcome === 'failed' ? 'stale' : cause.outcome
      return { registry, mode, services: set.kind === 'pending' ? 0 : set.services.length, ...(at === undefined ? {} : { lastSuccess: at }), ...(cause === undefined ? {} : { cause: cause.message }) }
    })
  }

  async #followOne(registry: string, catalog: Catalog, signal: AbortSignal, ring: () => void): Promise<void> {
    const last = this.#last.get(registry)
    const observe = ({ believed, at }: Attempt): void => void (believed && this.#believed.set(registry, at))
    for await (const set of catalog.watch(signal, { wanted: this.#options.wanted, observe, ...(last === undefined ? {} : { last }) })) {
      const before = this.#sets.get(registry)
      this.#part(registry, set)
      this.#hear(registry, set)
      this.#report(registry, before, set)
      this.#want()
      ring()
    }
  }

  #hear(registry: string, set: CatalogSet): void {
    this.#sets.set(registry, set)
    // One that cannot be asked may be something else that listens there; one that refuses is what was looked for.
    if (set.kind !== 'pending' || set.cause?.outcome === 'denied') this.#found.add(registry)
  }

  /** Finds who left with a new list, and who is back. */
  #part(registry: string, set: CatalogSet): void {
    if (set.kind === 'pending') return
    const unlisted = new Map(this.#unlisted.get(registry))
    for (const service of servicesOf(this.#sets.get(registry))) unlisted.set(service.ref, service)
    for (const { ref } of set.services) unlisted.delete(ref)
    this.#unlisted.set(registry, new Map([...unlisted].slice(-MAX_UNLISTED)))
  }

  #want(): void {
    this.#options.want(this.services())
  }

  #report(registry: string, before: CatalogSet | undefined, set: CatalogSet): void {
    const { platform } = this.#options
    if (!this.shown.includes(registry)) return
    if (set.kind === 'ready') return platform.log('info', `${registry}: ${set.services.length} services carry routes`, { registry, services: set.services.length })
    const message = set.cause?.message ?? 'not asked'
    const was = before?.kind === 'ready' || before === undefined ? '' : (before.cause?.message ?? '')
    if (message !== was) platform.log('warn', `${registry}: the services cannot be listed; ${set.kind === 'stale' ? `going on with the ${set.services.length} known from before` : 'no routes yet'}: ${message}`, { registry })
  }
}

function servicesOf(set: CatalogSet | undefined): readonly CatalogService[] {
  return set === undefined || set.kind === 'pending' ? [] : set.services
}
