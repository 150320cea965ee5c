// Any sequence of accidents: a gateway only ever holds tables that were written whole and valid, and in the end the last one.
import { array, assert, asyncProperty, boolean, constantFrom, integer, oneof, record, string, type Arbitrary } from 'fast-check'
import { expect, it } from 'vitest'
import { StoreFault } from '../../../src/store/redis-fault.ts'
import { redisStore } from '../../../src/store/redis.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { fakeRedis, follow, KEYS, parseNames, pass, until, type FakeRedis } from '../../support/store-events.ts'

interface Accident {
  readonly kind: 'publish' | 'older' | 'flush' | 'fail' | 'heal' | 'spoil' | 'lose' | 'garbage' | 'plain' | 'wait'
  readonly valid: boolean
  readonly number: number
  readonly epoch: string
  readonly text: string
}

const accident: Arbitrary<Accident> = record({
  kind: oneof(constantFrom<Accident['kind']>('publish', 'publish', 'older', 'flush', 'fail', 'heal', 'spoil', 'lose', 'garbage', 'plain', 'wait', 'wait')),
  valid: boolean(),
  number: integer({ min: 1, max: 5 }),
  epoch: constantFrom('e1', 'e1', 'e1', 'e2'),
  text: string({ maxLength: 20 }),
})

it('whatever happens to Redis, the table in force is one that was published, and the last good one comes through', async () => {
  await assert(
    asyncProperty(array(accident, { maxLength: 25 }), async (accidents) => {
      const platform = fakePlatform()
      const redis = fakeRedis()
      const written = new Set<string>()
      const followed = follow(redisStore({ platform, parse: parseNames, connect: redis.connect, gatewayId: 'gw' }))
      let version = 0
      for (const [index, one] of accidents.entries()) {
        const text = one.valid ? `r${index} x${one.number}` : `r${index} !`
        if (one.valid) written.add(text)
        version = await happen(redis, one, text, version)
        redis.ring()
        await pass(platform, one.kind === 'wait' ? 10_000 : 50)
      }
      redis.failure = () => undefined
      await redis.publish(version + 100, 'the end', { epoch: 'last' })
      await until(platform, () => followed.lines.at(-1) === `table redis:v${version + 100} the end`)
      await followed.stop()
      const held = followed.events.flatMap((event) => (event.kind === 'table' ? [event.table.routes.map(({ name }) => name).join(' ')] : []))
      expect(held.filter((names) => names !== 'the end' && !written.has(names))).toEqual([])
      // Nothing is said twice in a row.
      expect(followed.lines.filter((line, index) => line === followed.lines[index - 1])).toEqual([])
    }),
    { seed: 11, numRuns: 60 },
  )
})

/** Lets one accident happen, and gives the highest version so far. */
async function happen(redis: FakeRedis, one: Accident, text: string, version: number): Promise<number> {
  switch (one.kind) {
    case 'publish':
      await redis.publish(version + 1, text, { epoch: one.epoch })
      return version + 1
    case 'older':
      await redis.publish(one.number, text, { epoch: one.epoch, rollback: one.valid })
      return Math.max(version, one.number)
    case 'flush':
      redis.data.clear()
      return version
    case 'fail':
      redis.failure = (command) => (command === 'get' ? new StoreFault('unavailable', 'down') : undefined)
      return version
    case 'heal':
      redis.failure = () => undefined
      return version
    case 'spoil':
      redis.put(`${KEYS.versions}${version}`, `${one.text} half`)
      return version
    case 'lose':
      redis.data.delete(`${KEYS.versions}${version}`)
      return version
    case 'garbage':
      redis.put(KEYS.current, one.text)
      return version
    case 'plain':
      redis.put(KEYS.plain, text)
      return version
    case 'wait':
      return version
  }
}
