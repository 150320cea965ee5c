// What every discoverer must do, whatever its registry. An adapter passes it by giving a bench: its registry as a fake that
// can be filled, emptied and broken, under virtual time.
import { afterEach, describe, expect, test } from 'vitest'
import type { Attempt, Discoverer, ServiceRef, WatchOptions } from '../../src/model/discoverer.ts'
import { endpointsOf, type EndpointHealth, type EndpointSet } from '../../src/model/endpoint.ts'
import { seededRandom, START, type FakePlatform } from '../support/fake-platform.ts'

/** An instance as the suite writes it into a registry. */
export interface Written {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly weight?: number
  readonly zone?: string
  readonly tags?: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
  readonly health?: EndpointHealth
  readonly draining?: boolean
}

/** How a registry says that it has nothing: by an empty list, or by not knowing the service. */
type Emptiness = 'empty' | 'absent'

/** A registry under test. */
export interface Bench {
  readonly platform: FakePlatform
  readonly ref: ServiceRef
  /** Milliseconds within which a change must be seen. */
  readonly reaction: number
  /** Milliseconds that sudden emptiness is held; default 30 s. */
  readonly hold?: number
  discoverer(options?: { readonly allowEmpty?: boolean }): Discoverer
  put(instances: readonly Written[]): void
  /** The registry suddenly lists nothing, in a way that may be an accident, one of `Traits.emptiness`. */
  vanish(way: Emptiness): void
  /** What a service that the registry never had looks like. */
  readonly unknown: Emptiness
  /** Puts one entry that is malformed beside good ones. */
  putMalformed(good: readonly Written[]): void
  /** True when one bad entry refuses the whole. */
  readonly strict: boolean
  putHuge(): void
  fail(): void
  deny(): void
  recover(): void
  /** Questions that reached the registry so far. */
  asked(): number
}

/** What a registry has no word for is not tested. */
export interface Traits {
  /** Its words for having nothing, where that may be an accident. None where it has no such word. */
  readonly emptiness: readonly Emptiness[]
  readonly tellsDraining: boolean
  /** True when what it says to drain serves until it is gone; else it was taken out. Default false. */
  readonly servesDraining?: boolean
  /** True when every list is the deed of one hand, so that a shrink is believed at once (only a service that is not there any more is held). */
  readonly statesLists: boolean
  /** False when it knows addresses and weights only: no zones, tags and metadata, and no names in place of addresses. Default true. */
  readonly tellsLabels?: boolean
  /** False when it has no word for the weight and the tags of an endpoint. Default true. */
  readonly tellsShares?: boolean
  /** True when tags, metadata and weights belong to the service, so that all instances have the same. Default false. */
  readonly labelsServices?: boolean
}

const five = ['a', 'b', 'c', 'd', 'e'].map((id, index): Written => ({ id, host: `10.0.0.${index + 1}`, port: 8080 }))
const plain: Written = { id: 'rich', host: '10.0.0.9', port: 9000, weight: 7 }
const labelled: Written = { id: 'rich', host: 'words.internal', port: 9000, weight: 7, zone: 'z1', tags: ['v2', 'canary'], meta: { version: '2', owner: 'team words' } }

/** Reads a discoverer into a list. */
export interface Reader {
  readonly sets: EndpointSet[]
  readonly times: number[]
  readonly attempts: Attempt[]
  readonly ended: Promise<void>
  last(): EndpointSet
  stop(): Promise<void>
}

/** Starts reading. */
export function read(bench: Pick<Bench, 'platform' | 'ref'>, discoverer: Discoverer, last?: WatchOptions['last']): Reader {
  const stop = new AbortController()
  const sets: EndpointSet[] = []
  const times: number[] = []
  const attempts: Attempt[] = []
  const run = async (): Promise<void> => {
    const options: WatchOptions = { observe: (attempt) => void attempts.push(attempt), ...(last === undefined ? {} : { last }) }
    for await (const set of discoverer.watch(bench.ref, stop.signal, options)) {
      sets.push(set)
      times.push(bench.platform.now())
    }
  }
  const ended = run()
  return {
    sets,
    times,
    attempts,
    ended,
    last: () => sets.at(-1) ?? { kind: 'pending' },
    async stop() {
      stop.abort()
      await ended
    },
  }
}

