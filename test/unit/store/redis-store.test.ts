// The reader's rules of the Redis route store, each against a Redis that is a map, in virtual time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseAck } from '../../../src/store/ack.ts'
import { classifyRedisError, StoreFault } from '../../../src/store/redis-fault.ts'
import { redisStore, type RedisStoreOptions } from '../../../src/store/redis.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'
import { fakeRedis, follow, KEYS, parseNames, pass, until, type FakeRedis, type Followed } from '../../support/store-events.ts'

let platform: FakePlatform
let redis: FakeRedis
let store: ReturnType<typeof redisStore>
let followed: Followed
let parsed: string[]

function start(options: Partial<RedisStoreOptions> = {}): void {
  const parse = (text: string): ReturnType<typeof parseNames> => {
    parsed.push(text)
    return parseNames(text)
  }
  store = redisStore({ platform, parse, connect: redis.connect, gatewayId: 'gw-1', ...options })
  followed = follow(store)
}

const seen = (count: number): Promise<void> => until(platform, () => followed.lines.length >= count)
const last = (): string | undefined => followed.lines.at(-1)
const commands = (start: string): number => redis.commands.filter((command) => command.startsWith(start)).length
/** Lets the store look at the pointer `count` more times. */
const looks = (count: number): Promise<void> => {
  const before = commands(`get ${KEYS.current}`)
  return until(platform, () => commands(`get ${KEYS.current}`) > before + count)
}
const ack = (): ReturnType<typeof parseAck> => parseAck('gw-1', new TextDecoder().decode(redis.data.get(`${KEYS.acks}gw-1`)))

beforeEach(() => {
  platform = fakePlatform()
  redis = fakeRedis()
  parsed = []
})

afterEach(() => followed.stop())

describe('versions', () => {
  it('are delivered one after the other', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await redis.publish(2, 'a b')
    await seen(2)
    expect(followed.lines).toEqual(['table redis:v1 a', 'table redis:v2 a b'])
  })

  it('that did not change cost one small read a look', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await looks(5)
    expect(followed.lines).toEqual(['table redis:v1 a'])
    expect(commands(`get ${KEYS.versions}`)).toBe(1)
    expect(commands(`get ${KEYS.plain}`)).toBe(commands(`get ${KEYS.current}`) + 2)
    expect(parsed).toEqual(['a'])
  })

  it('are polled each 4 to 6 s, at other times in each gateway', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    const times: number[] = []
    for (let count = 0; count < 20; count++) {
      const before = commands(`get ${KEYS.current}`)
      await until(platform, () => commands(`get ${KEYS.current}`) > before)
      times.push(platform.now())
    }
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(3980)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(6020)
    expect(new Set(gaps).size).toBeGreaterThan(10)
  })

  it('are read at once after a hint', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await pass(platform, 1000)
    await redis.publish(2, 'b')
    redis.ring()
    await pass(platform, 1)
    expect(commands(`get ${KEYS.versions}2`)).toBe(1)
    await seen(2)
    expect(last()).toBe('table redis:v2 b')
  })

  it('are read one at a time under a flood of hints, and at most each 25 ms', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    const before = commands(`get ${KEYS.current}`)
    for (let ms = 0; ms < 1000; ms++) {
      for (let ring = 0; ring < 100; ring++) redis.ring()
      await pass(platform, 1)
    }
    expect(commands(`get ${KEYS.current}`) - before).toBeGreaterThan(5)
    expect(commands(`get ${KEYS.current}`) - before).toBeLessThanOrEqual(41)
  })

  it('that are invalid are refused with every reason, once, and the running one stays', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await redis.publish(2, 'a !')
    await seen(2)
    await looks(10)
    expect(followed.lines).toEqual(['table redis:v1 a', 'rejected redis:v2 a bad route'])
    expect(parsed).toEqual(['a', 'a !'])
  })

  it('that are invalid are not validated again after an outage either, but said again', async () => {
    await redis.publish(1, '!')
    start()
    await seen(1)
    redis.failure = () => new StoreFault('unavailable', 'gone')
    await seen(2)
    redis.failure = () => undefined
    await seen(3)
    expect(followed.lines).toEqual(['rejected redis:v1 a bad route', 'unavailable redis gone', 'rejected redis:v1 a bad route'])
    expect(parsed).toEqual(['!'])
  })

  it('that come back after an invalid one are confirmed, not delivered again', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await redis.publish(2, '!')
    await seen(2)
    await redis.publish(1, 'a')
    await seen(3)
    expect(last()).toBe('confirmed redis:v1')
  })

  it('follow an invalid one', async () => {
    await redis.publish(1, '!')
    start()
    await seen(1)
    await redis.publish(2, 'b')
    await seen(2)
    expect(last()).toBe('table redis:v2 b')
  })

  it('without routes are refused unless the document means it', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await redis.publish(2, '  \n')
    await seen(2)
    expect(last()).toBe('rejected redis:v2 the document is empty')
    await redis.publish(3, 'none')
    await seen(3)
    expect(last()).toMatch(/^rejected redis:v3 the table has no routes/)
    await redis.publish(4, 'none allowEmpty')
    await seen(4)
    expect(last()).toBe('table redis:v4')
  })

  it('survive a parser that throws', async () => {
    await redis.publish(1, 'a')
    start({
      parse: (text) => {
        if (text === 'boom') throw new Error('a defect')
        return parseNames(text)
      },
    })
    await seen(1)
    await redis.publish(2, 'boom')
    await seen(2)
    expect(last()).toBe('rejected redis:v2 the document cannot be read: a defect')
  })
})

