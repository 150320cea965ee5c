// The hub: only what routes name is watched, the last set of each is kept, and its status tells the truth.
import { expect, test } from 'vitest'
import { Hub } from '../../../discovery/hub.ts'
import type { RememberedSet, SetMemory } from '../../../discovery/memory.ts'
import type { Attempt, Discoverer, WatchOptions } from '../../../src/model/discoverer.ts'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'

/** A discoverer that reports what the test says. */
function scripted() {
  const watches = new Map<string, { readonly send: (set: EndpointSet) => void; readonly options: WatchOptions }>()
  const discoverer: Discoverer = {
    needs: [],
    async *watch(ref, signal, options = {}) {
      const waiting: EndpointSet[] = []
      let wake = (): void => {}
      watches.set(ref.name, { send: (set) => (waiting.push(set), wake()), options })
      signal.addEventListener('abort', () => wake())
      while (!signal.aborted) {
        const next = waiting.shift()
        if (next !== undefined) yield next
        else await new Promise<void>((resolve) => (wake = resolve))
      }
      watches.delete(ref.name)
    },
  }
  const of = (name: string) => {
    const watch = watches.get(name)
    if (watch === undefined) throw new Error(`${name} is not watched`)
    return watch
  }
  return { discoverer, watched: () => [...watches.keys()].sort(), send: (name: string, set: EndpointSet) => of(name).send(set), options: (name: string) => of(name).options }
}

const endpoint = (id: string): Endpoint => ({ id, host: '10.0.0.1', port: 80, weight: 1, tags: [], meta: {}, health: 'passing', draining: false, origin: 'r', learnedAt: 1 })
const ready = (...ids: string[]): EndpointSet => ({ kind: 'ready', endpoints: ids.map(endpoint), at: 5 })
const attempt = (more: Partial<Attempt>): Attempt => ({ at: 7, outcome: 'ok-with-data', count: 1, rejected: [], believed: true, missedChange: false, ...more })

function memoryOf(sets: Readonly<Record<string, RememberedSet>>): SetMemory & { readonly saved: Map<string, RememberedSet | undefined> } {
  const saved = new Map<string, RememberedSet | undefined>()
  return { saved, load: async () => new Map(Object.entries(sets)), save: (key, set) => void saved.set(key, set), flush: async () => {} }
}

interface World {
  readonly hub: Hub
  readonly platform: FakePlatform
  readonly registry: ReturnType<typeof scripted>
  readonly changes: string[]
}

function world(memory?: SetMemory): World {
  const platform = fakePlatform()
  const registry = scripted()
  const changes: string[] = []
  const describe = (set: EndpointSet): string => `${set.kind}${set.kind === 'stale' || set.kind === 'pending' ? ` ${set.cause?.outcome}` : ''}${'endpoints' in set ? ` ${set.endpoints.map(({ id }) => id).join(',')}` : ''}`
  const hub = new Hub({ discoverers: new Map([['r', registry.discoverer]]), platform, onChange: (key, set) => void changes.push(`${key}: ${describe(set)}`), ...(memory === undefined ? {} : { memory }) })
  return { hub, platform, registry, changes }
}

test('watches what it is given, stops what it is not given any more, and watches nothing twice', async () => {
  const { hub, platform, registry } = world()
  hub.setRefs(['r/a', 'r/b', 'r/a'])
  await platform.settle()
  expect(registry.watched()).toEqual(['a', 'b'])
  hub.setRefs(['r/b', 'r/c'])
  await platform.settle()
  expect(registry.watched()).toEqual(['b', 'c'])
  await hub.close()
  expect(registry.watched()).toEqual([])
})

