// One service over several registries, over sockets: no request fails for where its endpoint was learned, or for where it is not.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DataPlane } from '../../src/node/data-plane.ts'
import type { Endpoint, EndpointSet } from '../../src/model/endpoint.ts'
import { endpoint } from '../support/endpoints.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { ask } from '../support/live-vectors.ts'
import { startOrigin, type Origin } from '../support/origin.ts'
import { freePorts } from '../support/server-process.ts'

const CONFIG = (merge: boolean): string => `
listeners: { web: { port: 0, host: 127.0.0.1 } }
registries: { consul: {}, files: { type: file, path: nowhere } }
services: { words: { from: [consul/words, files/words], merge: ${merge} } }
routes: [{ match: /**, to: words }]
`

let live: Origin
let other: Origin
let dead: number[]
let gateway: TestGateway

beforeAll(async () => {
  live = await startOrigin()
  other = await startOrigin()
  dead = await freePorts(5)
})
afterAll(() => Promise.all([live.stop(), other.stop()]))
beforeEach(() => [live, other].forEach((origin) => origin.clear()))
afterEach(() => gateway.stop())

const at = (port: number, fields: Partial<Endpoint> = {}): Endpoint => endpoint(`e${port}`, { port, ...fields })
const ready = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'ready', endpoints, at: 1 })
const stale = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'stale', endpoints, at: 1, cause: { outcome: 'failed', message: 'gone' } })

async function start(merge: boolean, consul: EndpointSet, files: EndpointSet): Promise<DataPlane> {
  gateway = await startGateway(CONFIG(merge))
  const plane = gateway.plane as DataPlane
  plane.useSet('consul/words', consul)
  plane.useSet('files/words', files)
  return plane
}

async function statuses(count: number): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < count; i++) all.push((await ask(gateway.port(), 'GET', 'GET / HTTP/1.1\r\nHost: words\r\n\r\n'))?.status ?? 0)
  return [...new Set(all)]
}

test('a registry whose addresses are all dead costs no request while another has live ones', async () => {
  await start(false, stale(...dead.map((port) => at(port))), ready(at(live.port)))
  expect(await statuses(20)).toEqual([200])
  expect(gateway.records.every(({ attempts }) => attempts <= 3)).toBe(true)
})

test('a stale registry with live endpoints keeps the traffic', async () => {
  await start(false, stale(at(live.port)), ready(at(other.port)))
  expect(await statuses(5)).toEqual([200])
  expect([live.requests.length, other.requests.length]).toEqual([5, 0])
})

test('merged registries share, and one registry full of dead addresses costs no request', async () => {
  await start(true, ready(...dead.slice(0, 2).map((port) => at(port))), ready(at(live.port), at(other.port)))
  expect(await statuses(40)).toEqual([200])
  expect(Math.min(live.requests.length, other.requests.length)).toBeGreaterThan(0)
})

describe.each([false, true])('an address that moves from one registry to the other (merge: %s)', (merge) => {
  test('keeps its connection', async () => {
    const plane = await start(merge, ready(at(live.port)), ready())
    expect(await statuses(2)).toEqual([200])
    plane.useSet('files/words', ready(at(live.port, { id: 'files/1', origin: 'files' })))
    plane.useSet('consul/words', ready())
    expect(await statuses(2)).toEqual([200])
    expect(live.connections.filter(({ received }) => received !== '')).toHaveLength(1)
    expect(live.requests).toHaveLength(4)
  })

  test('that drains in one and lives in the other is used as long as nothing better is there', async () => {
    const plane = await start(merge, ready(at(live.port, { draining: true })), ready(at(live.port)))
    expect(await statuses(2)).toEqual([200])
    plane.useSet('files/words', ready(at(live.port), at(other.port)))
    live.clear()
    expect(await statuses(3)).toEqual([200])
    expect([live.requests.length, other.requests.length]).toEqual([0, 3])
  })
})
