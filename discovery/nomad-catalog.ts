// The services of Nomad with their tags: one blocking query on the list of all, whatever their number. It wakes for each
// registration in any namespace.
import type { Catalog, CatalogService } from '../src/model/catalog.ts'
import { refKey } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import { createCatalog, type CatalogReading } from './catalog.ts'
import type { NomadClient, Query } from './nomad-client.ts'
import { listOf } from './nomad-list.ts'
import type { NomadOptions } from './nomad-options.ts'

/** Longest time of one blocking query, milliseconds: a restored cluster goes unnoticed for so long. */
const WAIT = 45_000

/** The catalogue of one configured Nomad. */
export function createNomadCatalog(registry: string, options: NomadOptions, client: NomadClient, platform: Platform): Catalog {
  const [only, ...more] = options.namespaces
  const single = more.length === 0 && only !== '*' ? only : undefined
  const question: Query = { namespace: single ?? '*', region: options.region }
  return createCatalog({
    registry,
    changes: { kind: 'block', wait: WAIT },
    allowEmpty: options.allowEmpty,
    platform,
    async read(ask, signal) {
      const follow = ask.purpose === 'follow' && ask.token !== undefined ? { index: ask.token, wait: `${Math.round(ask.wait)}ms` } : {}
      const stale = ask.purpose === 'confirm' ? {} : { stale: 'true' }
      const read = async (query: Query, confirm: boolean): Promise<CatalogReading> => {
        const list = listOf(await client.get('/v1/services', { ...question, ...query }, confirm ? 'confirm' : 'any', signal), '')
        return list.kind === 'list' ? { kind: 'listed', services: servicesOf(list.rows, registry, single, options.namespaces), token: String(list.index), bytes: list.bytes } : list
      }
      const reading = await read({ ...follow, ...stale }, ask.purpose === 'confirm')
      if (reading.kind !== 'listed' || ask.purpose !== 'follow' || BigInt(reading.token ?? 0) >= BigInt(ask.token ?? 0)) return reading
      // The index went back: the state was restored, and ours would not wake us for anything new. The leader says what is so.
      return read({}, true)
    },
  })
}

/** `nomad/web`; where several namespaces are looked in, each has services of its own. */
function servicesOf(rows: readonly unknown[], registry: string, single: string | undefined, namespaces: readonly string[]): readonly CatalogService[] {
  return rows.flatMap((row) => {
    const { Namespace: namespace, Services: services } = (row ?? {}) as { readonly Namespace?: unknown; readonly Services?: unknown }
    if (typeof namespace !== 'string' || !Array.isArray(services) || (single === undefined && !namespaces.includes('*') && !namespaces.includes(namespace))) return []
    return services.flatMap((service): CatalogService[] => {
      const { ServiceName: name, Tags: tags } = (service ?? {}) as { readonly ServiceName?: unknown; readonly Tags?: unknown }
      if (typeof name !== 'string' || name === '') return []
      const labels = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
      return [{ ref: refKey({ registry, name, options: single === undefined ? { namespace } : {} }), name: single === undefined && namespace !== 'default' ? `${namespace}/${name}` : name, labels }]
    })
  })
}