test('gives each change, and what it knows of each reference', async () => {
  const { hub, platform, registry, changes } = world()
  hub.setRefs(['r/a'])
  expect(hub.get('r/a')).toEqual({ kind: 'pending' })
  await platform.settle()
  registry.send('a', ready('1'))
  registry.send('a', ready('1', '2'))
  await platform.settle()
  expect(changes).toEqual(['r/a: ready 1', 'r/a: ready 1,2'])
  expect(hub.get('r/a')).toEqual(ready('1', '2'))
  expect(hub.get('r/other')).toEqual({ kind: 'pending' })
  await hub.close()
})

test('the age of a set is that of its last confirmation, and a confirmation is no change', async () => {
  const { hub, platform, registry, changes } = world()
  hub.setRefs(['r/a'])
  await platform.settle()
  registry.send('a', ready('1'))
  await platform.settle()
  const set = hub.get('r/a')
  registry.options('a').observe?.(attempt({ at: 60 }))
  registry.options('a').observe?.(attempt({ at: 70, outcome: 'failed', believed: false }))
  expect(hub.get('r/a')).toBe(set)
  expect(structuredClone(set)).toEqual({ ...ready('1'), at: 60 })
  expect(changes).toHaveLength(1)
  await hub.close()
})

test('what was remembered is served as stale at once, and given to the watch to guard', async () => {
  const remembered = { endpoints: [endpoint('1')], at: 3 }
  const { hub, platform, registry, changes } = world(memoryOf({ 'r/a': remembered }))
  hub.setRefs(['r/a', 'r/b'])
  await platform.settle()
  expect(changes).toEqual(['r/a: stale disk 1'])
  expect(hub.status()).toMatchObject([
    { ref: 'r/a', mode: 'disk', endpoints: 1, lastSuccess: 3 },
    { ref: 'r/b', mode: 'pending', endpoints: 0 },
  ])
  expect(registry.options('a').last).toEqual(remembered)
  expect(registry.options('b').last).toBeUndefined()
  await hub.close()
})

test('remembers what is confirmed, not what is stale, and forgets what is gone for good', async () => {
  const memory = memoryOf({})
  const { hub, platform, registry } = world(memory)
  hub.setRefs(['r/a', 'r/b'])
  await platform.settle()
  registry.send('a', { kind: 'stale', endpoints: [endpoint('0')], at: 1, cause: { outcome: 'failed', message: 'x' } })
  await platform.settle()
  expect(memory.saved.size).toBe(0)
  registry.send('a', ready('1'))
  registry.send('b', { kind: 'absent', at: 1 })
  await platform.settle()
  expect([...memory.saved]).toEqual([
    ['r/a', { endpoints: [endpoint('1')], at: 5 }],
    ['r/b', undefined],
  ])
  registry.options('a').observe?.(attempt({ at: 99 }))
  await hub.close()
  expect(memory.saved.get('r/a')?.at).toBe(99)
})

test.each(['denied', 'guarded'] as const)('what a registry said that is %s is remembered as it changes, unheld, and as old as the last answer that was whole', async (outcome) => {
  const memory = memoryOf({})
  const { hub, platform, registry } = world(memory)
  hub.setRefs(['r/a'])
  await platform.settle()
  registry.send('a', ready('1'))
  registry.send('a', { kind: 'stale', endpoints: [{ ...endpoint('1'), held: true }, endpoint('2')], at: 5, cause: { outcome, message: 'x' } })
  await platform.settle()
  registry.options('a').observe?.(attempt({ at: 99, outcome: 'denied', believed: false }))
  // As after a crash: nothing was closed.
  expect(memory.saved.get('r/a')).toEqual({ endpoints: [endpoint('1'), endpoint('2')], at: 5 })
  hub.setRefs(['r/a'], new Set(['r/a']))
  registry.send('a', { kind: 'stale', endpoints: [endpoint('2')], at: 5, cause: { outcome, message: 'x' } })
  await platform.settle()
  expect(memory.saved.get('r/a')).toBe(undefined)
  await hub.close()
})

