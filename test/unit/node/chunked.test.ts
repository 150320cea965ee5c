// The data of chunks, joined within each read: the same bytes however a body is cut into chunks and reads, and no other byte touched.
import { expect, test } from 'vitest'
import { CHUNK_BAD, CHUNK_END, CHUNK_MORE, ChunkedDecoder } from '../../../src/node/http1/chunked.ts'
import { seededRandom } from '../../support/fake-platform.ts'

test('whatever the chunks and the reads, a body is what was sent, in one piece of each read, and its neighbours stay as they are', () => {
  const random = seededRandom(5)
  const upTo = (most: number): number => 1 + Math.floor(random() * most)
  const noise = (size: number): string => Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(random() * 256))).toString('latin1')
  for (let round = 0; round < 500; round++) {
    const sizes = Array.from({ length: upTo(60) - 1 }, () => upTo(random() < 0.9 ? 8 : 3000))
    const pieces = sizes.map(noise)
    const sent = `${pieces.map((piece) => `${piece.length.toString(16)}${random() < 0.1 ? ';x=y' : ''}\r\n${piece}\r\n`).join('')}0\r\n${random() < 0.3 ? 'x-sum: 1\r\n' : ''}\r\n`
    const behind = noise(upTo(40))
    const decoder = new ChunkedDecoder()
    let got = ''
    let result: number = CHUNK_MORE
    for (let at = 0; at < sent.length; ) {
      const size = upTo(round % 2 === 0 ? 20 : 4000)
      const end = Math.min(at + size, sent.length + behind.length)
      const before = noise(upTo(10))
      const bytes = Buffer.from(`${before}${(sent + behind).slice(at, end)}${behind}`, 'latin1')
      result = decoder.read(bytes, before.length, before.length + end - at)
      got += bytes.toString('latin1', decoder.from, decoder.to)
      const over = result === CHUNK_END ? sent.length - at : end - at
      expect(decoder.pos).toBe(before.length + over)
      expect(bytes.toString('latin1', 0, before.length)).toBe(before)
      expect(bytes.toString('latin1', decoder.pos)).toBe((sent + behind).slice(at + over, end) + behind)
      at = end
    }
    expect(result).toBe(CHUNK_END)
    expect(got === pieces.join('')).toBe(true)
  }
})

test('what came before a fault of the framing is data', () => {
  const bytes = Buffer.from('1\r\na\r\n2\r\nbc\r\n-')
  const decoder = new ChunkedDecoder()
  expect(decoder.read(bytes, 0, bytes.length)).toBe(CHUNK_BAD)
  expect(bytes.toString('latin1', decoder.from, decoder.to)).toBe('abc')
})
