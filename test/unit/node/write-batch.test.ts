// Which writes are held back to the end of the turn, and for how long at most.
import { beforeEach, describe, expect, test } from 'vitest'
import { type Held, WriteBatch } from '../../../src/node/http1/write-batch.ts'

let turns: (() => void)[] = []
let written: string[] = []
let batch: WriteBatch

beforeEach(() => {
  turns = []
  written = []
  batch = new WriteBatch((run) => void turns.push(run))
})

const held = (name: string, then: () => void = () => {}): Held => ({
  writeHeld: () => {
    written.push(name)
    then()
  },
})
const endTurn = (): void => {
  for (const run of turns.splice(0)) run()
}

test('the writes of a turn leave at its end, in their order', () => {
  for (const name of ['a', 'b', 'c']) batch.add(held(name))
  expect([written, turns.length]).toEqual([[], 1])
  endTurn()
  expect(written).toEqual(['a', 'b', 'c'])
  batch.add(held('d'))
  endTurn()
  expect(written).toEqual(['a', 'b', 'c', 'd'])
})

test('the 32nd write takes all along, and what comes then waits for the end', () => {
  for (let i = 1; i <= 31; i++) batch.add(held(String(i)))
  expect(written).toEqual([])
  batch.add(held('32'))
  expect(written.length).toBe(32)
  batch.add(held('33'))
  expect(written.length).toBe(32)
  endTurn()
  expect(written.at(-1)).toBe('33')
  expect(written.length).toBe(33)
})

test('what is added while the others are written is written as well', () => {
  batch.add(held('a', () => batch.add(held('c'))))
  batch.add(held('b'))
  endTurn()
  expect([written, turns.length]).toEqual([['a', 'b', 'c'], 0])
})

describe('writes that have nobody to leave with', () => {
  const alone = (turn: number): void => {
    expect(batch.holds).toBe(true)
    batch.add(held(String(turn)))
    endTurn()
  }

  test('are no longer held back after 16 turns, and again after 512', () => {
    for (let turn = 0; turn < 16; turn++) alone(turn)
    for (let i = 0; i < 512; i++) expect(batch.holds).toBe(false)
    expect(batch.holds).toBe(true)
  })

  test('are held back for as long as now and then two leave together', () => {
    for (let turn = 0; turn < 100; turn++) {
      if (turn % 15 === 14) batch.add(held('beside'))
      alone(turn)
    }
  })
})
