// The store on tags under virtual time: what it waits for, when it makes a table, and how it stands behind another store.
import { afterEach, expect, test } from 'vitest'
import type { Catalog, CatalogSet } from '../../../src/model/catalog.ts'
import type { EndpointSet } from '../../../src/model/endpoint.ts'
import type { StoreEvent } from '../../../src/model/store.ts'
import { tagStore, type TagStoreOptions } from '../../../src/store/tags.ts'
import { createAssembler } from '../../../src/tags/assemble.ts'
import { instancesOf } from '../../../src/tags/instances.ts'
import { isRouted } from '../../../src/tags/list.ts'
import { mergeTables } from '../../../src/tags/merge.ts'
import { endpoint } from '../../support/endpoints.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { assembled, tagged } from '../../support/tagged.ts'

const open: AbortController[] = []
afterEach(() => {
  for (const stop of open.splice(0)) stop.abort()
})

/** A catalogue that says what it is given. */
function saidCatalog(): { readonly catalog: Catalog; say(set: CatalogSet): void } {
  const queue: CatalogSet[] = []
  let wake = (): void => {}
  const catalog: Catalog = {
    nameOf: ({ name }) => name,
    async *watch(signal) {
      signal.addEventListener('abort', () => wake())
      while (!signal.aborted) {
        const next = queue.shift()
        if (next !== undefined) yield next
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
  return {
    catalog,
    say(set) {
      queue.push(set)
      wake()
    },
  }
}

function setUp(more: (platform: ReturnType<typeof fakePlatform>) => Partial<TagStoreOptions> = () => ({})) {
  const platform = fakePlatform()
  const sets = new Map<string, EndpointSet>()
  const wanted: (readonly string[])[] = []
  const unlisted: (readonly string[])[] = []
  const released: string[] = []
  const held: boolean[] = []
  const { catalog, say } = saidCatalog()
  const store = tagStore({
    platform,
    catalogs: new Map([['consul', catalog]]),
    rules: { wanted: isRouted, instancesOf, assemble: createAssembler({ registries: ['consul'], listeners: [{ name: 'http', tls: false }] }), merge: mergeTables },
    feed: { want: (refs, left) => void (wanted.push(refs), unlisted.push([...left])), get: (ref) => sets.get(ref) ?? { kind: 'pending' }, release: (refs) => void released.push(...refs.filter((ref) => !store.changed(ref))) },
    ...more(platform),
  })
  const stop = new AbortController()
  open.push(stop)
  const events: StoreEvent[] = []
  void (async () => {
    for await (const event of store.watch(stop.signal)) events.push(event)
  })()
  return {
    platform, store, events, wanted, unlisted, released, held,
    services: (...names: string[]) => say({ kind: 'ready', services: names.map((name) => ({ ref: `consul/${name}`, name, labels: ['fairlead.route=x'] })), at: 0 }),
    trouble: say,
    put(name: string, set: EndpointSet) {
      sets.set(`consul/${name}`, set)
      held.push(store.changed(`consul/${name}`))
    },
    set(name: string, ...tags: string[][]) {
      sets.set(`consul/${name}`, { kind: 'ready', endpoints: tags.map((each, i) => endpoint(`consul/${name}-${i}`, { tags: each })), at: 0 })
      held.push(store.changed(`consul/${name}`))
    },
    names: () => events.map((event) => (event.kind === 'table' ? event.table.routes.map(({ name }) => name).join(',') : event.kind)),
  }
}

const route = (host: string): string[] => [`fairlead.route=${host}/**`]

test('the first table waits for the catalogue and for each of its services, but not for ever', async () => {
  const { platform, services, set, names, wanted } = setUp()
  await platform.advance(5000)
  expect(names()).toEqual([])
  services('a', 'b')
  await platform.settle()
  expect(wanted.at(-1)).toEqual(['consul/a', 'consul/b'])
  set('a', route('a.test'))
  await platform.advance(1500)
  expect(names()).toEqual([])
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul'])
  set('b', route('b.test'))
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul', 'a@consul,b@consul'])
})

test('within its patience it gives all at once', async () => {
  const { platform, services, set, names } = setUp()
  await platform.settle()
  services('a', 'b')
  set('a', route('a.test'))
  await platform.advance(500)
  expect(names()).toEqual([])
  set('b', route('b.test'))
  await platform.advance(500)
  expect(names()).toEqual(['a@consul,b@consul'])
})

test('a change of health, address or number alone makes no table', async () => {
  const { platform, services, set, names } = setUp()
  await platform.settle()
  services('a')
  set('a', route('a.test'))
  await platform.advance(1000)
  set('a', route('a.test'), route('a.test'))
  await platform.advance(1000)
  set('a', route('b.test'), route('b.test'))
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul', 'a@consul'])
})

test('a set that says something new is held until its table brings it along, any other is not', async () => {
  const { platform, services, set, events, released, held } = setUp()
  await platform.settle()
  services('a', 'b')
  await platform.settle()
  set('a', route('a.test'))
  set('b', [])
  await platform.advance(1000)
  const first = events.at(-1)
  expect(first?.kind === 'table' ? first.sets?.map(([ref]) => ref) : []).toEqual([])
  expect(released).toEqual([])
  set('a', route('a.test'))
  // Before the first table nothing is held.
  expect(held).toEqual([false, false, false])
  set('a', route('a.test'), route('a.test'))
  await platform.advance(1000)
  expect([held.at(-1), events.length, released.at(-1)]).toEqual([true, 1, 'consul/a'])
  set('a', route('c.test'))
  await platform.advance(1000)
  expect(events.at(-1)).toMatchObject({ sets: [['consul/a', { kind: 'ready', endpoints: [{ tags: route('c.test') }] }]] })
})

test('while it waits for the other store, changes of sets leave time to everybody else', async () => {
  const silent = { store: undefined as ReturnType<typeof memoryStore> | undefined }
  const { platform, services, set, names } = setUp((clock) => ({ base: (silent.store = memoryStore(clock)) }))
  await platform.settle()
  services('a')
  set('a', route('a.test'))
  set('a', route('b.test'))
  await platform.advance(5000)
  expect(names()).toEqual([])
  silent.store?.report({ kind: 'unavailable', origin: 'memory', message: 'down' })
  await platform.advance(1000)
  expect(names()).toEqual(['unavailable', 'a@consul'])
})

test('a storm of changes makes four tables a second at most', async () => {
  const { platform, services, set, events } = setUp()
  await platform.settle()
  services('a')
  for (let i = 0; i < 100; i++) {
    set('a', route(`h${i}.test`))
    await platform.advance(20)
  }
  await platform.advance(1000)
  expect(events.length).toBeLessThan(12)
  expect(events.at(-1)).toMatchObject({ table: { routes: [{ match: [{ host: [{ host: 'h99.test' }] }] }] } })
})

test('trouble with the catalogue changes nothing and is said once', async () => {
  const { platform, services, set, names, trouble } = setUp()
  await platform.settle()
  services('a')
  set('a', route('a.test'))
  await platform.advance(1000)
  for (let i = 0; i < 3; i++) trouble({ kind: 'stale', services: [{ ref: 'consul/a', name: 'a', labels: [] }], at: 0, cause: { outcome: 'failed', message: 'refused' } })
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul'])
  expect(platform.lines.filter(({ message }) => message.includes('cannot be listed'))).toHaveLength(1)
})

test('each refused tag is logged once and listed', async () => {
  const { platform, services, set, store } = setUp()
  await platform.settle()
  services('a')
  set('a', [...route('a.test'), 'fairlead.routes.x={'])
  await platform.advance(1000)
  set('a', [...route('b.test'), 'fairlead.routes.x={'])
  await platform.advance(1000)
  expect(platform.lines.filter(({ message }) => message === 'a tag was refused')).toHaveLength(1)
  expect(store.refused()).toMatchObject([{ service: 'a', tag: 'fairlead.routes.x={' }])
})

test('behind another store: its table first, its word passed on, its versions acknowledged', async () => {
  const written = assembled([tagged('w', route('w.test'))]).table
  const base = { store: undefined as ReturnType<typeof memoryStore> | undefined }
  const { platform, services, set, names, events, store } = setUp((clock) => ({ base: (base.store = memoryStore(clock, written)) }))
  await platform.advance(3000)
  expect(names()).toEqual(['w@consul'])
  services('a')
  set('a', route('a.test'))
  await platform.advance(1000)
  expect(names().at(-1)).toBe('w@consul,a@consul')
  const origin = events.at(-1)?.origin ?? ''
  expect(origin).toBe('memory:1 tags:consul')
  await store.acknowledge?.(origin, 'applied', '')
  expect(base.store?.acknowledged).toEqual([{ origin: 'memory:1', status: 'applied', detail: '' }])
  base.store?.report({ kind: 'rejected', origin: 'memory:2', problems: [] })
  base.store?.set({ ...written, routes: [] })
  await platform.advance(1000)
  expect(names().slice(-2)).toEqual(['rejected', 'a@consul'])
})

test('what the last run knew is served while the registry is down', async () => {
  const { platform, set, names } = setUp(() => ({ last: async () => new Map([['consul', [{ ref: 'consul/a', name: 'a', labels: [] }]]]) }))
  set('a', route('a.test'))
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul'])
})

const guarded = (name: string, ...tags: string[]): EndpointSet => ({ kind: 'stale', endpoints: [{ ...endpoint(`consul/${name}-0`, { tags }), held: true }], at: 0, cause: { outcome: 'guarded', message: 'x' } })

test('a service that the catalogue lists no more keeps its routes until its own endpoints are believed to be gone', async () => {
  const { platform, services, set, put, names, wanted, unlisted } = setUp()
  await platform.settle()
  services('a', 'b')
  set('a', route('a.test'))
  set('b', route('b.test'))
  await platform.advance(1000)
  services('b')
  await platform.advance(5000)
  put('a', guarded('a', ...route('a.test')))
  await platform.advance(30_000)
  expect(names()).toEqual(['a@consul,b@consul'])
  expect([wanted.at(-1), unlisted.at(-1)]).toEqual([['consul/b', 'consul/a'], ['consul/a']])
  put('a', { kind: 'ready', endpoints: [], at: 0 })
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul,b@consul', 'b@consul'])
  expect([wanted.at(-1), unlisted.at(-1)]).toEqual([['consul/b'], []])
})

test.each<readonly [string, EndpointSet]>([
  ['is unknown to its registry', { kind: 'absent', at: 0 }],
  ['is there without a route', { kind: 'ready', endpoints: [endpoint('consul/a-0', { tags: ['v1'] })], at: 0 }],
  ['cannot be asked for, and never could', { kind: 'pending', cause: { outcome: 'denied', message: 'x' } }],
])('one that %s is let go as soon as the catalogue lists it no more', async (_, last) => {
  const { platform, services, set, put, wanted } = setUp()
  await platform.settle()
  services('a', 'b')
  set('b', route('b.test'))
  put('a', last)
  await platform.advance(1000)
  services('b')
  await platform.advance(500)
  expect(wanted.at(-1)).toEqual(['consul/b'])
})

/** A service with a route that its catalogue lists, and lists no more. */
async function listedNoMore({ platform, services, set }: ReturnType<typeof setUp>): Promise<void> {
  await platform.settle()
  services('a')
  set('a', route('a.test'))
  await platform.advance(1000)
  services()
  await platform.advance(1000)
}

test('one that is listed again is as before', async () => {
  const world = setUp()
  const { platform, services, put, names, unlisted } = world
  await listedNoMore(world)
  expect(unlisted.at(-1)).toEqual(['consul/a'])
  services('a')
  await platform.advance(1000)
  expect(unlisted.at(-1)).toEqual([])
  put('a', { kind: 'ready', endpoints: [], at: 0 })
  await platform.advance(1000)
  expect([names(), unlisted.at(-1)]).toEqual([['a@consul', ''], []])
})

test('one that left has no match that another one has, too', async () => {
  const { platform, services, set, events } = setUp()
  const to = (): unknown => events.at(-1)?.kind === 'table' ? (events.at(-1) as Extract<StoreEvent, { kind: 'table' }>).table.services.map(({ from }) => from.join()) : undefined
  await platform.settle()
  services('a', 'b')
  set('a', route('x.test'))
  set('b', route('x.test'))
  await platform.advance(1000)
  expect(to()).toEqual(['consul/a'])
  services('b')
  await platform.advance(1000)
  expect(to()).toEqual(['consul/b'])
})

test('what a table names as well is remembered like everything that it names', async () => {
  const written = assembled([tagged('a', route('w.test'))]).table
  const world = setUp((clock) => ({ base: memoryStore(clock, written) }))
  await listedNoMore(world)
  expect([world.wanted.at(-1), world.unlisted.at(-1)]).toEqual([['consul/a'], []])
})

test('a service that is listed under another name than the last run knew is called so', async () => {
  const { platform, set, trouble, names } = setUp(() => ({ last: async () => new Map([['consul', [{ ref: 'consul/a', name: 'a', labels: [] }]]]) }))
  set('a', route('a.test'))
  await platform.advance(1000)
  trouble({ kind: 'ready', services: [{ ref: 'consul/a', name: 'shop/a', labels: [] }], at: 0 })
  await platform.advance(1000)
  expect(names()).toEqual(['a@consul', 'shop/a@consul'])
})

/** A store on two registries; `nomad` is only looked for. Each says what it is given. */
function twoRegistries(lookedFor: readonly string[]) {
  const platform = fakePlatform()
  const said = new Map(['consul', 'nomad'].map((name) => [name, saidCatalog()]))
  const store = tagStore({
    platform,
    catalogs: new Map([...said].map(([name, { catalog }]) => [name, catalog])),
    lookedFor: new Set(lookedFor),
    rules: { wanted: isRouted, instancesOf, assemble: createAssembler({ registries: ['consul', 'nomad'], listeners: [{ name: 'http', tls: false }] }), merge: mergeTables },
    feed: { want: () => {}, get: (ref) => ({ kind: 'ready', endpoints: [endpoint(`${ref}-1`, { tags: [`fairlead.route=${ref.replace('/', '.')}/**`] })], at: 0 }), release: () => {} },
  })
  const stop = new AbortController()
  open.push(stop)
  const tables: string[] = []
  void (async () => {
    for await (const event of store.watch(stop.signal)) if (event.kind === 'table') tables.push(`${event.origin}: ${event.table.routes.map(({ name }) => name).join(' ')}`)
  })()
  const refused: CatalogSet = { kind: 'pending', cause: { outcome: 'failed', message: 'refused' } }
  return {
    platform, store, tables, refused,
    say: async (registry: string, set: CatalogSet) => {
      await platform.advance(1)
      said.get(registry)?.say(set)
      await platform.advance(1000)
    },
    lists: (registry: string, ...names: string[]): CatalogSet => ({ kind: 'ready', services: names.map((name) => ({ ref: `${registry}/${name}`, name, labels: ['fairlead.route=x'] })), at: 0 }),
    shown: () => store.catalogs().map(({ registry, mode }) => `${registry} ${mode}`),
    logged: () => platform.lines.filter(({ message }) => message.includes('nomad')).map(({ message }) => message),
  }
}

test('a registry that is only looked for holds nothing up and is not spoken of; it is taken in when it answers', async () => {
  const { say, lists, refused, shown, tables, logged } = twoRegistries(['nomad'])
  // It has said nothing yet.
  await say('consul', lists('consul', 'words'))
  expect([shown(), tables]).toEqual([['consul live'], ['tags:consul: words@consul']])
  await say('nomad', refused)
  expect([shown(), logged()]).toEqual([['consul live'], []])
  await say('nomad', lists('nomad', 'shop'))
  expect([shown(), tables.at(-1)]).toEqual([['consul live', 'nomad live'], 'tags:consul,nomad: words@consul shop@nomad'])
  expect(logged()).toEqual(['nomad: 1 services carry routes'])
  // From then on it is one like the other.
  await say('nomad', { kind: 'stale', services: [], at: 0, cause: { outcome: 'failed', message: 'gone' } })
  expect([shown(), logged().length]).toEqual([['consul live', 'nomad stale'], 2])
})

test('a registry that is looked for and refuses is there', async () => {
  const { say, lists, shown } = twoRegistries(['nomad'])
  await say('consul', lists('consul', 'words'))
  await say('nomad', { kind: 'pending', cause: { outcome: 'denied', message: 'no token' } })
  expect(shown()).toEqual(['consul live', 'nomad pending'])
})

test('where none is there, all that are looked for are spoken of', async () => {
  const { say, lists, refused, shown, tables, logged } = twoRegistries(['consul', 'nomad'])
  await say('consul', refused)
  await say('nomad', refused)
  expect([shown(), tables, logged()]).toEqual([['consul pending', 'nomad pending'], [], ['nomad: the services cannot be listed; no routes yet: refused']])
  await say('nomad', lists('nomad', 'shop'))
  expect([shown(), tables]).toEqual([['nomad live'], ['tags:nomad: shop@nomad']])
})
