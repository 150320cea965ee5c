// That trouble which lasts is told of once: every set goes to every worker.
import { expect } from 'vitest'
import type { Reader } from '../suites/discoverer.ts'
import type { FakePlatform } from './fake-platform.ts'

/** For a reader that was told of the trouble already: further questions fail for a minute after `more` of it, and nothing new is told. */
export async function expectToldOnce({ platform, reader }: { readonly platform: FakePlatform; readonly reader: Reader }, more: () => void): Promise<void> {
  const [sets, attempts] = [reader.sets.length, reader.attempts.length]
  more()
  await platform.advance(60_000)
  expect(reader.attempts.length).toBeGreaterThan(attempts)
  expect(reader.sets.length).toBe(sets)
}
