// What drills share in which a gateway takes its tables from a Redis: services to lead to, tables to publish, and the look at what trouble leaves alone.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import type { StoreMode } from '../../src/model/store.ts'
import { publish, type Published } from '../../src/node/store/publish.ts'
import type { Drill, DrillPlan } from './drill/plan.ts'
import { byHand, publisher } from './store-drill.ts'
import { KEYS } from './store-events.ts'

/** A change of a table after which `web` leads to `next`, and so to backend c; without it `web` leads to a and b. */
export const LEADS_TO_C = { web: { to: [{ service: 'next', weight: 1 }] } }

/** Services `web` (backends a, b) and `next` (backend c), listed in files of this directory; tables come from `redis`, an URL for the gateway. */
export function redisPlan(directory: string, store: Pick<DrillPlan, 'upstreams' | 'store'>, speed = 10): DrillPlan {
  return {
    ...store,
    registries: () => ({ file: { path: directory } }),
    services: { web: { from: 'file/web', backends: ['a', 'b'] }, next: { from: 'file/next', backends: ['c'] } },
    before: async (backend) => {
      for (const [service, names] of [['web', ['a', 'b']], ['next', ['c']]] as const) await writeFile(join(directory, service), names.map((name) => `127.0.0.1 ${backend(name).port}\n`).join(''))
    },
    speed,
  }
}

/** Publishes a table, as the command line does. */
export async function push(url: string, text: string): Promise<Published> {
  const client = publisher(url)
  try {
    return await publish({ client, prefix: 'fairlead', text, by: 'test', note: '' })
  } finally {
    client.close()
  }
}

/** Publishes the first table, in which `web` leads to c, and waits until it is in force and hints of further ones are heard. `server` is the Redis itself where `url` names its Sentinels. */
export async function begins(d: Drill, url: string, server = url): Promise<void> {
  await push(url, d.table(LEADS_TO_C))
  await d.uses('web', ['c'])
  expect(await d.origin()).toBe('redis:v1')
  await d.store('live')
  await withHand(server, (hand) => d.until('hints are heard', () => listens(hand)))
}

/** The store is in trouble, which is said, and the table in force is the one of before: not one request goes elsewhere. */
export async function stays(d: Drill, mode: StoreMode, cause: RegExp, { origin = 'redis:v1', by = ['c'] }: { readonly origin?: string; readonly by?: readonly string[] } = {}): Promise<void> {
  await d.until(`the store is ${mode} because of ${String(cause)}`, async () => cause.test((await d.store(mode)).lastError?.message ?? ''), async () => JSON.stringify((await d.store(mode)).lastError))
  expect(await d.origin()).toBe(origin)
  await d.serves('web', by)
}

/** Publishes a table in which `web` leads to a and b again, and waits until it is in force: nobody had to do anything for that. */
export async function goesOn(d: Drill, url: string, version = 2): Promise<void> {
  await d.store('live')
  expect(await push(url, d.table({}))).toMatchObject({ kind: 'published', version })
  await d.uses('web', ['a', 'b'])
  expect(await d.origin()).toBe(`redis:v${version}`)
  await d.store('live')
}

/** Whether the one gateway of a drill hears hints. */
export const listens = async (hand: Redis): Promise<boolean> => Number((await hand.pubsub('NUMSUB', KEYS.notify))[1]) === 1

/** A client for the hand of a test, for as long as `act` runs. */
export async function withHand<T>(url: string, act: (hand: Redis) => Promise<T>): Promise<T> {
  const hand = byHand(url)
  try {
    return await act(hand)
  } finally {
    hand.disconnect()
  }
}
