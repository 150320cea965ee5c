// Redis as a route store reads it, through ioredis: one connection for commands and one that listens for hints.
import type { Platform } from '../../model/platform.ts'
import type { RedisKeys } from '../../store/layout.ts'
import { StoreFault } from '../../store/redis-fault.ts'
import type { ConnectRedis, RedisView } from '../../store/redis-view.ts'
import { createRedisClient, type RedisClient } from './redis-client.ts'
import type { RedisTarget } from './redis-url.ts'

/** A listening connection that is silent is asked whether it still lives this often, milliseconds. */
const PING_EVERY = 10_000

/** `gatewayId` shows in CLIENT LIST. */
export function redisLink(target: RedisTarget, platform: Platform, gatewayId: string): ConnectRedis {
  return (keys, ring, signal) => {
    const commands = createRedisClient(target, platform.random, `fairlead:${gatewayId}`)
    const listening = createRedisClient(target, platform.random, `fairlead:${gatewayId}:hints`)
    const close = (): void => {
      commands.close()
      listening.close()
    }
    signal.addEventListener('abort', close, { once: true })
    if (signal.aborted) close()
    commands.redis.on('ready', ring)
    listen(listening, keys, target, platform, ring)
    void keepAlive(listening, platform, signal)
    return createView(commands)
  }
}

function createView({ run }: RedisClient): RedisView {
  let mayRange = true
  const range = (key: string, limit: number): Promise<Buffer | null> => run((redis) => redis.getrangeBuffer(key, 0, limit))
  const whole = (key: string): Promise<Buffer | null> => run((redis) => redis.getBuffer(key))
  return {
    async get(key, limit) {
      let found: Buffer | null
      try {
        found = await (mayRange ? range(key, limit) : whole(key))
      } catch (error) {
        // A reader's rights may be GET alone; then its size is bounded by Redis only (512 MiB).
        if (!mayRange || !(error instanceof StoreFault) || !/getrange/i.test(error.message)) throw error
        mayRange = false
        found = await whole(key)
      }
      return found === null || found.length === 0 ? undefined : new Uint8Array(found)
    },
    async set(key, value, ttl) {
      await run((redis) => redis.set(key, value, 'PX', ttl))
    },
  }
}

/** Subscribes anew at each connection, and rings after it: what was said in between is lost. */
function listen({ redis }: RedisClient, keys: RedisKeys, target: RedisTarget, platform: Platform, ring: () => void): void {
  let complained = false
  // Only heard when somebody turned these notifications on; asking for that (CONFIG SET) is not ours.
  const changes = [keys.plain, keys.current].map((key) => `__keyspace@${target.options.db ?? 0}__:${key}`)
  redis.on('message', ring)
  redis.on('ready', () => {
    redis.subscribe(keys.notify).then(ring, (error: unknown) => {
      if (complained) return
      complained = true
      platform.log('warn', 'cannot listen for hints of route changes; they are seen within 6 s by polling', { channel: keys.notify, error: String(error) })
    })
    redis.subscribe(...changes).catch(() => undefined)
  })
}

/** Finds a listening connection that died without a word. */
async function keepAlive({ run }: RedisClient, platform: Platform, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await platform.sleep(PING_EVERY, signal)
    if (!signal.aborted) await run((redis) => redis.ping()).catch(() => undefined)
  }
}
