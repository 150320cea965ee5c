// The store of one table.
import { expect, test } from 'vitest'
import type { StoreEvent } from '../../../src/model/store.ts'
import { tableStore } from '../../../src/store/table.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { tableOf } from '../../support/store-events.ts'

test('the store of one table gives it, and then nothing until it is stopped', async () => {
  const platform = fakePlatform()
  const stop = new AbortController()
  const events: StoreEvent[] = []
  let over = false
  const watching = (async () => {
    for await (const event of tableStore(platform, tableOf('a')).watch(stop.signal)) events.push(event)
    over = true
  })()
  await platform.advance(2 ** 32)
  expect([events, over]).toEqual([[{ kind: 'table', table: tableOf('a'), origin: 'memory:1' }], false])
  stop.abort()
  await watching
})

test('one that is stopped before it begins gives nothing', async () => {
  const { value } = await tableStore(fakePlatform(), tableOf('a')).watch(AbortSignal.abort())[Symbol.asyncIterator]().next()
  expect(value).toBeUndefined()
})
