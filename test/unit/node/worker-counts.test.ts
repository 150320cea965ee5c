// Asking a worker what it has counted, in virtual time.
import { expect, test } from 'vitest'
import { WorkerCounts } from '../../../src/node/worker-counts.ts'
import { emptyDump, type InstrumentsDump } from '../../../src/telemetry/dump.ts'
import { fakePlatform } from '../../support/fake-platform.ts'

const dump = (retries: number): InstrumentsDump => ({ ...emptyDump(), series: [{ route: 'r', service: 's', outcomes: [], buckets: [], durationSum: 0, retries, bytesIn: 0, bytesOut: 0 }] })

test('a worker that stands still is asked once, its last word counts, and it is asked anew when it has answered', async () => {
  const platform = fakePlatform()
  let asked = 0
  const counts = new WorkerCounts(() => void asked++, platform)
  const first = counts.get()
  counts.take(dump(1))
  expect([await first, asked]).toEqual([dump(1), 1])

  for (let scrape = 0; scrape < 100; scrape++) {
    const answer = counts.get()
    await platform.advance(1000)
    expect(await answer).toEqual(dump(1))
  }
  expect(asked).toBe(2)

  // It goes on: whoever waits has the answer.
  const [one, two] = [counts.get(), counts.get()]
  counts.take(dump(2))
  expect([await one, await two, asked]).toEqual([dump(2), dump(2), 2])
  void counts.get()
  expect(asked).toBe(3)
})
