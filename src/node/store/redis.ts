// The Redis route store on Node, from its URL.
import type { Platform } from '../../model/platform.ts'
import type { ParseTable } from '../../model/store.ts'
import { prefixProblem } from '../../model/store-prefix.ts'
import { redisStore } from '../../store/redis.ts'
import { redisLink } from './redis-link.ts'
import { parseRedisUrl } from './redis-url.ts'

export interface OpenRedisOptions {
  /** See `parseRedisUrl`. */
  readonly url: string
  readonly prefix: string
  /** Unique among the gateways on this prefix: letters, digits, dot, dash, underscore. */
  readonly gatewayId: string
  readonly platform: Platform
  readonly parse: ParseTable
  /** `LoadedTable.last.mark` of the last good table, so that an older state of Redis is known for one after a restart too. */
  readonly resume?: string
}

/** Connects when it is watched. Fails with a message for people when URL or prefix cannot be used. */
export function openRedisStore({ url, prefix, gatewayId, platform, ...rest }: OpenRedisOptions): ReturnType<typeof redisStore> {
  const target = parseRedisUrl(url)
  if (typeof target === 'string') throw new Error(target)
  const wrong = prefixProblem(prefix)
  if (wrong !== undefined) throw new Error(wrong)
  return redisStore({ ...rest, prefix, gatewayId, platform, connect: redisLink(target, platform, gatewayId) })
}
