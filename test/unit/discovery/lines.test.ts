// Lines of a stream, however it is cut.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLineBatches, readLines } from '../../../discovery/lines.ts'

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}

function cut(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

test('the lines are the same wherever the bytes are cut, in the middle of a character too', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''))
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.array(fc.nat(1000)), async (lines, end, places) => {
      const bytes = new TextEncoder().encode(lines.map((each) => each + end).join(''))
      expect(await Array.fromAsync(readLines(bodyOf(cut(bytes, places)), 10_000))).toEqual(lines)
    }),
  )
})

test('lines that arrive together are given together', async () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  expect(await Array.fromAsync(readLineBatches(bodyOf([encode('a\nb\nc'), encode('d'), encode('\n')]), 10))).toEqual([['a', 'b'], ['cd']])
})

test('the last line may lack its end', async () => {
  expect(await Array.fromAsync(readLines(bodyOf([new TextEncoder().encode('a\nb')]), 10))).toEqual(['a', 'b'])
})

test.each([['12345678901\n'], ['12345678901'], ['1\n12345678901\n2']])('a line that is too long is refused: %j', async (text) => {
  await expect(Array.fromAsync(readLines(bodyOf([new TextEncoder().encode(text)]), 10))).rejects.toThrow('longer than 10 characters')
})

test('whoever leaves early lets the connection go', async () => {
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('x\n')),
    cancel: () => void (cancelled = true),
  })
  for await (const line of readLines(endless, 10)) {
    expect(line).toBe('x')
    break
  }
  expect(cancelled).toBe(true)
})
