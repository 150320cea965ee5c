// Numbers, hashes and the history of tables.
import { assert, jsonValue, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TableConfig } from '../../../src/model/table-config.ts'
import { createRevisions } from '../../../src/store/revisions.ts'
import { diffTables } from '../../../src/store/table-diff.ts'
import { canonicalJson, sameJson, tableHash } from '../../../src/store/table-hash.ts'
import { fakePlatform, START } from '../../support/fake-platform.ts'
import { routeNamed, tableOf } from '../../support/store-events.ts'

describe('createRevisions', () => {
  it('numbers effective changes, and gives an equal table the revision it has', async () => {
    const platform = fakePlatform()
    const revisions = createRevisions(platform)
    const first = await revisions.offer(tableOf('a'), 'redis:v1')
    await platform.advance(10)
    const again = await revisions.offer(tableOf('a'), 'redis:v2')
    const second = await revisions.offer(tableOf('a', 'b'), 'redis:v3')
    const back = await revisions.offer(tableOf('a'), 'redis:v4')
    expect(first).toEqual({ isNew: true, revision: { number: 1, hash: await tableHash(tableOf('a')), origin: 'redis:v1', at: START } })
    expect(again).toEqual({ isNew: false, revision: first.revision })
    expect(second).toMatchObject({ isNew: true, revision: { number: 2, origin: 'redis:v3', at: START + 10 } })
    expect(back.revision).toMatchObject({ number: 3, hash: first.revision.hash })
  })

  it('keeps what changed and what was rejected, newest first', async () => {
    const revisions = createRevisions(fakePlatform())
    const problem = { severity: 'error', path: '', line: 0, column: 0, message: 'bad' } as const
    revisions.reject('file:x', [problem])
    await revisions.offer(tableOf('a', 'b'), 'file:x')
    await revisions.offer(tableOf('a', 'c'), 'file:x')
    revisions.reject('file:x', [problem])
    expect(revisions.list()).toMatchObject([
      { kind: 'rejected', origin: 'file:x', problems: [problem], during: 2 },
      { kind: 'effective', revision: { number: 2 }, routes: 2, diff: { routes: { added: ['c'], removed: ['b'], changed: [] } } },
      { kind: 'effective', revision: { number: 1 }, routes: 2, diff: { routes: { added: ['a', 'b'], removed: [], changed: [] } } },
      { kind: 'rejected', during: 0 },
    ])
  })

  it('keeps the last 50', async () => {
    const revisions = createRevisions(fakePlatform())
    for (let number = 1; number <= 60; number++) await revisions.offer(tableOf(`r${number}`), 'memory')
    expect(revisions.list()).toHaveLength(50)
    expect(revisions.list()[0]).toMatchObject({ revision: { number: 60 } })
    expect(revisions.list()[49]).toMatchObject({ revision: { number: 11 } })
  })
})

describe('diffTables', () => {
  const table = (...routes: ReturnType<typeof routeNamed>[]): TableConfig => ({ callers: [], services: [], routes })
  it.each([
    ['a changed route', table(routeNamed('a'), routeNamed('b')), table(routeNamed('a'), routeNamed('b', 5)), { added: [], removed: [], changed: ['b'] }, false],
    ['another order', table(routeNamed('a'), routeNamed('b')), table(routeNamed('b'), routeNamed('a')), { added: [], removed: [], changed: [] }, true],
    ['one added in front', table(routeNamed('a'), routeNamed('b')), table(routeNamed('c'), routeNamed('a'), routeNamed('b')), { added: ['c'], removed: [], changed: [] }, false],
    ['all gone', table(routeNamed('a')), table(), { added: [], removed: ['a'], changed: [] }, false],
  ])('tells %s', (_what, before, after, routes, reordered) => {
    expect(diffTables(before, after)).toMatchObject({ routes, reordered })
  })
})

describe('the hash', () => {
  it('is the first 12 hex digits of SHA-256 over JSON with sorted keys', async () => {
    // printf '{"callers":[],"routes":[],"services":[]}' | sha256sum
    expect(await tableHash({ callers: [], services: [], routes: [] })).toBe('a15714d2450e')
  })

  it('leaves members without a value out and keeps a key __proto__', () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}')
    expect(canonicalJson(JSON.parse('{"b":2,"__proto__":{"x":1}}'))).toBe('{"__proto__":{"x":1},"b":2}')
  })

  it('does not depend on the order of keys, and tells everything else apart', () => {
    const shuffled = (value: unknown): unknown =>
      Array.isArray(value) ? value.map(shuffled) : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).toReversed().map(([key, member]) => [key, shuffled(member)])) : value
    assert(
      property(jsonValue(), jsonValue(), (one, other) => {
        expect(canonicalJson(shuffled(one))).toBe(canonicalJson(one))
        expect(sameJson(one, shuffled(one))).toBe(true)
        expect(sameJson(one, other)).toBe(canonicalJson(one) === canonicalJson(other))
      }),
      { seed: 7 },
    )
  })
})
