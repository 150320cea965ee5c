// The bytes of ZooKeeper's wire: what is written is read again, and what a broken or hostile server sends ends in words, never in a crash.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ByteStream } from '../../../discovery/byte-stream.ts'
import { openConnection, ZooKeeperError } from '../../../discovery/zookeeper/connection.ts'
import { createFrames } from '../../../discovery/zookeeper/frames.ts'
import { bool, buffer, concat, frame, int, JuteReader, long, text, texts } from '../../../discovery/zookeeper/jute.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const words = fc.string({ unit: 'grapheme' })

test('every value is read as it was written', () => {
  fc.assert(
    fc.property(i32, i64, fc.boolean(), words, fc.array(words), fc.uint8Array(), (a, b, c, d, e, f) => {
      const reader = new JuteReader(concat([int(a), long(b), bool(c), text(d), texts(e), buffer(f)]))
      expect([reader.int(), reader.long(), reader.bool(), reader.text(), reader.texts(), [...reader.buffer()], reader.left]).toEqual([a, b, c, d, e, [...f], 0])
    }),
  )
})

test('known bytes: the first message as a real server takes it', () => {
  expect([...frame([int(1), long(-2n), text('é'), bool(true)])]).toEqual([0, 0, 0, 19, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 0, 2, 195, 169, 1])
})

test.each([
  ['an int', (reader: JuteReader) => reader.int(), [0, 0, 0]],
  ['a long', (reader: JuteReader) => reader.long(), [0, 0, 0, 0]],
  ['a text longer than the message', (reader: JuteReader) => reader.text(), [0, 0, 0, 9, 65]],
  ['a list of two thousand million texts', (reader: JuteReader) => reader.texts(), [127, 255, 255, 255, 0, 0, 0, 0]],
])('%s that is not there throws', (_, read, bytes) => {
  expect(() => read(new JuteReader(new Uint8Array(bytes)))).toThrow(/with \d+ (bytes )?left/)
})

test('messages are the same however the network cuts them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), async (messages, cuts) => {
      const next = createFrames(streamOf(concat(messages.map((message) => frame([message]))), cuts))
      for (const message of messages) expect([...((await next(16))?.bytes ?? [])]).toEqual([...message])
      expect(await next(16)).toBeUndefined()
    }),
  )
})

test('whatever a server says, a connection ends with a word on why, and every question with it', async () => {
  const welcome = frame([int(0), int(10_000), long(7n), buffer(new Uint8Array(16))])
  const reply = fc.tuple(fc.oneof(i32, fc.constantFrom(-1, -2, -4, -8, 1)), i64, fc.oneof(i32, fc.constant(0)), fc.uint8Array()).map(([xid, zxid, error, body]) => frame([int(xid), long(zxid), int(error), body]))
  const said = fc.tuple(fc.constantFrom(welcome, new Uint8Array(0)), fc.array(fc.oneof(reply, fc.uint8Array())))
  await fc.assert(
    fc.asyncProperty(said, fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), async ([first, rest], cuts) => {
      const stream = streamOf(concat([first, ...rest]), cuts)
      const outcome = await openConnection({ name: 'zk1:2181', stream, platform: fakePlatform(), hello: { lastZxid: 0n, timeout: 10_000, session: undefined }, credentials: undefined, onEvent: () => {} }).catch((error: unknown) => error)
      if (outcome === undefined || outcome instanceof Error) return
      const connection = outcome as Exclude<Awaited<ReturnType<typeof openConnection>>, undefined>
      const asked = await connection.request(4, [text('/x')]).then(() => undefined, (error: unknown) => error)
      expect(asked === undefined || asked instanceof ZooKeeperError).toBe(true)
      expect((await connection.ended).message).toMatch(/^zk1:2181: /)
    }),
  )
})

// Says these bytes, cut into pieces of these lengths in turn, and then closes.
function streamOf(bytes: Uint8Array, cuts: readonly number[]): ByteStream {
  let [at, turn] = [0, 0]
  return {
    async read() {
      if (at >= bytes.byteLength) return undefined
      const chunk = bytes.slice(at, at + (cuts[turn++ % cuts.length] ?? 1))
      at += chunk.byteLength
      return chunk
    },
    write: () => {},
    close: () => {},
  }
}
