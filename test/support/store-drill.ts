// A gateway's store on a real Redis, for drills: events are collected and each table acknowledged as a gateway would.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { parseTable } from '../../src/config/parse.ts'
import type { LogLevel, Platform } from '../../src/model/platform.ts'
import type { ParseTable, RouteStore, StoreEvent } from '../../src/model/store.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { createRedisClient, type RedisClient } from '../../src/node/store/redis-client.ts'
import { parseRedisUrl } from '../../src/node/store/redis-url.ts'
import { follow, type Followed } from './store-events.ts'

export const parse: ParseTable = (text) => parseTable(text, { file: '' })

/** A table of routes that only have names. */
export function yamlOf(...names: readonly string[]): string {
  if (names.length === 0) return 'routes: []\nallowEmpty: true\n'
  return `routes:\n${names.map((name) => `  - { name: ${name}, match: ${name}.example/**, respond: { status: 200, body: ${name} } }\n`).join('')}`
}

export interface LoggedPlatform extends Platform {
  readonly lines: { readonly level: LogLevel; readonly message: string; readonly fields: unknown }[]
}

/** The real world, with a log that can be read. */
export function loggedPlatform(): LoggedPlatform {
  const lines: LoggedPlatform['lines'] = []
  return { ...nodePlatform((level, message, fields) => void lines.push({ level, message, fields })), lines }
}

/** Waits for something to hold; fails with what `seen` shows when it does not within `within` milliseconds. */
export async function eventually(holds: () => boolean | Promise<boolean>, seen: () => unknown = () => '', within = 20_000): Promise<void> {
  const end = performance.now() + within
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it never came to hold; seen: ${JSON.stringify(seen(), null, 1)}`)
    await sleep(5)
  }
}

export interface Drill extends Followed {
  last(): string | undefined
  /** Waits until the last line matches. */
  sees(line: string | RegExp): Promise<void>
}

/** Follows a store, and applies each table at once. */
export function drill(store: RouteStore, onEvent: (event: StoreEvent) => void = () => undefined): Drill {
  const followed = follow(store, (event) => {
    onEvent(event)
    if (event.kind === 'table') void store.acknowledge?.(event.origin, 'applied', '')
  })
  const last = (): string | undefined => followed.lines.at(-1)
  return {
    ...followed,
    last,
    sees: (line) => eventually(() => (typeof line === 'string' ? last() === line : line.test(last() ?? '')), () => followed.lines),
  }
}

/** A client as the command line has one. */
export function publisher(url: string): RedisClient {
  const target = parseRedisUrl(url)
  if (typeof target === 'string') throw new Error(target)
  return createRedisClient(target, Math.random, 'test')
}

/** A client for the hand of the test itself. */
export function byHand(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 3, enableReadyCheck: false })
  redis.on('error', () => undefined)
  return redis
}