describe('a blob', () => {
  it('of another hash is refused, and read again later in case it was repaired', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await redis.publish(2, 'b')
    redis.put(`${KEYS.versions}2`, 'c')
    await seen(2)
    expect(last()).toMatch(/rejected redis:v2 redis:v2 is damaged: its SHA-256 is/)
    await looks(3)
    expect(commands(`get ${KEYS.versions}2`)).toBe(1)
    redis.put(`${KEYS.versions}2`, 'b')
    await seen(3)
    expect(last()).toBe('table redis:v2 b')
  })

  it('of another size is refused', async () => {
    await redis.publish(1, 'a', { bytes: 2 })
    start()
    await seen(1)
    expect(last()).toMatch(/damaged: it has 1 bytes and the pointer says 2/)
  })

  it('over the limit is not even fetched', async () => {
    await redis.publish(1, 'abcdef')
    start({ limit: 5 })
    await seen(1)
    expect(last()).toBe('rejected redis:v1 version 1 has 6 bytes, the limit is 5')
    expect(commands(`get ${KEYS.versions}`)).toBe(0)
  })

  it('that is missing is waited for', async () => {
    await redis.publish(1, 'a')
    redis.data.delete(`${KEYS.versions}1`)
    start()
    await seen(1)
    expect(last()).toMatch(/unavailable redis:v1 .*names version 1, and .*:v:1 is not there/)
    await redis.publish(1, 'a')
    await seen(2)
    expect(last()).toBe('table redis:v1 a')
  })
})

describe('a broken history', () => {
  it('with the pointer gone keeps the table and says so once', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    redis.data.clear()
    await seen(2)
    await looks(5)
    expect(followed.lines).toHaveLength(2)
    expect(last()).toMatch(/^unavailable redis .*\(version 1\) is gone/)
    await redis.publish(1, 'a')
    await seen(3)
    expect(last()).toBe('confirmed redis:v1')
  })

  it('that goes back in the same epoch is refused until it is ahead again', async () => {
    await redis.publish(12, 'a')
    start()
    await seen(1)
    await redis.publish(11, 'b')
    await seen(2)
    expect(last()).toMatch(/rejected redis:v11 the store went back from version 12 to 11/)
    await redis.publish(13, 'c')
    await seen(3)
    expect(last()).toBe('table redis:v13 c')
  })

  it('that goes back on purpose is followed', async () => {
    await redis.publish(12, 'a')
    start()
    await seen(1)
    await redis.publish(11, 'b', { rollback: true })
    await seen(2)
    expect(last()).toBe('table redis:v11 b')
    await redis.publish(12, 'c')
    await seen(3)
    expect(last()).toBe('table redis:v12 c')
  })

  it('with another epoch is followed, loudly', async () => {
    await redis.publish(12, 'a')
    start()
    await seen(1)
    expect(platform.lines).toEqual([])
    await redis.publish(1, 'b', { epoch: 'e2' })
    await seen(2)
    expect(last()).toBe('table redis:v1 b')
    expect(platform.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('flushed or restored') }])
  })

  it('that only renames its epoch goes on without a word', async () => {
    await redis.publish(12, 'a')
    start()
    await seen(1)
    await redis.publish(12, 'a', { epoch: 'e2' })
    await looks(2)
    await redis.publish(13, 'b', { epoch: 'e2' })
    await seen(2)
    expect(followed.lines).toEqual(['table redis:v12 a', 'table redis:v13 b'])
    expect(platform.lines).toEqual([])
  })

  it('of another epoch is still validated first', async () => {
    await redis.publish(12, 'a')
    start()
    await seen(1)
    await redis.publish(1, '!', { epoch: 'e2' })
    await seen(2)
    expect(last()).toBe('rejected redis:v1 a bad route')
    expect(platform.lines).toEqual([])
  })

  it('is known after a restart by the mark of the last good table', async () => {
    await redis.publish(12, 'a')
    start()
    await seen(1)
    const mark = followed.events[0]?.kind === 'table' ? followed.events[0].saved?.mark : undefined
    await followed.stop()
    await redis.publish(11, 'b')
    start({ resume: mark ?? '' })
    await seen(1)
    expect(last()).toMatch(/rejected redis:v11 the store went back/)
    await redis.publish(12, 'a')
    await seen(2)
    expect(last()).toBe('table redis:v12 a')
  })

  it.each(['', 'nonsense', '{"kind":"version","version":"12"}', 'null'])('forgets an unreadable mark: %s', async (resume) => {
    await redis.publish(1, 'a')
    start({ resume })
    await seen(1)
    expect(last()).toBe('table redis:v1 a')
  })

  it('with a pointer that is none is refused once', async () => {
    redis.put(KEYS.current, '{"version":"x"}')
    start()
    await seen(1)
    await looks(3)
    expect(followed.lines).toEqual([expect.stringMatching(/^rejected redis .*:routes:current is not a pointer: "version" must be/)])
  })
})

