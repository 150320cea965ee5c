// Follows a route store in virtual time, and a Redis that is a map, for tests of the rules of reading.
import type { RouteConfig } from '../../src/model/route-config.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import type { ParseTable, RouteStore, StoreEvent } from '../../src/model/store.ts'
import { sha256Hex } from '../../src/store/digest.ts'
import { redisKeys } from '../../src/store/layout.ts'
import type { Pointer } from '../../src/store/pointer.ts'
import type { ConnectRedis } from '../../src/store/redis-view.ts'
import type { FakePlatform } from './fake-platform.ts'

/** A route that only has a name worth looking at. */
export function routeNamed(name: string, priority = 0): RouteConfig {
  return { name, priority, match: [{}], action: { kind: 'respond', status: 200, body: name, headers: [] }, timeout: 0, upgrade: true, tests: [] }
}

export function tableOf(...names: readonly string[]): TableConfig {
  return { callers: [], services: [], routes: names.map((name) => routeNamed(name)) }
}

/** Names of routes separated by blanks; a text with `!` in it is invalid, `none` stands for no routes, and `allowEmpty` for itself. */
export const parseNames: ParseTable = (text) => {
  if (text.includes('!')) return { problems: [{ severity: 'error', path: 'routes[0]', line: 1, column: 1, message: 'a bad route' }] }
  const names = text.split(/\s+/).filter((name) => name !== '' && name !== 'none' && name !== 'allowEmpty')
  return { table: tableOf(...names), problems: [], allowEmpty: text.includes('allowEmpty') }
}

/** One line for each event, as `table redis:v1 a b`, `rejected redis:v2 a bad route`, `unavailable redis …`, `confirmed redis:v1`. */
function shown(event: StoreEvent): string {
  if (event.kind === 'table') return `table ${event.origin} ${event.table.routes.map(({ name }) => name).join(' ')}`.trim()
  if (event.kind === 'rejected') return `rejected ${event.origin} ${event.problems.map(({ message }) => message).join('; ')}`
  return event.kind === 'unavailable' ? `unavailable ${event.origin} ${event.message}` : `confirmed ${event.origin}`
}

export interface Followed {
  readonly events: readonly StoreEvent[]
  readonly lines: readonly string[]
  stop(): Promise<void>
}

/** Takes every event of a store as it comes. */
export function follow(store: RouteStore, onEvent: (event: StoreEvent) => void = () => undefined): Followed {
  const events: StoreEvent[] = []
  const lines: string[] = []
  const life = new AbortController()
  const work = (async () => {
    for await (const event of store.watch(life.signal)) {
      events.push(event)
      lines.push(shown(event))
      onEvent(event)
    }
  })()
  return {
    events,
    lines,
    async stop() {
      life.abort()
      await work
    },
  }
}

// Hashing is done by threads outside the virtual world: time must not pass in it while one is at work.
const hashing = new Set<Promise<ArrayBuffer>>()
const digest = crypto.subtle.digest.bind(crypto.subtle)
crypto.subtle.digest = (...given) => {
  const work = digest(...given)
  hashing.add(work)
  return work.finally(() => hashing.delete(work))
}

async function settle(platform: FakePlatform): Promise<void> {
  await platform.settle()
  while (hashing.size > 0) {
    await Promise.allSettled(hashing)
    await platform.settle()
  }
}

/** Lets virtual time pass in small steps, in milliseconds. */
export async function pass(platform: FakePlatform, ms: number): Promise<void> {
  const end = platform.now() + ms
  await settle(platform)
  while (platform.now() < end) {
    await platform.advance(Math.min(25, end - platform.now()))
    await settle(platform)
  }
}

/** Lets virtual time pass until something holds, ten minutes at most. */
export async function until(platform: FakePlatform, holds: () => boolean): Promise<void> {
  await settle(platform)
  for (const start = platform.now(); !holds(); ) {
    if (platform.now() - start > 600_000) throw new Error('it never came to hold')
    await pass(platform, 25)
  }
}

export interface FakeRedis {
  readonly data: Map<string, Uint8Array<ArrayBuffer>>
  /** Commands as `get KEY` and `set KEY`. */
  readonly commands: string[]
  readonly connect: ConnectRedis
  /** Thrown by each command that it names a reason for. */
  failure: (command: 'get' | 'set', key: string) => Error | undefined
  ring(): void
  put(key: string, text: string): void
  /** Writes blob and pointer of a version; `pointer` overrides what is in it. */
  publish(version: number, text: string, pointer?: Partial<Pointer>): Promise<void>
}

export const KEYS = redisKeys('fairlead')

export function fakeRedis(): FakeRedis {
  const data = new Map<string, Uint8Array<ArrayBuffer>>()
  const commands: string[] = []
  const bells = new Set<() => void>()
  const fake: FakeRedis = {
    data,
    commands,
    failure: () => undefined,
    ring: () => bells.forEach((bell) => bell()),
    put: (key, text) => void data.set(key, new TextEncoder().encode(text)),
    async publish(version, text, pointer = {}) {
      const blob = new TextEncoder().encode(text)
      data.set(`${KEYS.versions}${version}`, blob)
      fake.put(KEYS.current, JSON.stringify({ version, epoch: 'e1', sha256: await sha256Hex(blob), bytes: blob.length, schema: 2, writtenAt: '', by: '', ...pointer }))
    },
    connect: (_keys, ring, signal) => {
      bells.add(ring)
      signal.addEventListener('abort', () => bells.delete(ring))
      const check = (command: 'get' | 'set', key: string): void => {
        commands.push(`${command} ${key}`)
        const error = fake.failure(command, key)
        if (error !== undefined) throw error
      }
      return {
        async get(key, limit) {
          check('get', key)
          return data.get(key)?.slice(0, limit + 1)
        },
        async set(key, value, ttl) {
          check('set', key)
          if (ttl > 1) fake.put(key, value)
          else data.delete(key)
        },
      }
    },
  }
  return fake
}
