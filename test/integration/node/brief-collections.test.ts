// The young generation of a process that collects briefly: it stays small, where V8 would let it grow.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const module = fileURLToPath(new URL('../../../src/node/brief-collections.ts', import.meta.url))

/** Bytes of the young generation of a process that has allocated much, a part of which lives for a while. */
function youngBytes(before: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { collectBriefly } from ${JSON.stringify(module)}
    ${before}
    const lives = []
    for (let i = 0; i < 2_000_000; i++) lives[i % 50_000] = { i, text: 'x' + i }
    console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }))
}

test('the young generation grows by itself, and not where collections are to be brief', () => {
  expect(youngBytes('')).toBeGreaterThan(8 * 2 ** 20)
  expect(youngBytes('collectBriefly()')).toBeLessThan(4 * 2 ** 20)
})
