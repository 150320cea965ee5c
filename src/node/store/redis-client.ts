// One ioredis connection set up for a route store: it fails fast instead of queueing, comes back by itself with jitter, and its
// errors are in words for people.
import { Redis } from 'ioredis'
import { classifyRedisError, type StoreFault } from '../../store/redis-fault.ts'
import type { RedisTarget } from './redis-url.ts'

/** For connecting, and for each answer unless told otherwise; milliseconds. */
const TIMEOUT = 2000
/** Longest pause between two attempts to connect, milliseconds. */
const BACKOFF_MAX = 5000

export interface RedisClient {
  readonly redis: Redis
  /** Runs a command once the connection is up; fails with `StoreFault`, after the timeout at most. */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T>
  /** Calls back each time a connection is up. */
  onUp(listen: () => void): void
  close(): void
}

/** `random` is uniform in [0, 1); `name` shows in CLIENT LIST; `timeout` is for each answer in milliseconds, default 2 s. */
export function createRedisClient(target: RedisTarget, random: () => number, name: string, timeout: number = TIMEOUT): RedisClient {
  /** Connections in a row that could not be set up: ioredis takes them for good ones, and counts attempts anew. */
  let unfit = 0
  const backoff = (attempt: number): number => 50 + random() * Math.min(BACKOFF_MAX, 100 * 2 ** Math.min(Math.max(attempt, unfit), 10))
  const redis = new Redis({
    connectionName: name,
    // What cannot be asked now is asked again at the next look, with the answer of that time.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    // Its INFO may not be allowed; a server that is loading says so at the first command.
    enableReadyCheck: false,
    // Six plain commands need no RESP3, and some proxies do not speak it.
    protocol: 2,
    connectTimeout: TIMEOUT,
    commandTimeout: timeout,
    disconnectTimeout: 100,
    keepAlive: 10_000,
    retryStrategy: backoff,
    sentinelRetryStrategy: backoff,
    ...target.options,
    replyMapping: 'legacy',
  })
  let lastError: unknown
  redis.on('error', (error) => {
    lastError = error
    ignoreErrors(redis)
    // ioredis tells that a SELECT failed and goes on in database 0, which is another environment's. Nothing is written to a connection that is being ended, so no command gets there.
    if (redis.status !== 'connect') return
    unfit++
    redis.disconnect(true)
  })
  const onUp = (listen: () => void): void => void redis.on('ready', () => redis.stream.writable && listen())
  onUp(() => {
    unfit = 0
  })

  async function run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      await isUp(redis)
      return await command(redis)
    } catch (error) {
      // A server that hangs, or a path that swallows packets: only a new connection tells.
      if (isTimeout(error) && redis.status === 'ready') redis.disconnect(true)
      throw fault(error)
    }
  }

  function fault(error: unknown): StoreFault {
    const cause = isVague(error) ? (lastError ?? error) : error
    return classifyRedisError(cause, target.where, target.secrets)
  }

  function close(): void {
    ignoreErrors(redis)
    redis.disconnect()
  }

  return { redis, run, onUp, close }
}

/**
 * ioredis listens for one error of a socket only. A TLS socket that is given up in its handshake often has a second one (seen:
 * `tlsv1 alert decode error`), which would end the process.
 */
function ignoreErrors(redis: Redis): void {
  const stream: Redis['stream'] | undefined = redis.stream
  stream?.on('error', () => undefined)
}

/** Resolves once connected; otherwise at the first failure, or after 2 s. */
function isUp(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error('Connection timed out')), TIMEOUT)
    const up = (): void => finish()
    const failed = (error: Error): void => finish(error)
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      redis.off('ready', up).off('error', failed).off('end', ended)
      if (error === undefined) resolve()
      else reject(error)
    }
    const ended = (): void => finish(new Error('Connection is closed.'))
    redis.on('ready', up).on('error', failed).on('end', ended)
    if (redis.status === 'end') ended()
  })
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /timed out/i.test(error.message)
}

/** What ioredis says when the true cause came as an `error` event. */
function isVague(error: unknown): boolean {
  return error instanceof Error && /^(Connection is closed|Connection timed out|Stream isn't writeable|Reached the max retries|Command aborted)/.test(error.message)
}
