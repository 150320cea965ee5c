// Deadlines of connections: looked at together, and each alone in what goes wrong.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Sweep, type Timed } from '../../../src/node/http1/sweep.ts'

const defects: unknown[] = []
let sweep: Sweep

beforeEach(() => {
  vi.useFakeTimers()
  defects.length = 0
  sweep = new Sweep(() => performance.now(), (defect) => void defects.push(defect))
})
afterEach(() => {
  sweep.stop()
  vi.useRealTimers()
})

const member = (calls: string[], name: string, defective: readonly string[] = []): Timed => {
  const call = (what: string): void => {
    calls.push(`${name} ${what}`)
    if (defective.includes(what)) throw new Error(`${name} ${what}`)
  }
  const timed: Timed = {
    deadline: sweep.now + 100,
    onDeadline: () => {
      timed.deadline = 0
      call('late')
    },
    destroy: () => call('destroyed'),
  }
  return timed
}

test('a defect in what one connection does at its deadline ends that one alone, and is told', () => {
  const calls: string[] = []
  for (const each of [member(calls, 'one'), member(calls, 'bad', ['late']), member(calls, 'worse', ['late', 'destroyed']), member(calls, 'last')]) sweep.add(each)
  vi.advanceTimersByTime(1000)
  expect(calls).toEqual(['one late', 'bad late', 'bad destroyed', 'worse late', 'worse destroyed', 'last late'])
  expect(defects.map(String)).toEqual(['Error: bad late', 'Error: worse late', 'Error: worse destroyed'])
})
