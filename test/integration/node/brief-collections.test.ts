// That V8 heeds what the processes of a gateway tell it about collecting garbage: an option that it does not know any more would be
// passed over in silence, or end a worker at its start.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { WORKER_EXEC_ARGV } from '../../../src/node/brief-collections.ts'

const module = fileURLToPath(new URL('../../../src/node/brief-collections.ts', import.meta.url))

/** What V8 says while a process allocates much, a part of which lives for long. */
function traced(execArgv: readonly string[], before: string, after = ''): { readonly said: string; readonly complaints: string } {
  const program = `
    import { setFlagsFromString } from 'node:v8'
    import { collectBriefly } from ${JSON.stringify(module)}
    ${before}
    const lives = []
    for (let i = 0; i < 3_000_000; i++) lives[i % 1_000_000] = { i, text: 'x' + i }
    ${after}`
  const { stdout, stderr } = spawnSync(process.execPath, [...execArgv, '--input-type=module', '-e', program], { encoding: 'utf8' })
  return { said: stdout, complaints: stderr }
}

test('a worker marks its garbage on one thread beside its own', () => {
  const { said, complaints } = traced(WORKER_EXEC_ARGV, `setFlagsFromString('--trace-concurrent-marking')`)
  expect(complaints).toBe('')
  expect(new Set([...said.matchAll(/concurrent marking task (\d+)/g)].map(([, task]) => task))).toEqual(new Set(['1']))
})

test('the main process collects its young generation on one thread', () => {
  const { said, complaints } = traced([], `collectBriefly(); setFlagsFromString('--trace-parallel-scavenge'); setFlagsFromString('--trace-gc')`)
  const [threads = NaN, collections = NaN] = [/ scavenge\[/g, / ms: /g].map((line) => said.match(line)?.length ?? 0)
  expect(complaints).toBe('')
  expect(threads).toBeGreaterThan(0)
  // Of several threads each has its own line for every collection. Lines of two of them may run into each other.
  expect(threads).toBeLessThan(2 * collections)
})

/** Says how many MiB a half of the young generation can hold. */
const YOUNG = `
    const young = () => {
      const { space_used_size: used, space_available_size: available } = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
      console.log('young ' + Math.round((used + available) / 2 ** 20))
    }
    young()`

test('the young generation of the main process is of one size, however much lives in it', () => {
  const { said, complaints } = traced([], `import v8 from 'node:v8'; collectBriefly(); ${YOUNG}`, 'young()')
  expect(complaints).toBe('')
  expect(said.match(/young \d+/g)).toEqual(['young 4', 'young 4'])
})

test('it is of that size again after V8 made it small in a calm', () => {
  // A collection of everything with nothing done since the one before is what V8 takes for a calm.
  const calm = `
    await new Promise((done) => setImmediate(done))
    lives.length = 0
    for (let times = 0; times < 9; times++) gc({ type: 'major', flavor: 'last-resort' })
    young()
    await new Promise((done) => setTimeout(done))
    young()`
  const { said, complaints } = traced(['--expose-gc'], `import v8 from 'node:v8'; collectBriefly(); ${YOUNG}`, calm)
  expect(complaints).toBe('')
  expect(said.match(/young \d+/g)).toEqual(['young 4', 'young 1', 'young 4'])
})

test('where an option of V8 holds it smaller, it is left so', () => {
  const { said, complaints } = traced(['--max-semi-space-size=1'], `import v8 from 'node:v8'; collectBriefly(); ${YOUNG}`, 'lives.length = 0; await new Promise((done) => setTimeout(done, 1)); young()')
  expect(complaints).toBe('')
  expect(said.match(/young \d+/g)?.at(-1)).toBe('young 1')
})
