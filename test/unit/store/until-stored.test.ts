// A file beside a store: how long it counts, and who gets to hear of it.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fileUntilStored } from '../../../src/store/until-stored.ts'
import type { RouteStore } from '../../../src/model/store.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { memoryStore, type MemoryStore } from '../../support/memory-store.ts'
import { follow, pass, tableOf, type Followed } from '../../support/store-events.ts'

let platform: FakePlatform
let file: MemoryStore
let redis: MemoryStore
let store: RouteStore
let followed: Followed

beforeEach(() => {
  platform = fakePlatform()
  file = memoryStore(platform)
  redis = memoryStore(platform)
  store = fileUntilStored(file, redis, platform)
})
afterEach(() => followed.stop())

const write = (name: string): void => file.report({ kind: 'table', table: tableOf(name), origin: 'file:/a.yaml' })
const publish = (name: string): void => redis.report({ kind: 'table', table: tableOf(name), origin: `redis:${name}` })

test('each version of the file takes effect until the store has a table', async () => {
  followed = follow(store)
  redis.report({ kind: 'unavailable', origin: 'redis', message: 'no table' })
  write('one')
  await pass(platform, 0)
  write('two')
  await pass(platform, 60_000)
  expect([...followed.lines].sort()).toEqual(['table file:/a.yaml one', 'table file:/a.yaml two', 'unavailable redis no table'])
  file.report({ kind: 'rejected', origin: 'file:/a.yaml', problems: [] })
  await pass(platform, 0)
  expect(followed.lines.at(-1)).toBe('rejected file:/a.yaml ')
  publish('v1')
  await pass(platform, 0)
  write('three')
  await pass(platform, 60_000)
  publish('v2')
  await pass(platform, 0)
  expect(followed.lines.slice(4)).toEqual(['table redis:v1 v1', 'table redis:v2 v2'])
  expect(platform.lines).toMatchObject([{ level: 'info', fields: { store: 'redis:v1', file: 'file:/a.yaml' } }])
})

test('a table of the store outranks a file that changed in the same moment', async () => {
  write('one')
  publish('v1')
  followed = follow(store)
  await pass(platform, 60_000)
  expect(followed.lines).toEqual(['table redis:v1 v1'])
  expect(platform.lines).toEqual([])
})

test('a refused table of the store leaves the file in force', async () => {
  followed = follow(store)
  write('one')
  redis.report({ kind: 'rejected', origin: 'redis:v1', problems: [] })
  await pass(platform, 0)
  write('two')
  await pass(platform, 0)
  expect(followed.lines.filter((line) => line.startsWith('table'))).toEqual(['table file:/a.yaml one', 'table file:/a.yaml two'])
})

test('what became of a table is told to whoever gave it', async () => {
  followed = follow(store)
  write('one')
  await pass(platform, 0)
  await store.acknowledge?.('file:/a.yaml', 'applied', '')
  publish('v1')
  await pass(platform, 0)
  await store.acknowledge?.('redis:v1', 'rejected', 'why')
  expect([file.acknowledged, redis.acknowledged]).toEqual([[{ origin: 'file:/a.yaml', status: 'applied', detail: '' }], [{ origin: 'redis:v1', status: 'rejected', detail: 'why' }]])
})
