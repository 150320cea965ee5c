// Redis as a route store reads it, through ioredis: one connection for commands and one that listens for hints.
import type { Platform } from '../../model/platform.ts'
import type { RedisKeys } from '../../store/layout.ts'
import { StoreFault } from '../../store/redis-fault.ts'
import type { ConnectRedis, RedisView } from '../../store/redis-view.ts'
import { createRedisClient, type RedisClient } from './redis-client.ts'
import type { RedisTarget } from './redis-url.ts'

/** A listening connection is asked whether it still lives, or told again what to listen to, this often; milliseconds. */
const TEND_EVERY = 10_000

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
    commands.onUp(ring)
    void listen(listening, keys, target, platform, ring, signal)
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

/** Subscribes anew at each connection, and until that worked; rings after it, since what was said in between is lost. Finds a connection that died without a word. */
async function listen({ redis, run, onUp }: RedisClient, keys: RedisKeys, target: RedisTarget, platform: Platform, ring: () => void, signal: AbortSignal): Promise<void> {
  let [listens, complained] = [false, false]
  // Only heard when somebody turned these notifications on; asking for that (CONFIG SET) is not ours.
  const changes = [keys.plain, keys.current].map((key) => `__keyspace@${target.options.db ?? 0}__:${key}`)
  const subscribe = async (): Promise<void> => {
    try {
      await run((up) => up.subscribe(keys.notify))
      listens = true
      complained = false
      ring()
      void run((up) => up.subscribe(...changes)).catch(() => undefined)
    } catch (error) {
      if (!complained) platform.log('warn', 'cannot listen for hints of route changes; they are seen within 6 s by polling', { channel: keys.notify, error: String(error) })
      complained = true
    }
  }
  redis.on('message', ring)
  redis.on('close', () => {
    listens = false
  })
  onUp(() => void subscribe())
  while (!signal.aborted) {
    await platform.sleep(TEND_EVERY, signal)
    if (signal.aborted || redis.status !== 'ready') continue
    if (listens) await run((up) => up.ping()).catch(() => undefined)
    else await subscribe()
  }
}
