// Options that all commands on the Redis route store share, and the connection that they ask for.
import { hostname, userInfo } from 'node:os'
import type { ParseArgsOptionsConfig } from 'node:util'
import { parseDuration } from '../model/duration.ts'
import { createRedisClient, type RedisClient } from '../node/store/redis-client.ts'
import { redisKeys, type RedisKeys } from '../store/layout.ts'
import { StoreFault } from '../store/redis-fault.ts'
import { fail, redisVariable, UsageError, type CliIo, type ExitCode } from './io.ts'
import { storeTarget } from './run-store.ts'

/** For each answer of Redis, milliseconds: a large table may take a while over a thin line. */
const ANSWER_TIMEOUT = 10_000

export const STORE_OPTIONS = {
  redis: { type: 'string' },
  prefix: { type: 'string', default: 'fairlead' },
  json: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

export interface StoreAccess {
  readonly client: RedisClient
  readonly keys: RedisKeys
  readonly prefix: string
}

/** Runs with a connection to the store, and says in words what is wrong with the options or with Redis. */
export async function withStore(values: { readonly redis?: string | undefined; readonly prefix?: string | undefined; readonly json: boolean }, io: CliIo, run: (access: StoreAccess) => Promise<ExitCode>): Promise<ExitCode> {
  const url = values.redis ?? redisVariable(io.env)
  const prefix = values.prefix ?? 'fairlead'
  if (url === undefined) throw new UsageError('say where Redis is: --redis redis://host:6379, or the environment variable FAIRLEAD_REDIS')
  const client = createRedisClient(storeTarget(url, prefix), Math.random, 'fairlead:cli', ANSWER_TIMEOUT)
  try {
    return await run({ client, keys: redisKeys(prefix), prefix })
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    return fail(io, values.json, error.message)
  } finally {
    client.close()
  }
}

/** A duration of at most an hour, in milliseconds. */
export function readTimeout(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms > 3_600_000) throw new UsageError(`--timeout ${text} is not a duration up to 1h: write 500ms, 10s, 2m`)
  return ms
}

/** A whole number from `least`. */
export function readNumber(name: string, text: string, least: number): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) < least) throw new UsageError(`${name} must be a whole number from ${least}, and is ${JSON.stringify(text)}`)
  return Number(text)
}

/** Who is at the keyboard, for the log: `ann@host`. */
export function whoAmI(io: CliIo): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A container may run under a number without a name.
    return `${io.env['USER'] ?? 'unknown'}@${hostname()}`
  }
}
