// When the life of a piece of work ends, and why.
import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ENDED, lifeWithin } from '../../../src/model/life.ts'

describe('a life within another', () => {
  test('goes on until somebody ends it', () => {
    const parent = new AbortController()
    const life = lifeWithin(parent.signal)
    expect(life.signal.aborted).toBe(false)
    life.end()
    expect([life.signal.aborted, life.signal.reason, parent.signal.aborted]).toEqual([true, ENDED, false])
  })

  test('ends with its parent, for the same reason', () => {
    const parent = new AbortController()
    const life = lifeWithin(lifeWithin(parent.signal).signal)
    const reason = new Error('stopped')
    parent.abort(reason)
    expect([life.signal.aborted, life.signal.reason]).toEqual([true, reason])
  })

  test('has ended when the parent had', () => {
    const reason = new Error('stopped')
    const life = lifeWithin(AbortSignal.abort(reason))
    expect([life.signal.aborted, life.signal.reason]).toEqual([true, reason])
  })

  test('keeps the reason of its first end', () => {
    const parent = new AbortController()
    const life = lifeWithin(parent.signal)
    life.end('late')
    life.end()
    parent.abort()
    expect(life.signal.reason).toBe('late')
  })

  test.each<[string, (parent: AbortController, end: () => void) => void]>([
    ['its own', (_, end) => end()],
    ['that of its parent', (parent) => parent.abort()],
  ])('leaves nothing with its parent after %s end', (_, finish) => {
    const parent = new AbortController()
    const life = lifeWithin(parent.signal)
    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(1)
    finish(parent, () => life.end())
    expect(getEventListeners(parent.signal, 'abort')).toEqual([])
  })
})