/** `kind` and, for stale and pending sets, the outcome; then the host:port of all. */
export function summary(set: EndpointSet): string {
  const cause = set.kind === 'stale' || set.kind === 'pending' ? set.cause?.outcome : undefined
  const addresses = endpointsOf(set).map((endpoint) => `${endpoint.host}:${endpoint.port}`)
  return [set.kind, ...(cause === undefined ? [] : [cause]), ...addresses].join(' ')
}

const addresses = (instances: readonly Written[]): string => instances.map(({ host, port }) => `${host}:${port}`).join(' ')

/** Registers the suite. `make` gives a fresh bench each time. */
export function discovererSuite(name: string, traits: Traits, make: () => Bench): void {
  describe(`discoverer ${name}`, () => {
    const labels = traits.tellsLabels !== false
    const rich = labels ? labelled : plain
    const weight = traits.tellsShares === false ? 1 : 7
    const tags = labels && traits.tellsShares !== false ? ['v2', 'canary'] : []
    let readers: Reader[] = []
    afterEach(async () => {
      await Promise.all(readers.map((reader) => reader.stop()))
      readers = []
    })
    const start = async (bench: Bench, last?: WatchOptions['last'], options: { readonly allowEmpty?: boolean } = {}): Promise<Reader> => {
      const reader = read(bench, bench.discoverer(options), last)
      readers.push(reader)
      await bench.platform.advance(bench.reaction)
      return reader
    }

    test('the first set is the whole one, with everything the registry says', async () => {
      const bench = make()
      bench.put([rich, ...five])
      const reader = await start(bench)
      expect(reader.sets).toHaveLength(1)
      const endpoints = endpointsOf(reader.last())
      expect(reader.last().kind).toBe('ready')
      expect(endpoints.map(({ host }) => host).sort()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', rich.host])
      const found = endpoints.find(({ host }) => host === rich.host)
      expect(found).toMatchObject({ port: 9000, weight, draining: false, origin: bench.ref.registry })
      if (labels) expect(found).toMatchObject({ zone: 'z1', tags })
      if (labels) expect({ ...found?.meta }).toMatchObject({ version: '2', owner: 'team words' })
      expect(found?.id.startsWith(`${bench.ref.registry}/`)).toBe(true)
      expect(found?.learnedAt).toBeGreaterThanOrEqual(START)
      expect(reader.attempts[0]).toMatchObject({ outcome: 'ok-with-data', count: 6, rejected: [] })
    })

    test('a change is seen soon, keeps what did not change, and keeps the time an address was learned', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      const before = endpointsOf(reader.last())
      bench.put([...five.slice(0, 4), { ...rich, id: 'e', host: '10.0.0.5', port: 8080 }, { id: 'f', host: '10.0.0.6', port: 8080 }])
      await bench.platform.advance(bench.reaction)
      const after = endpointsOf(reader.last())
      expect(summary(reader.last())).toBe(`ready ${addresses(five)} 10.0.0.6:8080`)
      if (traits.labelsServices !== true) expect(after.slice(0, 4).every((endpoint, index) => endpoint === before[index])).toBe(true)
      expect(after[4]).toMatchObject({ weight, tags, learnedAt: before[4]?.learnedAt })
      expect(after[5]?.learnedAt).toBeGreaterThan(before[4]?.learnedAt ?? Infinity)
    })

    test('one that changed leaves the others the very objects they were', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      const before = endpointsOf(reader.last())
      bench.put([...five.slice(0, 4), { ...five[4], id: 'e', host: '10.0.0.50', port: 8080 }])
      await bench.platform.advance(bench.reaction)
      const after = endpointsOf(reader.last())
      expect(after.slice(0, 4).every((endpoint, index) => endpoint === before[index])).toBe(true)
      expect(after[4]?.host).toBe('10.0.0.50')
    })

    test('a few that leave are gone soon', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      bench.put(five.slice(0, 3))
      await bench.platform.advance(bench.reaction)
      expect(summary(reader.last())).toBe(`ready ${addresses(five.slice(0, 3))}`)
    })

    test('an answer with equal content is no change', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      bench.put(five.map((instance) => ({ ...instance })))
      await bench.platform.advance(600_000)
      expect(reader.sets).toHaveLength(1)
      expect(reader.attempts.filter(({ missedChange }) => missedChange)).toEqual([])
    })

    test.each(traits.emptiness)('sudden emptiness (%s) is held as stale, confirmed, and believed in the end', async (way) => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      bench.vanish(way)
      await bench.platform.advance(bench.reaction)
      expect(summary(reader.last())).toBe(`stale guarded ${addresses(five)}`)
      expect(endpointsOf(reader.last()).every((endpoint) => endpoint.held === true)).toBe(true)
      await bench.platform.advance((bench.hold ?? 30_000) - 1000 - bench.reaction)
      expect(summary(reader.last())).toBe(`stale guarded ${addresses(five)}`)
      await bench.platform.advance(11_000 + bench.reaction)
      expect(endpointsOf(reader.last())).toEqual([])
      expect(reader.last().kind).toBe(way === 'absent' ? 'absent' : 'ready')
    })

    test.each(traits.emptiness)('an emptiness (%s) that passes takes nothing away, and additions meanwhile are used', async (way) => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      bench.vanish(way)
      await bench.platform.advance(bench.reaction)
      bench.put([{ id: 'f', host: '10.0.0.6', port: 8080 }])
      await bench.platform.advance(bench.reaction + 11_000)
      expect(summary(reader.last())).toBe(traits.statesLists ? 'ready 10.0.0.6:8080' : `stale guarded ${addresses(five)} 10.0.0.6:8080`)
      bench.put(five)
      await bench.platform.advance(bench.reaction + 11_000)
      expect(summary(reader.last())).toBe(`ready ${addresses(five)}`)
      expect(reader.sets.every((set) => endpointsOf(set).length >= (traits.statesLists ? 1 : 5))).toBe(true)
    })

    test.each(traits.emptiness)('with allowEmpty it (%s) is believed at once', async (way) => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench, undefined, { allowEmpty: true })
      bench.vanish(way)
      await bench.platform.advance(bench.reaction)
      expect(endpointsOf(reader.last())).toEqual([])
      expect(reader.last().kind).not.toBe('stale')
    })

    test.skipIf(!traits.tellsDraining)('instances that are said to drain are marked, and may then vanish at once', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      const health = traits.servesDraining === true ? 'passing' : 'maintenance'
      const draining = five.map((instance): Written => ({ ...instance, health, draining: true }))
      bench.put(draining)
      await bench.platform.advance(bench.reaction)
      expect(endpointsOf(reader.last()).map((each) => `${each.draining} ${each.health}`)).toEqual(Array(5).fill(`true ${health}`))
      expect(reader.last().kind).toBe('ready')
      const [way] = traits.emptiness
      if (way === undefined) return
      bench.vanish(way)
      await bench.platform.advance(bench.reaction)
      expect(endpointsOf(reader.last())).toEqual([])
      expect(reader.last().kind).not.toBe('stale')
    })

    test('a service that the registry never had is not an error', async () => {
      const bench = make()
      const reader = await start(bench)
      expect(summary(reader.last())).toBe(bench.unknown === 'absent' ? 'absent' : 'ready')
      bench.put(five)
      await bench.platform.advance(bench.reaction + 11_000)
      expect(summary(reader.last())).toBe(`ready ${addresses(five)}`)
    })

    test.each(['fail', 'deny'] as const)('%s: what was known is kept as stale, and recovers by itself', async (trouble) => {
      const bench = make()
      const outcome = trouble === 'fail' ? 'failed' : 'denied'
      bench.put(five)
      const reader = await start(bench)
      const before = endpointsOf(reader.last())
      bench[trouble]()
      await bench.platform.advance(120_000)
      expect(summary(reader.last())).toBe(`stale ${outcome} ${addresses(five)}`)
      expect(endpointsOf(reader.last())).toBe(before)
      expect(reader.attempts.at(-1)).toMatchObject({ outcome })
      expect(reader.attempts.at(-1)?.message).toMatch(/\S/)
      bench.recover()
      await bench.platform.advance(31_000)
      expect(summary(reader.last())).toBe(`ready ${addresses(five)}`)
      expect(endpointsOf(reader.last())).toBe(before)
    })

    test.each(['fail', 'deny'] as const)('%s from the start: pending with the cause, then whole', async (trouble) => {
      const bench = make()
      bench.put(five)
      bench[trouble]()
      const reader = await start(bench)
      expect(summary(reader.last())).toBe(`pending ${trouble === 'fail' ? 'failed' : 'denied'}`)
      bench.recover()
      await bench.platform.advance(31_000)
      expect(summary(reader.last())).toBe(`ready ${addresses(five)}`)
    })

    test('failures are not asked again and again', async () => {
      const bench = make()
      bench.fail()
      await start(bench)
      const before = bench.asked()
      await bench.platform.advance(600_000)
      // Full jitter up to 30 s: 40 in 10 minutes on average; a registry looked at each second may keep that pace.
      expect(bench.asked() - before).toBeLessThan(bench.reaction > 1000 ? 4000 : 120)
      expect(bench.asked()).toBeGreaterThan(before)
    })

    test.each(traits.emptiness)('what is known from before is kept while the registry fails, and guards against an empty first answer (%s)', async (way) => {
      const bench = make()
      bench.put(five)
      const first = await start(bench)
      const last = { endpoints: endpointsOf(first.last()), at: START }
      await first.stop()
      bench.fail()
      const second = await start(bench, last)
      await bench.platform.advance(1000)
      expect(second.last()).toMatchObject({ kind: 'stale', at: START, cause: { outcome: 'failed' } })
      expect(endpointsOf(second.last())).toEqual(last.endpoints)
      bench.recover()
      bench.vanish(way)
      await bench.platform.advance(31_000)
      expect(summary(second.last())).toBe(`stale guarded ${addresses(five)}`)
    })

    test('a malformed entry', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      bench.putMalformed(five.slice(0, 4))
      await bench.platform.advance(bench.reaction)
      expect(summary(reader.last())).toBe(bench.strict ? `stale failed ${addresses(five)}` : `ready ${addresses(five.slice(0, 4))}`)
      if (!bench.strict) expect(reader.attempts.at(-1)?.rejected).toHaveLength(1)
    })

    test('a huge answer is refused whole', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      bench.putHuge()
      await bench.platform.advance(bench.reaction)
      expect(summary(reader.last())).toBe(`stale failed ${addresses(five)}`)
      expect(reader.attempts.at(-1)?.message).toMatch(/longer than|more than|does not fit/)
      bench.put(five)
      await bench.platform.advance(31_000)
      expect(summary(reader.last())).toBe(`ready ${addresses(five)}`)
    })

    test.skipIf(!labels)('metadata named like parts of an object are metadata', async () => {
      const bench = make()
      bench.put([{ id: 'a', host: '10.0.0.1', port: 1, meta: JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string> }])
      const reader = await start(bench)
      const meta = endpointsOf(reader.last())[0]?.meta ?? {}
      // A parser may drop the first name; it may not act on it.
      expect(Object.entries(meta).filter(([key]) => key !== '__proto__')).toEqual([['constructor', 'y']])
      expect([undefined, 'x']).toContain(Object.getOwnPropertyDescriptor(meta, '__proto__')?.value)
      expect(Object.getPrototypeOf(meta)).toBe(null)
    })

    test('in a storm every set is one that was written, four a second at most, and the last one is the last', async () => {
      const bench = make()
      const random = seededRandom(3)
      bench.put(five)
      const reader = await start(bench)
      const states = new Set([addresses(five)])
      let state = five
      for (let step = 0; step < 200; step++) {
        state = five.filter((_, index) => index < 3 || random() < 0.5)
        states.add(addresses(state))
        bench.put(state)
        await bench.platform.advance(10 + random() * 40)
      }
      bench.put(state)
      await bench.platform.advance(bench.reaction + 5000)
      expect(reader.sets.map((set) => summary(set).replace(/^(ready|stale failed) ?/, '')).filter((text) => !states.has(text))).toEqual([])
      expect(summary(reader.last())).toBe(`ready ${addresses(state)}`)
      const gaps = reader.times.slice(1).map((time, index) => time - (reader.times[index] ?? 0))
      expect(gaps.every((gap) => gap >= 250)).toBe(true)
    })

    test('after the signal is aborted it ends and asks nothing more', async () => {
      const bench = make()
      bench.put(five)
      const reader = await start(bench)
      await reader.stop()
      const before = bench.asked()
      bench.put(five.slice(0, 4))
      await bench.platform.advance(600_000)
      expect(bench.asked()).toBe(before)
      expect(reader.sets).toHaveLength(1)
      const late = read(bench, bench.discoverer())
      await late.stop()
      expect(late.sets).toEqual([])
    })

    test('a reader that leaves early stops it as well', async () => {
      const bench = make()
      bench.put(five)
      const watch = bench.discoverer().watch(bench.ref, new AbortController().signal)[Symbol.asyncIterator]()
      const first = watch.next()
      await bench.platform.advance(bench.reaction)
      await first
      await watch.return?.()
      const before = bench.asked()
      await bench.platform.advance(600_000)
      expect(bench.asked()).toBe(before)
    })
  })
}
