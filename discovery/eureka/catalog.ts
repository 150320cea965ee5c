// The applications of Eureka with the metadata of their instances. Servers have no list of names, so it is the list of
// instances that is read; the list of changes, which is short, says when.
import type { Catalog, CatalogService } from '../../src/model/catalog.ts'
import { refKey } from '../../src/model/discoverer.ts'
import type { Platform } from '../../src/model/platform.ts'
import { createCatalog, type CatalogReading } from '../catalog.ts'
import { askOthersFirst } from './confirm.ts'
import { Doubt } from './doubt.ts'
import type { EurekaOptions } from './options.ts'
import { askServer, combined, isTrouble } from './question.ts'
import type { Trouble } from '../reading.ts'
import { createServers, type Server } from './servers.ts'
import { tagsOf } from '../text.ts'
import type { Applications, Row } from './wire.ts'

/** Patience with one server, milliseconds: the deadline of a question is for all of them. */
const PATIENCE = 4000

/** A list, and whose it is. */
type Told = Applications & { readonly kind: 'told'; readonly server: Server }

interface Listed {
  readonly services: readonly CatalogService[]
  /** Undefined where the server has no list of changes. */
  readonly version: string | undefined
}

// A service is lost only where both servers lack it. The version stays that of the one in use: where that has changed since, it is read again.
function together(inUse: Listed, other: Listed, left: ReadonlySet<string>): Listed {
  return { services: [...other.services.filter(({ ref }) => !left.has(ref)), ...inUse.services], version: inUse.version }
}

const NO_LIST: Trouble = { kind: 'failed', message: 'the server gives no list' }

/** The catalogue of one configured Eureka. */
export function createEurekaCatalog(registry: string, options: EurekaOptions, platform: Platform): Catalog {
  const servers = createServers(options, platform)
  const tls = options.tls
  const doubt = new Doubt()
  let away = false
  /** What the server in use listed last, and the version of that. */
  let listed: Listed = { services: [], version: undefined }
  /** Every server at most once, the one in use first, or one to go back to; `undefined` when it has no list of changes. */
  const ask = async (what: 'apps' | 'apps/delta', signal: AbortSignal): Promise<Told | Trouble | undefined> => {
    const troubles: Trouble[] = []
    for (const server of servers.turn()) {
      const answer = await askServer(platform, { server, what, patience: PATIENCE, tls }, signal)
      if (answer.kind === 'answered' || answer.kind === 'refused') servers.use(server)
      if (answer.kind === 'answered') return { kind: 'told', ...answer.applications, server }
      if (answer.kind === 'refused') return undefined
      if (signal.aborted) break
      servers.failed(server)
      troubles.push(answer)
    }
    away = true
    return combined(troubles)
  }
  const askOther = (signal: AbortSignal): Promise<Told | Trouble> =>
    askOthersFirst(servers, platform, signal, async (server, patience) => {
      const answer = await askServer(platform, { server, what: 'apps', patience, tls }, signal)
      return answer.kind === 'answered' ? { kind: 'told' as const, ...answer.applications, server } : answer.kind === 'refused' ? NO_LIST : answer
    })
  return createCatalog({
    registry,
    changes: { kind: 'poll', every: options.every },
    allowEmpty: options.allowEmpty,
    platform,
    meant: [options.weightKey, options.zoneKey, options.tagsKey],
    async read({ purpose, token }, signal): Promise<CatalogReading> {
      const delta = await ask('apps/delta', signal)
      if (delta !== undefined && isTrouble(delta)) return delta
      const version = delta === undefined ? undefined : versionOf(delta)
      if (delta !== undefined && purpose === 'full' && token !== undefined && version === token) {
        away = false
        // Where another one took over, it has the very same.
        doubt.server = delta.server
        return { kind: 'unchanged', token }
      }
      const all = purpose === 'confirm' ? await askOther(signal) : ((await ask('apps', signal)) ?? NO_LIST)
      if (isTrouble(all)) return all
      const left = new Set((delta?.rows ?? []).flatMap(({ app, action }) => (action === 'DELETED' ? [refOf(registry, app)] : [])))
      const told: Listed = { services: servicesOf(all.rows, registry, options.tagsKey), version }
      if (purpose !== 'confirm') {
        doubt.took(all.server, away, platform.now())
        away = false
      }
      const isOther = purpose === 'confirm' && all.server !== doubt.server
      if (!isOther) listed = told
      const { services, version: known } = isOther ? together(listed, told, left) : told
      const unsure = doubt.holds(platform.now()) ? { except: left } : undefined
      return { kind: 'listed', services, ...(unsure === undefined ? {} : { unsure }), ...(known === undefined || known !== version ? {} : { token: known }) }
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
