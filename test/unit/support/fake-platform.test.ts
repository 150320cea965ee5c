// The fake platform keeps its promises; everything tested on virtual time stands on it.
import { expect, test } from 'vitest'
import { fakePlatform, START } from '../../support/fake-platform.ts'

test('sleepers wake in the order of their times, and see that time', async () => {
  const platform = fakePlatform()
  const seen: string[] = []
  const sleeper = async (name: string, ms: number) => {
    await platform.sleep(ms)
    seen.push(`${name} at ${platform.now()}`)
    if (name === 'a') await sleeper('after a', 5)
  }
  void sleeper('b', 30)
  void sleeper('a', 10)
  await platform.advance(20)
  expect(seen).toEqual(['a at 10', 'after a at 15'])
  await platform.advance(10)
  expect(seen).toEqual(['a at 10', 'after a at 15', 'b at 30'])
  expect(platform.wallClock()).toBe(START + 30)
})

test('a sleep ends at once when its signal is aborted', async () => {
  const platform = fakePlatform()
  const stop = new AbortController()
  const slept = platform.sleep(1_000_000, stop.signal)
  stop.abort()
  await slept
  await platform.sleep(1_000_000, stop.signal)
  expect(platform.now()).toBe(0)
})

test('fetch refuses until it has a script, and honours the signal of a request that hangs', async () => {
  const platform = fakePlatform()
  await expect(platform.fetch('http://127.0.0.1:1/')).rejects.toThrow('fetch failed')
  platform.onFetch(() => new Promise(() => {}))
  const stop = new AbortController()
  const answer = platform.fetch('http://127.0.0.1:1/', { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
})

test('the same seed gives the same chance, another seed another', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, fakePlatform({ seed }).random)
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true)
})
