// The services of Nomad with their tags: one blocking query on the list of all, whatever their number. It wakes for each
// registration in any namespace.
import type { Catalog, CatalogService } from '../../src/model/catalog.ts'
import { parseRef, refKey, type ServiceRef } from '../../src/model/discoverer.ts'
import { type CatalogAsk, type CatalogReading, type CatalogSource, createCatalog } from '../catalog.ts'
import { createInterrupts } from './interrupt.ts'
import { askList, servicesIn, type List, type ListedService } from './list.ts'
import type { Shared } from './shared.ts'
import type { Trouble } from '../reading.ts'

/** Longest time of one blocking query, milliseconds: a restored cluster goes unnoticed for so long. */
const WAIT = 45_000
/** The same while there is no event stream: a query that waits is answered with the rights it began with, and that they ended is seen only then. */
const WAIT_DEAF = 15_000
/** Namespaces that a list lacks and that are asked for alone, at most: options name no more, and where more lose their rights one of these says so. */
const ASKED_ALONE = 16

/** The catalogue of one configured Nomad. */
export function createNomadCatalog(registry: string, shared: Shared): Catalog {
  const { options, platform } = shared
  return createCatalog({
    registry,
    allowEmpty: options.allowEmpty,
    platform,
    nameOf: (ref) => nameOf(ref, options.namespaces),
    open: (_, life) => ({ read: reader(registry, shared, life), changes: { kind: 'block', wait: WAIT } }),
  })
}

/** What one watch asks, until `life` is aborted. */
function reader(registry: string, { options, client, streamOf }: Shared, life: AbortSignal): CatalogSource['read'] {
  const { region, namespaces } = options
  const single = singleOf(namespaces)
  const named = single === undefined ? namespaces.filter((namespace) => namespace !== '*') : []
  const streams = namespaces.includes('*') ? ['*'] : [...new Set(namespaces)]
  const interrupts = createInterrupts(() => streams.map((namespace) => streamOf({ region, namespace })), life)

  const list = (namespace: string, ask: Omit<CatalogAsk, 'known'>, least: bigint, signal: AbortSignal): Promise<List | Trouble> => {
    const waiting = ask.purpose === 'follow' && ask.token !== undefined ? { index: ask.token, wait: `${Math.round(ask.wait)}ms` } : {}
    return askList(client, '/v1/services', { namespace, region }, waiting, { confirm: ask.purpose === 'confirm', least }, signal)
  }
  const listAll = async (ask: CatalogAsk, signal: AbortSignal): Promise<List | Trouble> => {
    const [namespace, least] = [single ?? '*', BigInt(ask.seen ?? 0)]
    const wait = interrupts.deaf() ? Math.min(ask.wait, WAIT_DEAF) : ask.wait
    const changed = ask.purpose === 'follow' ? await interrupts.until(signal, (own) => list(namespace, { ...ask, wait }, least, own)) : undefined
    if (changed !== undefined) return changed
    interrupts.answered()
    return list(namespace, ask.purpose === 'follow' ? { purpose: 'full', wait: 0 } : ask, least, signal)
  }
  return async (ask, signal): Promise<CatalogReading> => {
    const all = await listAll(ask, signal)
    if (all.kind !== 'list') return all
    interrupts.listen()
    const listed = [...servicesIn(all.rows)]
    const there = new Set(listed.map(({ namespace }) => namespace))
    // It leaves out without a word what the token may not read, or not any more; asked alone, a namespace says so.
    const known = single === undefined ? ask.known.flatMap(({ ref }) => namespaceOf(ref) ?? []) : []
    const missing = [...new Set([...named, ...known])].filter((namespace) => !there.has(namespace))
    const alone = await Promise.all(missing.slice(0, ASKED_ALONE).map((namespace) => list(namespace, { purpose: ask.purpose === 'confirm' ? 'confirm' : 'full', wait: 0 }, all.index, signal)))
    // Also those that are too many to be asked, where one may not be read any more.
    const unread = new Set(missing)
    let denied: string | undefined
    for (const [n, each] of alone.entries()) {
      const namespace = missing[n] ?? ''
      if (each.kind === 'list') {
        unread.delete(namespace)
        listed.push(...servicesIn(each.rows))
        continue
      }
      const message = `${each.message} (namespace ${namespace})`
      if (each.kind === 'failed') return { ...each, message }
      denied ??= message
    }
    const meant = listed.filter(({ namespace }) => single !== undefined || namespaces.includes('*') || namespaces.includes(namespace))
    const services = meant.map((service) => serviceOf(registry, service, single))
    const part = denied === undefined ? {} : { denied: { message: denied, isOf: (ref: string) => unread.has(namespaceOf(ref) ?? '') } }
    return { kind: 'listed', services, token: String(all.index), bytes: all.bytes, ...part }
  }
}

/** The one namespace that is looked in. */
function singleOf([only, ...more]: readonly string[]): string | undefined {
  return more.length === 0 && only !== '*' ? only : undefined
}

/** `nomad/web`; where several namespaces are looked in, each has services of its own. */
function serviceOf(registry: string, { namespace, name, tags }: ListedService, single: string | undefined): CatalogService {
  const ref: ServiceRef = { registry, name, options: single === undefined ? { namespace } : {} }
  const labels = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  return { ref: refKey(ref), name: shownName(name, single === undefined ? namespace : undefined), labels }
}

function namespaceOf(ref: string): string | undefined {
  return parseRef(ref)?.options['namespace']
}

function nameOf({ name, options: { namespace, ...others } }: ServiceRef, namespaces: readonly string[]): string | undefined {
  if (Object.keys(others).length > 0) return undefined
  if (singleOf(namespaces) !== undefined) return namespace === undefined ? name : undefined
  return namespace !== undefined && (namespaces.includes('*') || namespaces.includes(namespace)) ? shownName(name, namespace) : undefined
}

function shownName(name: string, namespace: string | undefined): string {
  return namespace === undefined || namespace === 'default' ? name : `${namespace}/${name}`
}
