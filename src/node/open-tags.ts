// The store on tags of a configuration: the catalogues of the registries that it names, and what the last run knew of them.
import { adapters } from '../../discovery/list.ts'
import type { SetMemory } from '../../discovery/memory.ts'
import type { Catalog, CatalogService } from '../model/catalog.ts'
import type { Config } from '../model/config.ts'
import { parseRef } from '../model/discoverer.ts'
import type { Platform } from '../model/platform.ts'
import type { RouteStore } from '../model/store.ts'
import { tagStore, type TagFeed, type TagStore } from '../store/tags.ts'
import { createAssembler } from '../tags/assemble.ts'
import { instancesOf } from '../tags/instances.ts'
import { isRouted } from '../tags/list.ts'
import { mergeTables } from '../tags/merge.ts'
import { nodeCapabilities } from './capabilities.ts'

export interface OpenTagsOptions extends TagFeed {
  readonly memory: Pick<SetMemory, 'load'>
  readonly base?: RouteStore
}

/** Opens the store; undefined when no registry is asked for routes. */
export function openTags(config: Config, platform: Platform, { memory, base, ...feed }: OpenTagsOptions): TagStore | undefined {
  if (config.routesFrom.length === 0) return undefined
  const catalogs = new Map(config.routesFrom.map((name) => [name, catalogOf(config, name, platform)]))
  const listeners = config.listeners.map(({ name, tls }) => ({ name, tls: tls !== undefined }))
  const meant = new Map([...catalogs].map(([name, catalog]) => [name, catalog.meant ?? []]))
  const rules = { wanted: isRouted, instancesOf, assemble: createAssembler({ registries: config.routesFrom, listeners, meant }), merge: mergeTables }
  return tagStore({ platform, catalogs, lookedFor: new Set(config.lookedFor), rules, feed, last: () => lastServices(memory, catalogs), ...(base === undefined ? {} : { base }) })
}

function catalogOf({ registries }: Config, name: string, platform: Platform): Catalog {
  const registry = registries.find((each) => each.name === name)
  const catalog = adapters.find(({ type }) => type === registry?.type)?.catalog
  if (registry === undefined || catalog === undefined) throw new Error(`routes cannot be taken from ${name}: there is no such registry with tags`)
  return catalog(name, registry.options, platform, nodeCapabilities)
}

/** The services whose remembered endpoints carry routes: a start while the registry is down serves them. */
async function lastServices(memory: Pick<SetMemory, 'load'>, catalogs: ReadonlyMap<string, Catalog>): Promise<ReadonlyMap<string, readonly CatalogService[]>> {
  const found = new Map<string, CatalogService[]>()
  for (const [key, { endpoints, at }] of await memory.load()) {
    const ref = parseRef(key)
    // What only a route of a table can name is none of the catalogue's.
    const name = ref && catalogs.get(ref.registry)?.nameOf(ref)
    const labels = instancesOf({ kind: 'ready', endpoints, at }).flatMap((instance) => instance.labels)
    if (ref === undefined || name === undefined || labels.length === 0) continue
    found.set(ref.registry, [...(found.get(ref.registry) ?? []), { ref: key, name, labels }])
  }
  return found
}
