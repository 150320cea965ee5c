// The last good table: when it steps in, and when it is saved.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadLastGood, withLastGood, type LastGood, type LastGoodFile, type LastGoodLoad } from '../../../src/store/last-good.ts'
import type { RouteStore, StoreStatus } from '../../../src/model/store.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { memoryStore, type MemoryStore } from '../../support/memory-store.ts'
import { follow, parseNames, pass, tableOf, until, type Followed } from '../../support/store-events.ts'

const OLD: LastGood = { origin: 'redis:v7', savedAt: 1, text: 'old', mark: 'm7' }

let platform: FakePlatform
let memory: MemoryStore
let saved: LastGood[]
let file: LastGoodFile
let followed: Followed
let store: RouteStore & Required<Pick<RouteStore, 'acknowledge'>>

async function start(kept: LastGood | undefined): Promise<void> {
  file = { ...file, load: async () => kept }
  store = withLastGood(memory, await loadLastGood(file, parseNames, platform), file, platform)
  followed = follow(store)
}

const deliver = (name: string): void => memory.report({ kind: 'table', table: tableOf(name), origin: `redis:${name}`, saved: { text: name, mark: `m-${name}` } })

beforeEach(() => {
  platform = fakePlatform()
  memory = memoryStore(platform)
  saved = []
  file = { load: async () => undefined, save: async (last) => void saved.push(last) }
})

afterEach(() => followed.stop())

describe('at start', () => {
  it('a store that answers in time is alone', async () => {
    await start(OLD)
    await pass(platform, 1900)
    deliver('v8')
    await until(platform, () => followed.lines.length > 0)
    await pass(platform, 60_000)
    expect(followed.lines).toEqual(['table redis:v8 v8'])
  })

  it('the last good table steps in after 2 s of silence, and the store takes over when it answers', async () => {
    await start(OLD)
    await pass(platform, 1999)
    expect(followed.lines).toEqual([])
    await pass(platform, 1)
    expect(followed.lines).toEqual(['table disk old'])
    expect(platform.lines).toMatchObject([{ level: 'warn', fields: { origin: 'redis:v7', savedAt: 1 } }])
    deliver('v8')
    await platform.settle()
    expect(followed.lines).toEqual(['table disk old', 'table redis:v8 v8'])
  })

  it('it steps in at once when the store says that it has no table', async () => {
    await start(OLD)
    memory.report({ kind: 'unavailable', origin: 'redis', message: 'refused' })
    await platform.settle()
    expect(followed.lines).toEqual(['table disk old', 'unavailable redis refused'])
  })

  it('without one the store alone speaks', async () => {
    await start(undefined)
    memory.report({ kind: 'unavailable', origin: 'redis', message: 'refused' })
    await platform.settle()
    expect(followed.lines).toEqual(['unavailable redis refused'])
  })

  it.each([
    ['is no longer valid', async () => ({ ...OLD, text: '!' }), 'it is no longer valid: a bad route'],
    ['cannot be trusted', () => Promise.reject(new Error('its hash is another')), 'its hash is another'],
  ])('one that %s is logged and ignored', async (_what, load, fault) => {
    const found = await loadLastGood({ ...file, load }, parseNames, platform)
    await start(undefined)
    expect(found).toEqual({ fault })
    expect(platform.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('cannot be used') }])
  })
})

