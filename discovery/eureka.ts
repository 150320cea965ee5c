// Eureka as a source of endpoints: one feed of a registry's changes, out of which each watched service gets its own.
import type { Discoverer, Rejection, ServiceRef } from '../src/model/discoverer.ts'
import type { Adapter } from './adapter.ts'
import { createDiscoverer } from './discoverer.ts'
import { TLS_PATHS } from './option-words.ts'
import { createEurekaCatalog } from './eureka/catalog.ts'
import { SETTLING } from './eureka/doubt.ts'
import { Feed } from './eureka/feed.ts'
import { readInstance } from './eureka/instance.ts'
import type { News } from './eureka/known.ts'
import { eurekaOptions, type EurekaOptions } from './eureka/options.ts'
import { selectorOf, type Selector } from './eureka/selector.ts'
import type { Ask, Instance, Reading, Trouble } from './reading.ts'

/** What a poll may take, milliseconds: one server that hangs and the next one's whole list. */
const POLL = 20_000
/** Cap of a service's own backoff: the feed has one for all of them, and this only says how soon its recovery is noticed. */
const NOTICED = 10_000

/** The Eureka adapter. */
export const eureka: Adapter = {
  type: 'eureka',
  doc: 'Endpoints from Eureka servers: the whole list once, then its changes, checked by the hash that servers give and by a whole list each five minutes.',
  needs: ['fetch'],
  paths: [...TLS_PATHS],
  schema: eurekaOptions,
  ref: {
    example: 'eureka/BILLING',
    options: {
      by: 'What the name is: `app` (the default), `vip` or `svip` for a virtual or secure virtual address.',
      secure: '`true` uses the secure port, `false` the other; default as the registry says, and `true` with `by=svip`.',
    },
  },
  create(name, written, platform) {
    const options = eurekaOptions.parse(written)
    const feed = new Feed(name, options, platform)
    const read = (ask: Ask, signal: AbortSignal): Promise<Reading> => readService(feed, options, ask, signal)
    // What is gone without a word is waited for two leases long: who was alive has registered anew by then.
    const source = { registry: name, needs: ['fetch' as const], read, changes: { kind: 'block' as const, wait: options.every + POLL, shared: true }, maxBackoff: NOTICED, hold: SETTLING }
    return joined(createDiscoverer(source, platform, options), feed)
  },
  catalog: (name, written, platform) => createEurekaCatalog(name, eurekaOptions.parse(written), platform),
}

// Before its first question the feed must know what a watch is interested in, and after its last that it is not any more.
function joined(discoverer: Discoverer, feed: Feed): Discoverer {
  return {
    needs: discoverer.needs,
    async *watch(ref, signal, options) {
      const selector = selectorOf(ref)
      const leave = typeof selector === 'string' ? () => {} : feed.interest.join(selector)
      try {
        yield* discoverer.watch(ref, signal, options)
      } finally {
        leave()
      }
    },
  }
}

async function readService(feed: Feed, options: EurekaOptions, ask: Ask, signal: AbortSignal): Promise<Reading> {
  const selector = selectorOf(ask.ref)
  if (typeof selector === 'string') return { kind: 'failed', message: selector }
  if (ask.purpose === 'confirm') return readingOf(await feed.confirm(selector), selector, ask.ref, options)
  if (ask.purpose === 'full' || ask.token === undefined) return readingOf(await feed.list(selector, signal), selector, ask.ref, options)
  const news = await feed.next(selector, ask.token, ask.wait, signal)
  return news === undefined ? { kind: 'unchanged', token: ask.token } : readingOf(news, selector, ask.ref, options)
}

function readingOf(news: News | Trouble, selector: Selector, ref: ServiceRef, options: EurekaOptions): Reading {
  if (news.kind !== 'news') return news
  const { rows, unreadable, version, left, unsure, missed, age } = news
  const rejected: Rejection[] = unreadable.map(({ app, position }) => ({ id: `${app}/#${position}`, reason: 'is no instance with an id' }))
  if (rows.length === 0 && rejected.length === 0) return { kind: 'not-found', message: `no instance is registered ${PHRASES[selector.by]} ${selector.name}`, token: version, left, unsure, missed, age }
  const instances: Instance[] = []
  const secure = ref.options['secure'] === undefined ? options.secure || selector.by === 'svip' : ref.options['secure'] !== 'false'
  for (const row of rows) {
    const read = readInstance(row, { ...options, secure })
    if ('instance' in read) instances.push(read.instance)
    else rejected.push(read.rejection)
  }
  return { kind: 'listed', instances, rejected, token: version, left, unsure, missed, age }
}

const PHRASES: Readonly<Record<Selector['by'], string>> = { app: 'as application', vip: 'with the virtual address', svip: 'with the secure virtual address' }
