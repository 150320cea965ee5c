// The little that a route store needs of Redis. On Node it is ioredis (`src/node/store/redis-link.ts`), in tests a map.
import type { RedisKeys } from './layout.ts'

/** A live connection. All methods fail with `StoreFault`, after 2 s at most. */
export interface RedisView {
  /** The first `limit + 1` bytes of a string, so that a longer one is told from one at the limit; undefined when it is missing or empty. */
  get(key: string, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Writes a string that vanishes after `ttl` milliseconds. */
  set(key: string, value: string, ttl: number): Promise<void>
}

/** Connects in the background until the signal is aborted, and calls `ring` after each hint and each (re)connection. */
export type ConnectRedis = (keys: RedisKeys, ring: () => void, signal: AbortSignal) => RedisView