describe('saving', () => {
  beforeEach(async () => {
    await start(undefined)
    deliver('v8')
    await platform.settle()
  })

  it('waits for the gateway to say that the table works', async () => {
    expect(saved).toEqual([])
    await store.acknowledge('redis:v8', 'applied', '')
    await platform.settle()
    expect(saved).toMatchObject([{ text: 'v8', mark: 'm-v8', origin: 'redis:v8', savedAt: platform.wallClock() }])
    expect(memory.acknowledged).toEqual([{ origin: 'redis:v8', status: 'applied', detail: '' }])
  })

  it('leaves out what was rejected, what is not the last, and the disk itself', async () => {
    await store.acknowledge('redis:v8', 'rejected', 'no')
    await store.acknowledge('redis:v7', 'applied', '')
    await store.acknowledge('disk', 'applied', '')
    await platform.settle()
    expect(saved).toEqual([])
  })

  it('happens at most each 5 s, with the newest', async () => {
    await store.acknowledge('redis:v8', 'applied', '')
    for (const name of ['v9', 'v10', 'v11']) {
      deliver(name)
      await platform.settle()
      await store.acknowledge(`redis:${name}`, 'applied', '')
    }
    await pass(platform, 4999)
    expect(saved.map(({ text }) => text)).toEqual(['v8'])
    await pass(platform, 1)
    expect(saved.map(({ text }) => text)).toEqual(['v8', 'v11'])
  })

  it('is finished before the watch ends', async () => {
    await store.acknowledge('redis:v8', 'applied', '')
    deliver('v9')
    await platform.settle()
    await store.acknowledge('redis:v9', 'applied', '')
    await followed.stop()
    expect(saved.map(({ text }) => text)).toEqual(['v8', 'v9'])
  })

  it('that fails is logged once and tried again each 30 s, with the newest table', async () => {
    const { save } = file
    const tries: number[] = []
    file.save = () => {
      tries.push(platform.now())
      return Promise.reject(new Error('ENOSPC'))
    }
    await store.acknowledge('redis:v8', 'applied', '')
    await pass(platform, 60_000)
    expect(tries.map((time) => time - (tries[0] ?? 0))).toEqual([0, 30_000, 60_000])
    expect(platform.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('cannot be saved'), fields: { error: 'ENOSPC' } }])
    deliver('v9')
    await platform.settle()
    await store.acknowledge('redis:v9', 'applied', '')
    file.save = save
    await pass(platform, 90_000)
    expect(saved.map(({ text }) => text)).toEqual(['v9'])
  })

  it('that fails gives way to a table that came meanwhile', async () => {
    const { save } = file
    let fail = (): void => undefined
    file.save = () => new Promise((_resolve, reject) => (fail = () => reject(new Error('ENOSPC'))))
    await store.acknowledge('redis:v8', 'applied', '')
    deliver('v9')
    await platform.settle()
    await store.acknowledge('redis:v9', 'applied', '')
    file.save = save
    fail()
    await pass(platform, 60_000)
    expect(saved.map(({ text }) => text)).toEqual(['v9'])
  })

  it('that fails does not hold up the end', async () => {
    file.save = () => Promise.reject(new Error('ENOSPC'))
    await store.acknowledge('redis:v8', 'applied', '')
    await platform.settle()
    await followed.stop()
  })
})

describe('its state', () => {
  const status: StoreStatus = { store: 'redis', mode: 'live', since: 1 }
  const withStatus = (load: LastGoodLoad): RouteStore & Required<Pick<RouteStore, 'acknowledge'>> => withLastGood({ ...memory, status: () => status }, load, file, platform)

  it('stands beside that of the store, and only there', async () => {
    await start(OLD)
    expect(store.status).toBeUndefined()
    expect(withStatus({}).status?.()).toEqual({ ...status, lastGood: {} })
    expect(withStatus(await loadLastGood(file, parseNames, platform)).status?.()).toEqual({ ...status, lastGood: { savedAt: 1 } })
    expect(withStatus({ fault: 'its hash is another' }).status?.()).toEqual({ ...status, lastGood: { fault: 'its hash is another' } })
  })

  it('says that it cannot be saved, until it is', async () => {
    await start(undefined)
    await followed.stop()
    store = withStatus(await loadLastGood({ ...file, load: async () => OLD }, parseNames, platform))
    followed = follow(store)
    const { save } = file
    file.save = () => Promise.reject(new Error('ENOSPC'))
    deliver('v8')
    await platform.settle()
    await store.acknowledge('redis:v8', 'applied', '')
    await platform.settle()
    const appliedAt = platform.wallClock()
    expect(store.status?.().lastGood).toEqual({ savedAt: 1, fault: 'ENOSPC' })
    await pass(platform, 29_000)
    file.save = save
    expect(store.status?.().lastGood).toEqual({ savedAt: 1, fault: 'ENOSPC' })
    await pass(platform, 1000)
    expect(store.status?.().lastGood).toEqual({ savedAt: appliedAt })
    expect(saved).toMatchObject([{ text: 'v8' }])
  })
})