describe('the plain key', () => {
  it('is used without a pointer, and polled', async () => {
    redis.put(KEYS.plain, 'a')
    start()
    await seen(1)
    expect(last()).toMatch(/^table redis:plain-[0-9a-f]{8} a$/)
    redis.put(KEYS.plain, 'a b')
    await seen(2)
    expect(last()).toMatch(/ a b$/)
    redis.put(KEYS.plain, '!')
    await seen(3)
    expect(last()).toMatch(/^rejected redis:plain-.* a bad route/)
    redis.put(KEYS.plain, 'a b')
    await seen(4)
    expect(last()).toMatch(/^confirmed/)
  })

  it('that is gone keeps the table', async () => {
    redis.put(KEYS.plain, 'a')
    start()
    await seen(1)
    redis.data.delete(KEYS.plain)
    await seen(2)
    expect(last()).toMatch(/^unavailable redis \{fairlead\}:routes is gone/)
  })

  it('gives way to the first version', async () => {
    redis.put(KEYS.plain, 'a')
    start()
    await seen(1)
    await redis.publish(1, 'b')
    await seen(2)
    expect(last()).toBe('table redis:v1 b')
  })

  it('does not come back when the pointer is lost, until somebody writes it', async () => {
    redis.put(KEYS.plain, 'old')
    await redis.publish(1, 'b')
    start()
    await seen(1)
    redis.data.delete(KEYS.current)
    await seen(2)
    expect(last()).toMatch(/^unavailable .*holds what it held before version 1/)
    redis.put(KEYS.plain, 'new')
    await seen(3)
    expect(last()).toMatch(/^table redis:plain-.* new$/)
  })

  it('written while a pointer rules is answered in the log', async () => {
    await redis.publish(1, 'b')
    start()
    await seen(1)
    redis.put(KEYS.plain, 'by hand')
    redis.ring()
    await until(platform, () => platform.lines.length > 0)
    expect(platform.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('was written but {fairlead}:routes:current is in force') }])
    for (let hint = 0; hint < 3; hint++) {
      await pass(platform, 6000)
      redis.ring()
      await looks(1)
    }
    expect(platform.lines).toHaveLength(1)
    expect(followed.lines).toHaveLength(1)
  })

  it('that may not be read is no reason to miss the versions', async () => {
    redis.failure = (_command, key) => (key === KEYS.plain ? new StoreFault('denied', 'NOPERM') : undefined)
    start()
    await seen(1)
    expect(last()).toMatch(/^unavailable redis neither/)
    await redis.publish(1, 'a')
    await seen(2)
    expect(last()).toBe('table redis:v1 a')
  })
})

describe('errors of Redis', () => {
  it('keep the table; each is said once, and its end', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    redis.failure = () => new StoreFault('unavailable', 'down')
    await seen(2)
    await looks(4)
    redis.failure = () => new StoreFault('denied', 'NOPERM')
    await seen(3)
    redis.failure = () => undefined
    await seen(4)
    await looks(2)
    expect(followed.lines).toEqual(['table redis:v1 a', 'unavailable redis down', 'unavailable redis NOPERM', 'confirmed redis:v1'])
  })

  it('of one kind are one trouble, whatever the server says around it', async () => {
    let count = 0
    redis.failure = () => classifyRedisError(new Error(`LOADING ${(count += 1)} %`), 'db:6379')
    start()
    await looks(5)
    expect(followed.lines).toEqual(['unavailable redis Redis at db:6379: it is still loading its data (LOADING 1 %)'])
  })

  it('of configuration are problems', async () => {
    redis.failure = (_command, key) => (key === KEYS.current ? new StoreFault('config', 'WRONGTYPE') : undefined)
    start()
    await seen(1)
    expect(last()).toBe('rejected redis WRONGTYPE')
  })

  it('while a new version is fetched leave the old one whole', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    redis.failure = (_command, key) => (key === `${KEYS.versions}2` ? new StoreFault('unavailable', 'cut') : undefined)
    await redis.publish(2, 'b')
    await seen(2)
    expect(last()).toBe('unavailable redis cut')
    redis.failure = () => undefined
    await seen(3)
    expect(last()).toBe('table redis:v2 b')
  })
})