test('what is remembered is as old as its last confirmation, after a crash too, and when its reference is gone', async () => {
  const memory = memoryOf({})
  const { hub, platform, registry } = world(memory)
  hub.setRefs(['r/a'])
  await platform.settle()
  registry.send('a', ready('1'))
  await platform.settle()
  registry.options('a').observe?.(attempt({ at: 99 }))
  expect(memory.saved.get('r/a')?.at).toBe(99)
  registry.options('a').observe?.(attempt({ at: 120, outcome: 'failed', believed: false }))
  expect(JSON.parse(JSON.stringify(memory.saved.get('r/a')))).toEqual({ endpoints: [endpoint('1')], at: 99 })
  hub.setRefs([])
  expect(memory.saved.get('r/a')?.at).toBe(99)
  await hub.close()
})

test('what leaves is used on, and forgotten on disk at once; one that is back is remembered again', async () => {
  const memory = memoryOf({})
  const { hub, platform, registry, changes } = world(memory)
  hub.setRefs(['r/a', 'r/b'])
  await platform.settle()
  for (const name of ['a', 'b']) registry.send(name, ready(name))
  await platform.settle()
  hub.setRefs(['r/a', 'r/b'], new Set(['r/a', 'r/b']))
  expect([...memory.saved]).toEqual([['r/a', undefined], ['r/b', undefined]])
  registry.send('a', ready('a', 'a2'))
  await platform.settle()
  expect([changes.at(-1), memory.saved.get('r/a')]).toEqual(['r/a: ready a,a2', undefined])
  hub.setRefs(['r/a', 'r/b'], new Set(['r/b']))
  expect(memory.saved.get('r/a')?.endpoints).toHaveLength(2)
  hub.setRefs(['r/a'])
  await platform.settle()
  hub.setRefs(['r/a', 'r/b'])
  await platform.settle()
  expect([registry.options('b').last, hub.get('r/b')]).toEqual([undefined, { kind: 'pending' }])
  hub.setRefs(['r/a', 'r/b'], new Set(['r/a']))
  await hub.close()
  expect(memory.saved.get('r/a')).toBe(undefined)
})

test('what is empty when nothing names it any more leaves nothing on disk', async () => {
  const memory = memoryOf({})
  const { hub, platform, registry } = world(memory)
  hub.setRefs(['r/a'])
  await platform.settle()
  registry.send('a', ready())
  await platform.settle()
  hub.setRefs([])
  expect([...memory.saved]).toEqual([['r/a', undefined]])
  await hub.close()
})

test('a reference that comes back is served from what was known', async () => {
  const { hub, platform, registry, changes } = world()
  hub.setRefs(['r/a'])
  await platform.settle()
  registry.send('a', { kind: 'stale', endpoints: [{ ...endpoint('1'), held: true }], at: 1, cause: { outcome: 'guarded', message: 'x' } })
  await platform.settle()
  hub.setRefs([])
  await platform.settle()
  hub.setRefs(['r/a'])
  await platform.settle()
  expect(changes).toEqual(['r/a: stale guarded 1', 'r/a: stale disk 1'])
  expect(registry.options('a').last?.endpoints).toEqual([endpoint('1')])
  await hub.close()
})

test('a reference that comes back after its service was gone is not served from before', async () => {
  const { hub, platform, registry, changes } = world(memoryOf({ 'r/a': { endpoints: [endpoint('1')], at: 3 } }))
  hub.setRefs(['r/a'])
  await platform.settle()
  registry.send('a', { kind: 'absent', at: 9 })
  await platform.settle()
  for (const refs of [[], ['r/a']]) {
    hub.setRefs(refs)
    await platform.settle()
  }
  expect(changes).toEqual(['r/a: stale disk 1', 'r/a: absent'])
  expect(registry.options('a').last).toBeUndefined()
  await hub.close()
})

