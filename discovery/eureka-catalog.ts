// The applications of Eureka with the metadata of their instances. Servers have no list of names, so it is the list of
// instances that is read; the list of changes, which is short, says when.
import type { Catalog, CatalogService } from '../src/model/catalog.ts'
import { refKey } from '../src/model/discoverer.ts'
import type { Platform } from '../src/model/platform.ts'
import { createCatalog, type CatalogReading } from './catalog.ts'
import { tagsOf } from './eureka-instance.ts'
import type { EurekaOptions } from './eureka-options.ts'
import { askServer, combined, type Trouble } from './eureka-question.ts'
import { SETTLING } from './eureka-known.ts'
import { createServers, type Server } from './eureka-servers.ts'
import type { Applications, Row } from './eureka-wire.ts'

/** Patience with one server, milliseconds: the deadline of a question is for all of them. */
const PATIENCE = 4000

/** The catalogue of one configured Eureka. */
export function createEurekaCatalog(registry: string, options: EurekaOptions, platform: Platform): Catalog {
  const servers = createServers(options, platform)
  const tls = options.tls
  let used: Server | undefined
  let away = false
  let doubtedAt = -Infinity
  /** What another server lists than the one before, or one that was away, may lack something: as for endpoints. */
  const heed = (server: Server): void => {
    if (away || (used !== undefined && used !== server)) doubtedAt = platform.now()
    used = server
    away = false
  }
  /** Every server at most once, the one in use first; `undefined` when it has no list of changes. */
  const ask = async (what: 'apps' | 'apps/delta', elsewhere: boolean, signal: AbortSignal): Promise<(Applications & { readonly server: Server }) | Trouble | undefined> => {
    const [first, ...others] = servers.order()
    const order = first === undefined ? others : elsewhere ? [...others, first] : [first, ...others]
    const troubles: Trouble[] = []
    for (const server of order) {
      const answer = await askServer(platform, { server, what, patience: PATIENCE, tls }, signal)
      if (answer.kind === 'answered') return { ...answer.applications, server }
      if (answer.kind === 'refused') return undefined
      if (signal.aborted) break
      servers.failed(server)
      troubles.push(answer)
    }
    away = true
    return combined(troubles)
  }
  return createCatalog({
    registry,
    changes: { kind: 'poll', every: options.every },
    allowEmpty: options.allowEmpty,
    platform,
    async read({ purpose, token }, signal): Promise<CatalogReading> {
      const delta = await ask('apps/delta', false, signal)
      if (delta !== undefined && 'kind' in delta) return delta
      const version = delta === undefined ? undefined : versionOf(delta)
      if (purpose === 'full' && token !== undefined && version === token) {
        away = false
        return { kind: 'unchanged', token }
      }
      const all = await ask('apps', purpose === 'confirm', signal)
      if (all === undefined) return { kind: 'failed', message: 'the server gives no list' }
      if ('kind' in all) return all
      if (purpose !== 'confirm') heed(all.server)
      const left = (delta?.rows ?? []).flatMap(({ app, action }) => (action === 'DELETED' ? [refOf(registry, app)] : []))
      const unsure = platform.now() - doubtedAt < SETTLING ? { except: new Set(left) } : undefined
      return { kind: 'listed', services: servicesOf(all.rows, registry, options.tagsKey), ...(unsure === undefined ? {} : { unsure }), ...(version === undefined ? {} : { token: version }) }
    },
  })
}

/** What the server has and what it tells as changed: while neither moves, neither does the list. */
function versionOf({ hash, rows }: Applications): string {
  return `${hash ?? ''} ${rows.map(({ app, id, action, updated, dirty, status }) => `${app}/${id} ${action} ${updated} ${dirty} ${status}`).sort().join(',')}`
}

function servicesOf(rows: readonly Row[], registry: string, tagsKey: string): readonly CatalogService[] {
  const labels = new Map<string, Set<string>>()
  for (const { app, meta } of rows) {
    const known = labels.get(app) ?? new Set()
    labels.set(app, known)
    const tags = tagsOf(meta[tagsKey])
    for (const tag of Array.isArray(tags) ? (tags as readonly unknown[]) : []) if (typeof tag === 'string') known.add(tag)
    for (const [key, value] of Object.entries(meta)) if (typeof value === 'string') known.add(`${key}=${value}`)
  }
  return [...labels].map(([name, known]) => ({ ref: refOf(registry, name), name, labels: [...known] }))
}

function refOf(registry: string, name: string): string {
  return refKey({ registry, name, options: {} })
}
