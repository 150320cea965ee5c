// One service over several registries, over sockets: no request fails for where its endpoint was learned, or for where it is not.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DataPlane } from '../../src/node/data-plane.ts'
import type { Endpoint, EndpointSet } from '../../src/model/endpoint.ts'
import type { Platform } from '../../src/model/platform.ts'
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

async function start(merge: boolean, consul: EndpointSet, files: EndpointSet, world: Partial<Platform> = {}): Promise<DataPlane> {
  gateway = await startGateway(CONFIG(merge), world)
  const plane = gateway.plane as DataPlane
  plane.useSet('consul/words', consul)
  plane.useSet('files/words', files)
  return plane
}

/** A clock that a test moves on: who sleeps until then wakes. */
function skippedClock() {
  let skipped = 0
  const now = (): number => performance.now() + skipped
  const sleepers = new Map<() => void, number>()
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        sleepers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      sleepers.set(wake, now() + ms)
      signal?.addEventListener('abort', wake)
    })
  return {
    world: { now, sleep },
    skip(ms: number) {
      skipped += ms
      for (const [wake, until] of sleepers) if (until <= now()) wake()
    },
    /** Resolves when somebody sleeps. */
    asleep: () => expect.poll(() => sleepers.size, { interval: 1 }).toBe(1),
  }
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

test('servers that are gone with their registry cost the first request a try, and no other; they are asked for until they are back', async () => {
  const clock = skippedClock()
  const [port = 0] = dead
  await start(false, stale(at(port)), ready(at(live.port)), clock.world)
  expect(await statuses(3)).toEqual([200])
  for (let i = 0; i < 20; i++) {
    // Longer than an endpoint is avoided: whether it is back was asked before the request comes.
    clock.skip(40_000)
    await clock.asleep()
    expect(await statuses(1)).toEqual([200])
  }
  expect(gateway.records.map(({ attempts }) => attempts)).toEqual([2, ...Array.from({ length: 22 }, () => 1)])
  const back = await startOrigin(port)
  try {
    clock.skip(40_000)
    await expect.poll(async () => [...(await statuses(1)), back.requests.length > 0], { interval: 1 }).toEqual([200, true])
    live.clear()
    expect(await statuses(5)).toEqual([200])
    expect(live.requests).toHaveLength(0)
  } finally {
    await gateway.stop()
    await back.stop()
  }
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
