// What a defect of the gateway's own costs: one record or one answer, told in the log, and never the process.
import { expect, test } from 'vitest'
import type { Exchange } from '../../../src/model/exchange.ts'
import { Budgets } from '../../../src/proxy/budgets.ts'
import { createEndpointBook } from '../../../src/proxy/endpoints.ts'
import { handle } from '../../../src/proxy/gateway.ts'
import { Snapshots } from '../../../src/proxy/snapshots.ts'
import { request } from '../../support/build-table.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

test('a record that cannot be taken is lost alone: the request ends, and the log says so', async () => {
  const platform = fakePlatform()
  const snapshots = new Snapshots(createEndpointBook(platform), () => {})
  const statuses: number[] = []
  const exchange: Exchange = {
    head: request('words.example/', {}),
    startedAt: 0, uploadedAt: 0, upgrade: '', trustedPeer: false, peerAddress: '127.0.0.1', peerScheme: 'http', gone: false, replayable: true, bytesIn: 0, bytesOut: 0,
    keepBody() {}, holdBody() {}, ruleTrailers() {},
    respond: ({ status }) => Promise.resolve(void statuses.push(status)),
    relay: () => undefined,
  }
  const record = (): never => {
    throw new Error('no room')
  }
  await handle({ platform, transport: { send: () => Promise.reject(new Error('nobody sends')) }, snapshot: snapshots.current, budgets: new Budgets(), record }, exchange)
  expect(statuses).toEqual([503])
  expect(platform.lines.map(({ level, message }) => [level, message])).toEqual([['error', 'the record of a request is lost by a defect']])
  expect(JSON.stringify(platform.lines)).toContain('no room')
})
