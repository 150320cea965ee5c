// The decision vectors on the core alone.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fakePlatform } from '../support/fake-platform.ts'
import { loadVectors, makeVectors, snapshotOf, tell, vectorName, vectorsText } from '../support/vectors.ts'

const { tables, vectors } = loadVectors()
const platform = fakePlatform()
const snapshots = new Map(Object.entries(tables).map(([name, table]) => [name, snapshotOf(table, platform)]))

test('there are enough of them, and they are what the hand-written texts come to', () => {
  expect(vectors.length).toBeGreaterThan(120)
  expect(vectorsText(makeVectors(platform))).toBe(readFileSync(new URL('../fixtures/vectors.json', import.meta.url), 'utf8'))
})

describe('the core says', () => {
  test.each(vectors.map((vector) => [vectorName(vector), vector] as const))('%s', (_name, { table, request, decision, story }) => {
    const snapshot = snapshots.get(table)
    expect(snapshot).toBeDefined()
    if (snapshot !== undefined) expect(JSON.stringify(tell(snapshot, request))).toBe(JSON.stringify({ decision, story }))
  })
})
