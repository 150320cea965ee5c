// One service over several registries: what of it is used, in which order, and that neither depends on who answered first.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import type { Endpoint, EndpointSet, Origin, StaleCause } from '../../../src/model/endpoint.ts'
import { addressKey, candidatesOf, pickedFrom, setInUse, tiersOf } from '../../../src/proxy/candidates.ts'
import { isUsable, stillServes } from '../../../src/proxy/usable.ts'
import { endpoint } from '../../support/endpoints.ts'

const ready = (...endpoints: Endpoint[]): EndpointSet => ({ kind: 'ready', endpoints, at: 1000 })
const stale = (outcome: StaleCause['outcome'], ...endpoints: Endpoint[]): EndpointSet => ({ kind: 'stale', endpoints, at: 500, cause: { outcome, message: 'why' } })
const pending: EndpointSet = { kind: 'pending' }
const absent: EndpointSet = { kind: 'absent', at: 900 }
/** `a` at host a. */
const at = (host: string, fields: Partial<Endpoint> = {}): Endpoint => endpoint(`id-${host}`, { host, port: 80, ...fields })
const bad = { health: 'critical' } as const
/** Drains, and serves until it is gone. */
const leaves = { draining: true, health: 'passing' } as const
/** Taken out by an operator. */
const out = { draining: true, health: 'maintenance' } as const
const held = { held: true } as const

const REFS = ['consul/words', 'nomad/words', 'eureka/WORDS']
const originsOf = (sets: readonly EndpointSet[]): Origin[] => sets.map((set, i) => ({ ref: REFS[i] ?? `r${i}`, set }))

/** Tiers as text: hosts of each, the state of those that are not simply listed. */
function arranged(sets: readonly EndpointSet[], merge: boolean): string {
  const origins = originsOf(sets)
  const tiers = pickedFrom(tiersOf(candidatesOf(origins, merge), origins.length, merge))
  return tiers.map(({ state, candidates }) => `${state === 'listed' ? '' : `${state} `}${candidates.map((one) => one.endpoint.host).join(' ')}`).join(' | ')
}

describe('the order in which endpoints are used', () => {
  test.each<[string, EndpointSet[], string, string]>([
    // What it is about; sets; without merge; with merge.
    ['one registry', [ready(at('a'), at('b'))], 'a b', 'a b'],
    ['two registries', [ready(at('a')), ready(at('b'))], 'a | b', 'a b'],
    ['one address in two', [ready(at('a'), at('b')), ready(at('b'), at('c'))], 'a b | c', 'a b c'],
    ['an empty first', [ready(), ready(at('b'))], 'b', 'b'],
    ['an absent first', [absent, ready(at('b'))], 'b', 'b'],
    ['a pending first', [pending, ready(at('b'))], 'b', 'b'],
    ['a first that is all critical', [ready(at('a', bad)), ready(at('b'))], 'b', 'b'],
    ['a first that is all draining', [ready(at('a', leaves)), ready(at('b'))], 'b', 'b'],
    ['draining beside one that is ready: not even in reserve', [ready(at('a', leaves), at('b'))], 'b', 'b'],
    ['all draining: the last choice', [ready(at('a', leaves), at('b', bad))], 'leaving a', 'leaving a'],
    ['draining with a warning', [ready(at('a', { ...leaves, health: 'warning' }))], 'leaving a', 'leaving a'],
    ['draining, and nobody says that it serves', [ready(at('a', { draining: true, health: 'unknown' }))], '', ''],
    ['draining and failing', [ready(at('a', { draining: true, health: 'critical' }))], '', ''],
    ['taken out by an operator is not used, not even as the last', [ready(at('a', out))], '', ''],
    ['draining in two registries', [ready(at('a', leaves)), ready(at('b', leaves))], 'leaving a | leaving b', 'leaving a b'],
    ['draining in the first, out in the second', [ready(at('a', leaves)), ready(at('a', out))], 'leaving a', 'leaving a'],
    ['draining in a registry that cannot be asked', [stale('failed', at('a', leaves)), absent], 'leaving a', 'leaving a'],
    ['draining, and one in a stale second', [ready(at('a', leaves)), stale('failed', at('b'))], 'b', 'b'],
    ['draining, and one that is disputed', [ready(at('a', leaves), at('b', leaves)), ready(at('b'))], 'disputed b', 'disputed b'],
    ['draining before held: its registry lists it', [stale('guarded', at('a', held), at('b', leaves)), absent], 'leaving b | held a', 'leaving b | held a'],
    ['held in the first, draining in the second', [stale('guarded', at('a', held)), ready(at('a', leaves))], 'leaving a', 'leaving a'],
    ['a stale first: an outage moves nothing', [stale('failed', at('a')), ready(at('b'))], 'a | b', 'a b'],
    ['a first without rights', [stale('denied', at('a')), ready(at('b'))], 'a | b', 'a b'],
    ['a first from the disk', [stale('disk', at('a')), ready(at('b'))], 'a | b', 'a b'],
    ['a first of which only held ones are left', [stale('guarded', at('a', held)), ready(at('b'))], 'b | held a', 'b | held a'],
    ['a first of which some are held', [stale('guarded', at('a', held), at('x')), ready(at('b'))], 'x | b | held a', 'b x | held a'],
    ['held ones before a stale second: listed there, contradicted here', [stale('guarded', at('a', held)), stale('failed', at('b'))], 'b | held a', 'b | held a'],
    ['held in the first, listed in the second', [stale('guarded', at('a', held)), ready(at('a'))], 'a', 'a'],
    ['draining in one, live in the other', [ready(at('a', leaves), at('b')), ready(at('a'))], 'b | disputed a', 'b | disputed a'],
    ['live in the first, critical in the second', [ready(at('a')), ready(at('a', bad))], 'disputed a', 'disputed a'],
    ['all disputed: better than nothing', [ready(at('a', bad), at('b', bad)), ready(at('a'), at('b'))], 'disputed a b', 'disputed a b'],
    ['disputed before held', [stale('guarded', at('c', held), at('a', bad)), ready(at('a'))], 'disputed a | held c', 'disputed a | held c'],
    ['the word of a registry that cannot be asked does not count', [stale('failed', at('a', bad)), ready(at('a'))], 'a', 'a'],
    ['nor one from the disk', [stale('disk', at('a', leaves)), ready(at('a'))], 'a', 'a'],
    ['critical in both', [ready(at('a', bad)), ready(at('a', bad))], '', ''],
    ['nothing anywhere', [pending, absent, ready()], '', ''],
  ])('%s', (_name, sets, failover, merged) => {
    expect({ failover: arranged(sets, false), merged: arranged(sets, true) }).toEqual({ failover, merged })
  })
})

