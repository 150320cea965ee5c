// Looking items up by key: the same answers as an index would give, in whatever order they are asked for.
import { array, assert, property, stringMatching, uniqueArray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lookupIn, placesIn } from '../../../src/model/lookup.ts'

interface Item {
  readonly id: string
}

const idOf = ({ id }: Item): string => id
const items = (...ids: readonly string[]): readonly Item[] => ids.map((id) => ({ id }))

describe('items by their keys', () => {
  test('unique keys are found as in an index, in every order, asked again and not there at all', () => {
    const ids = uniqueArray(stringMatching(/^[a-h]$/))
    assert(
      property(ids, array(stringMatching(/^[a-j]$/)), (listed, asked) => {
        const all = items(...listed)
        const [find, place] = [lookupIn(all, idOf), placesIn(all, idOf)]
        for (const id of asked) {
          expect(find(id)).toBe(all.find((item) => item.id === id))
          expect(place(id) ?? -1).toBe(listed.indexOf(id))
        }
      }),
    )
  })

  test('no index is made for a list that is asked for in its order, each once or twice', () => {
    let keys = 0
    const all = items('a', 'b', 'c')
    const find = lookupIn(all, ({ id }) => {
      keys++
      return id
    })
    expect(['a', 'b', 'b', 'c', 'c'].map(find)).toEqual([0, 1, 1, 2, 2].map((place) => all[place]))
    // One look for each that is next, two for each that is asked again (none of them is made at the end of the list).
    expect(keys).toBe(3 + 2 + 1)
  })

  test('of several with one key each has its turn where they are asked for in their order, and else the last is found', () => {
    const all = items('a', 'b', 'a')
    expect(['a', 'b', 'a'].map(placesIn(all, idOf))).toEqual([0, 1, 2])
    expect(['b', 'a'].map(placesIn(all, idOf))).toEqual([1, 2])
  })
})
