// Which Redis the routes of `fairlead run` come from, and who said so. What stands in an environment for other commands must not
// overrule what was written for this gateway, and whoever looks for their routes must find out where they are taken from.
import type { StoreConfig } from '../model/config.ts'
import { parseRedisUrl, type RedisTarget } from '../node/store/redis-url.ts'
import { prefixProblem } from '../model/store-prefix.ts'
import { redisVariable, UsageError, type CliIo } from './io.ts'

export interface RunStore {
  readonly store: StoreConfig
  /** For the log: `127.0.0.1:6379 (FAIRLEAD_REDIS)`, never with a password. */
  readonly where: string
}

/** The option first, then the `store` of the file, then the environment; undefined when none names a Redis. Throws `UsageError`. */
export function runStore(options: { readonly redis?: string | undefined; readonly prefix?: string | undefined }, ofFile: StoreConfig | undefined, env: CliIo['env']): RunStore | undefined {
  const [url, by] = options.redis !== undefined ? [options.redis, '--redis'] : ofFile !== undefined ? [ofFile.redis, 'store in the file'] : [redisVariable(env), 'FAIRLEAD_REDIS']
  if (url === undefined && options.prefix === undefined) return undefined
  if (url === undefined) throw new UsageError('--prefix is for routes from Redis: give --redis URL too, or a file with a store')
  const prefix = options.prefix ?? ofFile?.prefix ?? 'fairlead'
  return { store: { redis: url, prefix }, where: `${storeTarget(url, prefix, by).where} (${by})` }
}

/** Takes apart where a store is. Throws `UsageError` for a URL or a prefix that is none; `by` says who gave the URL. */
export function storeTarget(url: string, prefix: string, by?: string): RedisTarget {
  const target = parseRedisUrl(url)
  if (typeof target === 'string') throw new UsageError(by === undefined ? target : `${by}: ${target}`)
  const wrong = prefixProblem(prefix)
  if (wrong !== undefined) throw new UsageError(wrong)
  return target
}