describe('a merged endpoint', () => {
  const one = (...sets: EndpointSet[]): Endpoint | undefined => candidatesOf(originsOf(sets), true)[0]?.endpoint

  test('has the identity and weight of the first reference, and the tags and metadata of all', () => {
    const first = at('a', { id: 'consul/a', origin: 'consul', weight: 3, tags: ['v1', 'x'], meta: { version: '1' }, learnedAt: 50 })
    const second = at('a', { id: 'nomad/a', origin: 'nomad', weight: 9, zone: 'z', tags: ['x', 'v2'], meta: { version: '2', team: 'words' }, learnedAt: 40 })
    expect(one(ready(first), ready(second))).toEqual({ ...first, zone: 'z', tags: ['v1', 'x', 'v2'], meta: { version: '1', team: 'words' }, learnedAt: 40 })
  })

  test('is told in the words of the reference that has it usable, with labels in the order of references all the same', () => {
    const first = at('a', { id: 'consul/a', draining: true, weight: 3, tags: ['v1'], meta: { version: '1' } })
    const second = at('a', { id: 'nomad/a', weight: 9, tags: ['v2'], meta: { version: '2' } })
    expect(one(ready(first), ready(second))).toMatchObject({ id: 'nomad/a', weight: 9, draining: false, tags: ['v1', 'v2'], meta: { version: '1' } })
  })

  test('keeps foreign keys apart from those of objects', () => {
    const odd = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>
    const { meta } = one(ready(at('a', { meta: odd })), ready(at('a', { meta: { b: 'c' } }))) as Endpoint
    expect(Object.entries(meta).sort()).toEqual([['__proto__', 'x'], ['b', 'c'], ['constructor', 'y']])
  })

  test('of one reference alone is that endpoint itself', () => {
    const only = at('a')
    expect(one(ready(only), absent)).toBe(only)
  })
})

describe('the set that speaks for a service', () => {
  const inUse = (merge: boolean, ...sets: EndpointSet[]): EndpointSet => {
    const origins = originsOf(sets)
    const candidates = candidatesOf(origins, merge)
    return setInUse(origins, candidates, tiersOf(candidates, origins.length, merge), merge)
  }
  const [a, b] = [ready(at('a')), { ...ready(at('b'), at('a')), at: 700 }]

  test('is that of the reference in use', () => {
    expect(inUse(false, a, b)).toBe(a)
    expect(inUse(false, ready(at('a', bad)), b)).toBe(b)
  })

  test('of merged references is as old as the oldest, with each address once', () => {
    expect(inUse(true, a, b)).toEqual({ kind: 'ready', at: 700, endpoints: [at('a'), at('b')] })
    expect(inUse(true, a, absent)).toBe(a)
  })

  test('of merged references is stale when one is, and says which', () => {
    expect(inUse(true, a, stale('failed', at('c')))).toMatchObject({ kind: 'stale', at: 500, cause: { outcome: 'failed', message: 'nomad/words: why' } })
  })
})

