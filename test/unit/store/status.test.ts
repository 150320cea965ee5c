// How a route store says it is: which mode after what, since when, and what was found; on a Redis that is a map, in virtual time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StoreStatus } from '../../../src/model/store.ts'
import { fileStore } from '../../../src/store/file.ts'
import { classifyRedisError, StoreFault } from '../../../src/store/redis-fault.ts'
import { redisStore } from '../../../src/store/redis.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { fakeRedis, follow, KEYS, parseNames, pass, until, type FakeRedis, type Followed } from '../../support/store-events.ts'

/** In which virtual time passes, milliseconds: what is waited for is seen this late at most. */
const STEP = 25

let platform: FakePlatform
let redis: FakeRedis
let store: ReturnType<typeof redisStore>
let followed: Followed

const is = (mode: StoreStatus['mode']): Promise<void> => until(platform, () => store.status().mode === mode)

beforeEach(() => {
  platform = fakePlatform()
  redis = fakeRedis()
  store = redisStore({ platform, parse: parseNames, connect: redis.connect, gatewayId: 'gw-1', limit: 100 })
  followed = follow({ watch: async function* () {} })
})

afterEach(() => followed.stop())

describe('a store in Redis', () => {
  it('is pending until it was looked at', () => {
    expect(store.status()).toEqual({ store: 'redis', mode: 'pending', since: platform.wallClock() })
  })

  it('is live without any error, and read at each look', async () => {
    await redis.publish(5, 'a')
    followed = follow(store)
    await until(platform, () => followed.lines.length === 1)
    expect(store.status().mode).toBe('live')
    const { since } = store.status()
    await pass(platform, 60_000)
    const { lastSuccess = 0, ...rest } = store.status()
    expect(rest).toEqual({ store: 'redis', mode: 'live', since })
    expect(platform.wallClock() - lastSuccess).toBeLessThanOrEqual(6000 + STEP)
  })

  const fail = (fault: StoreFault) => async (): Promise<void> => void (redis.failure = () => fault)
  it.each<[what: string, mode: StoreStatus['mode'], message: RegExp, act: () => Promise<void>]>([
    ['is down', 'unreachable', /^Redis at db:6379: nothing listens there/, fail(classifyRedisError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'db:6379'))],
    ['refuses the user', 'unreachable', /^Redis at db:6379: the user lacks a right/, fail(classifyRedisError(new Error('NOPERM no'), 'db:6379'))],
    ['is not trusted', 'unreachable', /^Redis at db:6379: the TLS handshake failed/, fail(classifyRedisError(new Error('self-signed certificate'), 'db:6379'))],
    ['was flushed', 'absent', /^{fairlead}:routes:current \(version 5\) is gone/, async () => redis.data.clear()],
    ['has lost the pointer, and holds the key of before', 'absent', /holds what it held before version 5/, async () => void redis.data.delete(KEYS.current)],
    ['names a version that is not there', 'absent', /names version 6, and .* is not there/, async () => {
      await redis.publish(6, 'b')
      redis.data.delete(`${KEYS.versions}6`)
    }],
    ['went back', 'behind', /^redis:v4: the store went back from version 5 to 4/, () => redis.publish(4, 'old')],
    ['holds an invalid version', 'refused', /^redis:v6: routes\[0\]: a bad route$/, () => redis.publish(6, '!')],
    ['holds a version that was rewritten', 'refused', /^redis:v5: version 5 was rewritten/, () => redis.publish(5, 'other')],
    ['holds a version that is too large', 'refused', /^redis:v6: version 6 has 101 bytes, the limit is 100$/, () => redis.publish(6, 'x'.repeat(101))],
    ['holds a damaged version', 'refused', /^redis:v6: redis:v6 is damaged/, () => redis.publish(6, 'b', { sha256: '0'.repeat(64) })],
    ['holds a pointer that is none', 'refused', /^{fairlead}:routes:current: .* is not a pointer/, async () => redis.put(KEYS.current, '{}')],
  ])('that %s is %s, since then, until it is repaired', async (_what, mode, message, act) => {
    redis.put(KEYS.plain, 'by hand')
    await redis.publish(5, 'a')
    followed = follow(store)
    await is('live')
    const data = new Map(redis.data)
    const read = store.status().lastSuccess
    await act()
    await is(mode)
    const { since } = store.status()
    expect(platform.wallClock() - since).toBeLessThanOrEqual(STEP)
    expect(store.status()).toEqual({ store: 'redis', mode, since, lastSuccess: mode === 'unreachable' ? read : since, lastError: { at: since, message: expect.stringMatching(message) } })
    await pass(platform, 25_000)
    const later = store.status()
    expect(later).toMatchObject({ mode, since })
    expect(later.lastError?.at).toBeGreaterThan(since + 15_000)
    expect(later.lastSuccess).toBe(mode === 'unreachable' ? read : later.lastError?.at)
    redis.failure = () => undefined
    redis.data.clear()
    for (const [key, value] of data) redis.data.set(key, value)
    await is('live')
    const { since: again, lastSuccess, lastError } = store.status()
    expect(platform.wallClock() - again).toBeLessThanOrEqual(STEP)
    expect(lastSuccess).toBe(again)
    expect(lastError?.message).toMatch(message)
  })

  it.each([['!', {}], ['b', { sha256: '0'.repeat(64) }]])('that comes back from an outage with the version that was refused before is refused, not unreachable: %s %j', async (text, pointer) => {
    await redis.publish(1, text, pointer)
    followed = follow(store)
    await is('refused')
    redis.failure = () => new StoreFault('unavailable', 'down')
    await is('unreachable')
    redis.failure = () => undefined
    await is('refused')
    await pass(platform, 20_000)
    expect(store.status().mode).toBe('refused')
  })

  it('whose table the gateway could not use is refused, and stays so', async () => {
    await redis.publish(1, 'a')
    followed = follow(store)
    await is('live')
    await store.acknowledge('redis:v1', 'applied', '')
    await redis.publish(2, 'b')
    await until(platform, () => followed.lines.length === 2)
    await store.acknowledge('redis:v2', 'rejected', 'does not compile')
    await pass(platform, 20_000)
    expect(store.status()).toMatchObject({ mode: 'refused', lastError: { message: 'redis:v2: does not compile' } })
    await redis.publish(3, 'c')
    await is('live')
  })

  it('names the first three problems of a refused table, and errors only', async () => {
    const problem = (message: string, severity: 'error' | 'warning' = 'error') => ({ severity, path: '', line: 0, column: 0, message })
    store = redisStore({ platform, connect: redis.connect, gatewayId: 'gw-1', parse: () => ({ problems: [problem('w', 'warning'), ...['a', 'b', 'c', 'd', 'e'].map((text) => problem(text))] }) })
    await redis.publish(1, 'x')
    followed = follow(store)
    await is('refused')
    expect(store.status().lastError?.message).toBe('redis:v1: a; b; c; and 2 more')
  })

  it('shows no password of its URL', async () => {
    redis.failure = () => classifyRedisError(new Error('ERR no AUTH for ann:s3cret here'), 'db:6379', ['s3cret', 'ann:s3cret'])
    followed = follow(store)
    await is('unreachable')
    expect(JSON.stringify(store.status())).not.toContain('s3cret')
  })
})

