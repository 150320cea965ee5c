// The apps of Marathon with their labels, listed without tasks when the event stream of the endpoints says that some app may be
// defined anew. Labels are those of the definition, so every task of an app carries the same.
import type { Catalog, CatalogService } from '../../src/model/catalog.ts'
import { parseRef, refKey } from '../../src/model/discoverer.ts'
import type { Platform } from '../../src/model/platform.ts'
import { type CatalogReading, type CatalogSource, createCatalog } from '../catalog.ts'
import type { Answer } from './client.ts'
import type { Feed, Watched } from './feed.ts'
import { recordOf, recordsOf } from '../json.ts'
import { readLabels } from './labels.ts'
import type { MarathonOptions } from './options.ts'

/** The feed looks each minute by itself; this is only for when it does not. */
const POLL = 90_000
/** Apps that are gone from a list and asked for alone, at most. */
const ASKED_ALONE = 10

/** The catalogue of one configured Marathon. */
export function createMarathonCatalog(registry: string, options: MarathonOptions, feed: Feed, platform: Platform): Catalog {
  return createCatalog({
    registry,
    allowEmpty: options.allowEmpty,
    platform,
    meant: [options.weightLabel, options.tagsLabel],
    open(_, life) {
      const definitions = feed.watchDefinitions(life)
      return { read: reader(registry, options, feed, definitions), changes: { kind: 'poll', every: POLL, hint: (until) => definitions.hint(until) } }
    },
  })
}

function reader(registry: string, options: MarathonOptions, feed: Feed, definitions: Watched): CatalogSource['read'] {
  return async ({ purpose, known }, signal) => {
    const { answer } = await definitions.read(purpose === 'confirm', signal)
    const read = understand(answer)
    if (read.kind !== 'apps') return read
    const apps = new Map(read.apps)
    // Lists leave out without a word what may not be viewed; an app alone says so.
    const lost = known.map(({ ref }) => appOf(ref)).filter((id) => !apps.has(id))
    const alone = await Promise.all(lost.slice(0, ASKED_ALONE).map((id) => feed.app(id, signal)))
    // Also those that are too many to be asked, where one may not be viewed any more.
    const unread = new Set(lost)
    let denied: string | undefined
    for (const [n, each] of alone.entries()) {
      if (each.kind === 'failed') return each
      if (each.kind === 'denied') {
        denied ??= each.message
        continue
      }
      const id = lost[n] ?? ''
      unread.delete(id)
      if (each.kind === 'got') apps.set(id, recordOf(each.value)?.['labels'])
    }
    const part = denied === undefined ? {} : { denied: { message: denied, isOf: (ref: string) => unread.has(appOf(ref)) } }
    return { kind: 'listed', services: [...apps].map(([id, labels]) => serviceOf(registry, id, labels, options)), ...part }
  }
}

/** The id of the app that a reference names. */
function appOf(ref: string): string {
  return `/${parseRef(ref)?.name ?? ''}`
}

/** The apps that an answer lists, or why there are none. */
function understand(answer: Answer): { readonly kind: 'apps'; readonly apps: ReadonlyMap<string, unknown> } | Extract<CatalogReading, { kind: 'denied' | 'failed' }> {
  if (answer.kind === 'denied' || answer.kind === 'failed') return answer
  if (answer.kind !== 'got') return { kind: 'failed', message: answer.message }
  const rows = recordOf(answer.value)?.['apps']
  if (!Array.isArray(rows)) return { kind: 'failed', message: `${answer.place}: the answer is no list of apps; is this a Marathon?` }
  const apps = new Map<string, unknown>()
  for (const { id, labels } of recordsOf(rows)) if (typeof id === 'string' && /^\/./.test(id)) apps.set(id, labels)
  return { kind: 'apps', apps }
}

/** With the labels that its endpoints will have. */
function serviceOf(registry: string, id: string, labels: unknown, options: MarathonOptions): CatalogService {
  const { tags, meta } = readLabels(id, labels, options)
  const name = id.slice(1)
  return { ref: refKey({ registry, name, options: {} }), name, labels: [...tags, ...Object.entries(meta).map(([key, value]) => `${key}=${value}`)] }
}