describe('the acknowledgement', () => {
  it('is there before the first table, so that a publisher knows who is alive', async () => {
    start()
    await until(platform, () => ack() !== undefined)
    expect(ack()).toMatchObject({ gateway: 'gw-1', status: 'waiting', version: 0, running: 0 })
  })

  it('says what the gateway did', async () => {
    await redis.publish(3, 'a')
    start()
    await seen(1)
    await store.acknowledge('redis:v3', 'applied', '')
    expect(ack()).toMatchObject({ status: 'applied', version: 3, running: 3, epoch: 'e1', error: '' })
  })

  it('says why the store itself refused a version, and what runs on', async () => {
    await redis.publish(3, 'a')
    start()
    await seen(1)
    await store.acknowledge('redis:v3', 'applied', '')
    await redis.publish(4, '!')
    await until(platform, () => ack()?.version === 4)
    expect(ack()).toMatchObject({ status: 'rejected', version: 4, running: 3, error: 'routes[0]: a bad route' })
  })

  it('says why the gateway could not use a table; that one is not offered again, and an older one is none', async () => {
    await redis.publish(3, 'a')
    start()
    await seen(1)
    await redis.publish(4, 'b')
    await seen(2)
    await store.acknowledge('redis:v4', 'rejected', 'does not compile')
    expect(ack()).toMatchObject({ status: 'rejected', version: 4, running: 3, error: 'does not compile' })
    await looks(3)
    expect(followed.lines).toHaveLength(2)
    await redis.publish(3, 'a')
    await seen(3)
    expect(last()).toBe('confirmed redis:v3')
  })

  it('of another table than the last is passed over', async () => {
    await redis.publish(3, 'a')
    start()
    await seen(1)
    await redis.publish(4, 'b')
    await seen(2)
    await store.acknowledge('redis:v3', 'rejected', 'late')
    expect(ack()?.version).toBe(0)
  })

  it('is renewed within 20 s, also when nothing changes', async () => {
    await redis.publish(3, 'a')
    start()
    await until(platform, () => ack() !== undefined)
    for (let minute = 0; minute < 3; minute++) {
      const before = ack()?.at
      await pass(platform, 20_000)
      await until(platform, () => ack()?.at !== before)
      expect((ack()?.at ?? 0) - (before ?? 0)).toBeLessThanOrEqual(20_100)
    }
  })

  it('is taken back at the end', async () => {
    await redis.publish(3, 'a')
    start()
    await until(platform, () => ack() !== undefined)
    await followed.stop()
    expect(redis.data.has(`${KEYS.acks}gw-1`)).toBe(false)
  })

  it('that could not be written is written at the next look, and trouble after that is mentioned anew', async () => {
    await redis.publish(1, 'a')
    start()
    await seen(1)
    for (let time = 1; time <= 2; time++) {
      redis.failure = (command) => (command === 'set' ? new StoreFault('unavailable', 'no answer in time') : undefined)
      await redis.publish(time + 1, `a${time}`)
      await seen(time + 1)
      await store.acknowledge(`redis:v${time + 1}`, 'applied', '')
      expect(platform.lines.filter(({ message }) => message.includes('cannot acknowledge'))).toHaveLength(time)
      redis.failure = () => undefined
      await pass(platform, 6000)
      expect(ack()).toMatchObject({ status: 'applied', version: time + 1, running: time + 1 })
    }
  })

  it('that may not be written is mentioned once and stops nothing', async () => {
    redis.failure = (command) => (command === 'set' ? new StoreFault('denied', 'NOPERM') : undefined)
    await redis.publish(1, 'a')
    start()
    await seen(1)
    await pass(platform, 60_000)
    await store.acknowledge('redis:v1', 'applied', '')
    await redis.publish(2, 'b')
    await seen(2)
    expect(commands('set')).toBeGreaterThan(2)
    expect(platform.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('cannot acknowledge') }])
  })
})