describe('a store in a file', () => {
  let text: string | undefined
  let failure: Error | undefined
  let file: ReturnType<typeof fileStore>
  let version = 0

  beforeEach(() => {
    text = 'a'
    failure = undefined
    const view = {
      stat: async () => {
        if (failure !== undefined) throw failure
        return text === undefined ? undefined : { key: `${version}`, modified: platform.wallClock() - 60_000 }
      },
      read: async () => new TextEncoder().encode(text),
      hint: () => undefined,
    }
    file = fileStore({ platform, path: '/etc/f.yaml', view, parse: parseNames })
  })

  const fileIs = (mode: StoreStatus['mode']): Promise<void> => until(platform, () => file.status().mode === mode)
  const write = (next: string | undefined): void => {
    text = next
    version += 1
  }

  it.each<[what: string, mode: StoreStatus['mode'], message: string, act: () => void]>([
    ['is gone', 'absent', '/etc/f.yaml is gone; going on with the last table', () => write(undefined)],
    ['cannot be read', 'unreachable', 'EACCES', () => void (failure = new Error('EACCES'))],
    ['is invalid', 'refused', 'routes[0]: a bad route', () => write('!')],
  ])('that %s is %s, until it is repaired', async (_what, mode, message, act) => {
    followed = follow(file)
    await fileIs('live')
    const { since: start } = file.status()
    expect(file.status()).toEqual({ store: 'file:/etc/f.yaml', mode: 'live', since: start, lastSuccess: start })
    act()
    await fileIs(mode)
    const { since } = file.status()
    await pass(platform, 10_000)
    const { lastSuccess = 0, lastError, ...rest } = file.status()
    expect(rest).toEqual({ store: 'file:/etc/f.yaml', mode, since })
    expect(lastError).toEqual({ at: expect.any(Number), message })
    expect(lastSuccess < since).toBe(mode === 'unreachable')
    failure = undefined
    write('a')
    await fileIs('live')
  })
})
