// Sets told as differences, as the workers get them.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TableConfig } from '../../../src/model/table-config.ts'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import { applyDelta, deltaOf, refsOf, retainSets } from '../../../src/node/set-delta.ts'
import { endpoint } from '../../support/endpoints.ts'

const all = Array.from({ length: 8 }, (_, index) => endpoint(`e${index}`, { weight: index }))
const some = fc.subarray(all).chain((list) => fc.shuffledSubarray(list, { minLength: list.length }))
const set: fc.Arbitrary<EndpointSet> = fc.oneof(
  some.map((endpoints): EndpointSet => ({ kind: 'ready', endpoints, at: 5 })),
  some.map((endpoints): EndpointSet => ({ kind: 'stale', endpoints, at: 5, cause: { outcome: 'failed', message: 'no answer' } })),
  fc.constant<EndpointSet>({ kind: 'absent', at: 6 }),
  fc.constant<EndpointSet>({ kind: 'pending' }),
)

test('whatever follows whatever arrives as it was, and what did not change is the same object there', () => {
  fc.assert(
    fc.property(fc.array(set, { maxLength: 6 }), (sets) => {
      let [here, there]: [EndpointSet | undefined, EndpointSet | undefined] = [undefined, undefined]
      for (const next of sets) {
        const before: readonly Endpoint[] = there !== undefined && 'endpoints' in there ? there.endpoints : []
        there = applyDelta(there, JSON.parse(JSON.stringify(deltaOf(here, next))) as ReturnType<typeof deltaOf>)
        here = next
        expect(there).toEqual(next)
        for (const each of 'endpoints' in there ? there.endpoints : []) {
          const known = before.find(({ id }) => id === each.id)
          if (known !== undefined) expect(each).toBe(known)
        }
      }
    }),
  )
})

test('one change of a thousand is small', () => {
  const many = Array.from({ length: 1000 }, (_, index) => endpoint(`e${index}`, { meta: { text: 'x'.repeat(500) } }))
  const next = many.with(7, { ...(many[7] as Endpoint), draining: true })
  expect(JSON.stringify(deltaOf({ kind: 'ready', endpoints: many, at: 1 }, { kind: 'ready', endpoints: next, at: 2 })).length).toBeLessThan(6000)
})

test('a difference to a set that the other side has not is a defect, not a set', () => {
  const delta = deltaOf({ kind: 'ready', endpoints: all, at: 1 }, { kind: 'ready', endpoints: all, at: 2 })
  expect(() => applyDelta(undefined, delta)).toThrow('a set refers to endpoint 0 of one before that had 0')
})

test('sets that a table does not use are forgotten', () => {
  const sets = new Map<string, EndpointSet>([['a/x', { kind: 'pending' }], ['a/y', { kind: 'pending' }]])
  retainSets(sets, refsOf({ services: [{ from: ['a/y'] }] } as unknown as TableConfig))
  expect([...sets.keys()]).toEqual(['a/y'])
})
