// A stream of events that is kept open.
import { expect, test } from 'vitest'
import { createStreamKeeper } from '../../../discovery/event-stream.ts'
import { fakePlatform, type FakePlatform } from '../../support/fake-platform.ts'

interface Kept {
  readonly platform: FakePlatform
  readonly stop: AbortController
  /** Turns and lines, in their order. */
  readonly seen: string[]
  /** Writes to the stream that was opened last. */
  readonly write: (text: string) => void
  readonly close: () => void
  readonly opened: () => number
  readonly said: () => readonly string[]
}

/** Keeps a stream on which `alive` is a sign of life and `bad` ends it. */
async function keep(body?: () => Promise<ReadableStream<Uint8Array>>): Promise<Kept> {
  const platform = fakePlatform()
  const [seen, stop] = [[] as string[], new AbortController()]
  let opened = 0
  let to: ReadableStreamDefaultController<Uint8Array> | undefined
  const run = createStreamKeeper(
    {
      registry: 'main',
      patience: { head: 5000, first: 10_000, line: 60_000 },
      maxLine: 100,
      words: { closed: 'it was closed', meanwhile: 'it is polled' },
      async open() {
        opened++
        return body?.() ?? new ReadableStream({ start: (controller) => void (to = controller) })
      },
      begin: () => (line, alive) => {
        seen.push(line)
        if (line === 'alive') alive()
        return line === 'bad' ? 'a bad line' : undefined
      },
      onTurn: (live) => void seen.push(live ? 'is there' : 'is gone'),
    },
    platform,
  )
  void run(stop.signal)
  await platform.advance(1)
  return { platform, stop, seen, write: (text) => to?.enqueue(new TextEncoder().encode(text)), close: () => to?.close(), opened: () => opened, said: () => platform.lines.map(({ message }) => message) }
}

test.each<[string, (kept: Kept) => Promise<void>, string]>([
  ['a line that ends it', async ({ write }) => write('bad\n'), 'a bad line'],
  ['the end of the answer', async ({ close }) => close(), 'it was closed'],
  ['a line that is too long', async ({ write }) => write('x'.repeat(101)), 'a line of the stream is longer than 100 characters and was refused'],
  ['no sign of life from the beginning', async ({ platform }) => platform.advance(10_000), 'no sign of life within 10 s'],
  ['silence later', async ({ platform, write }) => {
    write('alive\n')
    await platform.advance(59_000)
    write('more\n')
    await platform.advance(60_000)
  }, 'no sign of life within 60 s'],
])('%s: it is opened again, and that is said once', async (_, ends, reason) => {
  const kept = await keep()
  await ends(kept)
  await kept.platform.advance(2000)
  expect(kept.opened()).toBeGreaterThan(1)
  expect(kept.said()).toEqual([`registry main: the event stream ended: ${reason}; it is polled`])
  kept.write('alive\n')
  await kept.platform.advance(1)
  expect(kept.said().slice(1)).toEqual(['registry main: the event stream is there'])
  kept.stop.abort()
})

test('a head that does not come, and one that is refused', async () => {
  const hanging = await keep(() => new Promise(() => {}))
  await hanging.platform.advance(6000)
  expect(hanging.said()).toEqual(['registry main: the event stream ended: no answer within 5 s; it is polled'])
  hanging.stop.abort()
  const refused = await keep(() => Promise.reject(new Error('403')))
  await refused.platform.advance(60_000)
  expect(refused.said()).toEqual(['registry main: the event stream ended: 403; it is polled'])
  expect(refused.seen).toEqual([])
  refused.stop.abort()
})

test('a stream is there with its first sign of life, and gone with its end', async () => {
  const { platform, seen, stop, write } = await keep()
  write('early\nalive\nalive\nbad\n')
  await platform.advance(1)
  expect(seen).toEqual(['early', 'alive', 'is there', 'alive', 'bad', 'is gone'])
  stop.abort()
})

test('once it is stopped no turn is told any more, and it is not opened again', async () => {
  const { platform, seen, stop, opened, write, said } = await keep()
  write('alive\n')
  await platform.advance(1)
  stop.abort()
  await platform.advance(60_000)
  expect([seen, opened(), said()]).toEqual([['alive', 'is there'], 1, []])
})

test('a line that arrives as it is stopped is no turn', async () => {
  const { platform, seen, stop, write } = await keep()
  write('alive\n')
  stop.abort()
  await platform.advance(1)
  expect(seen).not.toContain('is there')
})
