// The services of Nomad with their tags: one blocking query on the list of all, whatever their number. It wakes for each
// registration in any namespace.
import type { Catalog, CatalogService, CatalogWatchOptions } from '../src/model/catalog.ts'
import { refKey } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import { createCatalog, type CatalogReading, type CatalogSource } from './catalog.ts'
import type { NomadClient, Trouble } from './nomad-client.ts'
import { askList, type List } from './nomad-list.ts'
import type { NomadOptions } from './nomad-options.ts'
import type { Ask } from './reading.ts'

/** Longest time of one blocking query, milliseconds: a restored cluster goes unnoticed for so long. */
const WAIT = 45_000
/** Namespaces that a list lacks and that are asked for alone, at most: options name no more, and where more lose their rights one of these says so. */
const ASKED_ALONE = 16

/** The catalogue of one configured Nomad. */
export function createNomadCatalog(registry: string, options: NomadOptions, client: NomadClient, platform: Platform): Catalog {
  return {
    watch: (signal, watchOptions) =>
      createCatalog({ registry, changes: { kind: 'block', wait: WAIT }, allowEmpty: options.allowEmpty, platform, read: reader(registry, options, client, watchOptions) }).watch(signal, watchOptions),
  }
}

/** What one watch asks. */
function reader(registry: string, options: NomadOptions, client: NomadClient, { wanted }: CatalogWatchOptions): CatalogSource['read'] {
  const { region, namespaces } = options
  const [only, ...more] = namespaces
  const single = more.length === 0 && only !== '*' ? only : undefined
  const named = single === undefined ? namespaces.filter((namespace) => namespace !== '*') : []
  /** Namespaces of the services with routes that were listed last. */
  let found: readonly string[] = []

  const list = (namespace: string, ask: Omit<Ask, 'ref'>, least: bigint, signal: AbortSignal): Promise<List | Trouble> => {
    const waiting = ask.purpose === 'follow' && ask.token !== undefined ? { index: ask.token, wait: `${Math.round(ask.wait)}ms` } : {}
    return askList(client, '/v1/services', { namespace, region }, waiting, { confirm: ask.purpose === 'confirm', least }, signal)
  }
  return async (ask, signal): Promise<CatalogReading> => {
    const all = await list(single ?? '*', ask, BigInt(ask.seen ?? 0), signal)
    if (all.kind !== 'list') return all
    const there = new Set(listedIn(all.rows).map(({ namespace }) => namespace))
    // It leaves out without a word what the token may not read, or not any more; asked alone, a namespace says so.
    const missing = [...new Set([...named, ...found])].filter((namespace) => !there.has(namespace)).slice(0, ASKED_ALONE)
    const alone = await Promise.all(missing.map((namespace) => list(namespace, { purpose: ask.purpose === 'confirm' ? 'confirm' : 'full', wait: 0 }, all.index, signal)))
    const rows = [...all.rows]
    for (const [n, each] of alone.entries()) {
      if (each.kind !== 'list') return { ...each, message: `${each.message} (namespace ${missing[n] ?? ''})` }
      rows.push(...each.rows)
    }
    const meant = listedIn(rows).filter(({ namespace }) => single !== undefined || namespaces.includes('*') || namespaces.includes(namespace))
    if (single === undefined) found = meant.flatMap(({ namespace, labels }) => (wanted(labels) ? [namespace] : []))
    return { kind: 'listed', services: meant.map((service) => serviceOf(registry, service, single)), token: String(all.index), bytes: all.bytes }
  }
}

interface Row {
  readonly namespace: string
  readonly name: string
  readonly labels: readonly string[]
}

function listedIn(rows: readonly unknown[]): readonly Row[] {
  return rows.flatMap((row) => {
    const { Namespace: namespace, Services: services } = (row ?? {}) as { readonly Namespace?: unknown; readonly Services?: unknown }
    if (typeof namespace !== 'string' || !Array.isArray(services)) return []
    return services.flatMap((service): Row[] => {
      const { ServiceName: name, Tags: tags } = (service ?? {}) as { readonly ServiceName?: unknown; readonly Tags?: unknown }
      if (typeof name !== 'string' || name === '') return []
      return [{ namespace, name, labels: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [] }]
    })
  })
}

/** `nomad/web`; where several namespaces are looked in, each has services of its own. */
function serviceOf(registry: string, { namespace, name, labels }: Row, single: string | undefined): CatalogService {
  if (single !== undefined) return { ref: refKey({ registry, name, options: {} }), name, labels }
  return { ref: refKey({ registry, name, options: { namespace } }), name: namespace === 'default' ? name : `${namespace}/${name}`, labels }
}