const someEndpoint = fc.record({
  host: fc.constantFrom('a', 'b', 'c', 'd'),
  health: fc.constantFrom('passing', 'warning', 'unknown', 'critical', 'maintenance'),
  draining: fc.boolean(),
  held: fc.boolean(),
  weight: fc.nat(5),
  tags: fc.subarray(['v1', 'v2', 'x']),
  meta: fc.dictionary(fc.constantFrom('k', 'l', '__proto__'), fc.constantFrom('1', '2'), { noNullPrototype: false }),
})
const someSet: fc.Arbitrary<EndpointSet> = fc
  .record({ kind: fc.constantFrom('ready', 'stale', 'pending', 'absent'), outcome: fc.constantFrom('failed', 'denied', 'guarded', 'disk'), endpoints: fc.uniqueArray(someEndpoint, { selector: ({ host }) => host, maxLength: 4 }) })
  .map(({ kind, outcome, endpoints }) => {
    if (kind === 'pending') return pending
    if (kind === 'absent') return absent
    const all = endpoints.map(({ host, held: isHeld, ...fields }) => at(host, { ...fields, ...(isHeld && kind === 'stale' ? held : {}) }))
    return kind === 'ready' ? ready(...all) : stale(outcome as StaleCause['outcome'], ...all)
  })
const someSets = fc.array(someSet, { minLength: 1, maxLength: 4 })

describe('whatever the registries say', () => {
  const check = (property: (sets: readonly EndpointSet[], merge: boolean) => void): void => fc.assert(fc.property(someSets, fc.boolean(), (sets, merge) => property(sets, merge)))
  const told = (sets: readonly EndpointSet[], merge: boolean): unknown =>
    candidatesOf(originsOf(sets), merge).map(({ endpoint: { tags, meta, ...rest }, state }) => ({ ...rest, tags: tags.toSorted(), meta: Object.entries(meta).sort(), state })).sort((x, y) => (x.host < y.host ? -1 : 1))

  test('no address comes twice, and none is lost', () =>
    check((sets, merge) => {
      const candidates = candidatesOf(originsOf(sets), merge)
      const keys = candidates.map(({ key }) => key)
      expect(keys).toEqual([...new Set(keys)])
      expect(new Set(keys)).toEqual(new Set(sets.flatMap(endpointsOf).map(addressKey)))
    }))

  test('an address is usable exactly when some registry has it usable, or draining and serving', () =>
    check((sets, merge) => {
      const usable = new Set(sets.flatMap(endpointsOf).filter((one) => isUsable(one) || stillServes(one)).map(addressKey))
      const origins = originsOf(sets)
      const arrangedKeys = tiersOf(candidatesOf(origins, merge), origins.length, merge).flatMap(({ candidates }) => candidates.map(({ key }) => key))
      expect(arrangedKeys.sort()).toEqual([...usable].sort())
    }))

  test('an address that only drains is picked exactly when no address is there to stay', () =>
    check((sets, merge) => {
      const origins = originsOf(sets)
      const all = sets.flatMap(endpointsOf)
      const picked = new Set(pickedFrom(tiersOf(candidatesOf(origins, merge), origins.length, merge)).flatMap(({ candidates }) => candidates.map(({ key }) => key)))
      const stays = all.some((one) => isUsable(one) && one.held !== true)
      const leaving = all.filter((one) => stillServes(one) && !all.some((other) => addressKey(other) === addressKey(one) && isUsable(other)))
      for (const one of leaving) expect(picked.has(addressKey(one))).toBe(!stays)
      expect(picked.size > 0).toBe(all.some((one) => isUsable(one) || stillServes(one)))
    }))

  test('a registry that says the same once more changes nothing', () =>
    check((sets, merge) => {
      expect(told([...sets, ...sets], merge)).toEqual(told(sets, merge))
    }))

  test('the order inside a set does not matter', () =>
    check((sets, merge) => {
      const turned = sets.map((set): EndpointSet => (set.kind === 'ready' || set.kind === 'stale' ? { ...set, endpoints: set.endpoints.toReversed() } : set))
      expect(told(turned, merge)).toEqual(told(sets, merge))
      if (merge) expect(arranged(turned, true)).toBe(arranged(sets, true))
    }))

  test('one more registry takes no address away', () =>
    fc.assert(
      fc.property(someSets, someSet, fc.boolean(), (sets, more, merge) => {
        const usable = (all: readonly EndpointSet[]): string[] => candidatesOf(originsOf(all), merge).flatMap(({ key, state }) => (state === 'unusable' ? [] : [key]))
        expect(new Set(usable([...sets, more])).isSupersetOf(new Set(usable(sets)))).toBe(true)
      }),
    ))

  test('merged, the order of references decides words, not who is used', () =>
    check((sets) => {
      const states = (all: readonly EndpointSet[]): unknown => candidatesOf(originsOf(all), true).map(({ endpoint: one, state }) => `${one.host} ${state}`)
      expect(states(sets.toReversed())).toEqual(states(sets))
    }))
})