test('of references that nothing names any more a thousand are remembered', async () => {
  const { hub, platform, registry } = world()
  const refs = Array.from({ length: 1500 }, (_, n) => `r/${n}`)
  hub.setRefs(refs)
  await platform.settle()
  for (const [n] of refs.entries()) registry.send(String(n), ready(String(n)))
  await platform.settle()
  hub.setRefs([])
  await platform.settle()
  hub.setRefs(refs)
  await platform.settle()
  expect(refs.filter((_, n) => registry.options(String(n)).last?.endpoints[0]?.id === String(n))).toEqual(refs.slice(500))
  await hub.close()
})

test('goes on with what is remembered of a registry that is configured no more', async () => {
  const { hub, platform, changes } = world(memoryOf({ 'x/a': { endpoints: [endpoint('1')], at: 3 } }))
  hub.setRefs(['x/a'])
  await platform.settle()
  expect(changes).toEqual(['x/a: stale disk 1', 'x/a: stale failed 1'])
  await hub.close()
})

test.each([
  ['x/a', 'no registry is called x; there is r'],
  ['nonsense', 'nonsense is no reference; write registry/name'],
])('%s: %s', async (ref, message) => {
  const { hub, platform } = world()
  hub.setRefs([ref])
  await platform.settle()
  expect(hub.get(ref)).toEqual({ kind: 'pending', cause: { outcome: 'failed', message } })
  await hub.close()
})

test('the status counts outcomes and failures, and keeps the last error and the refused entries', async () => {
  const { hub, platform, registry } = world()
  hub.setRefs(['r/a'])
  await platform.settle()
  const { observe } = registry.options('a')
  observe?.(attempt({ at: 10, rejected: [{ id: 'x', reason: 'has no usable port: 0' }] }))
  expect(hub.status()[0]?.rejected).toEqual([{ id: 'x', reason: 'has no usable port: 0' }])
  registry.send('a', ready('1'))
  await platform.settle()
  for (const at of [20, 30]) observe?.(attempt({ at, outcome: 'failed', message: 'refused', believed: false }))
  registry.send('a', { kind: 'stale', endpoints: [endpoint('1')], at: 10, cause: { outcome: 'failed', message: 'refused' } })
  await platform.settle()
  expect(hub.status()[0]).toMatchObject({ mode: 'stale', failures: 2, lastSuccess: 10, lastAttempt: 30, lastError: { at: 30, outcome: 'failed', message: 'refused' }, attempts: { failed: 2, 'ok-with-data': 1 }, changes: 2 })
  observe?.(attempt({ at: 40, missedChange: true }))
  registry.send('a', ready('1', '2'))
  await platform.settle()
  expect(hub.status()[0]).toMatchObject({ mode: 'live', failures: 0, lastSuccess: 40, missedChanges: 1, endpoints: 2, rejected: [] })
  await hub.close()
})

test('logs each change of mood once, and no change of endpoints', async () => {
  const { hub, platform, registry } = world()
  const stale: EndpointSet = { kind: 'stale', endpoints: [endpoint('1')], at: 1, cause: { outcome: 'failed', message: 'connection refused' } }
  hub.setRefs(['r/a'])
  await platform.settle()
  for (const set of [ready('1'), ready('1', '2'), stale, stale, ready('1')]) registry.send('a', set)
  await platform.settle()
  expect(platform.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info r/a: 1 endpoints',
    'warn r/a: going on with 1 endpoints known from before: connection refused',
    'info r/a: 1 endpoints',
  ])
  await hub.close()
})

test('a discoverer that breaks its promise takes nobody with it', async () => {
  const platform = fakePlatform()
  const broken: Discoverer = {
    needs: [],
    // oxlint-disable-next-line require-yield -- it never comes to that
    async *watch() {
      throw new Error('defect')
    },
  }
  const hub = new Hub({ discoverers: new Map([['r', broken]]), platform, onChange: () => {} })
  hub.setRefs(['r/a'])
  await platform.settle()
  expect(platform.lines).toMatchObject([{ level: 'error', message: 'r/a: the watch ended by a defect' }])
  await hub.close()
})
