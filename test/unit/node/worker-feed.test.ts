// What workers are told, in pieces, with whatever changes in between: over channels that deliver when the test says so.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TableConfig } from '../../../src/model/table-config.ts'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import { Broadcast } from '../../../src/node/broadcast.ts'
import type { ToWorker } from '../../../src/node/messages.ts'
import { Told } from '../../../src/node/told.ts'
import { endpoint } from '../../support/endpoints.ts'

const REFS = ['a/1', 'a/2', 'a/3', 'a/4']
const POOL = Array.from({ length: 700 }, (_, index) => endpoint(`e${index}`))
/** Long ones, of which a few fill the channel. */
const LONG = POOL.map((each, index) => ({ ...each, meta: { note: 'n'.repeat((index % 7) * 400) } }))
const PIECE = 200
/** Bytes of a piece and of what may be under way, with some to spare for the last item and for places. */
const PIECE_BYTES = 64_000 + 8000
const CHANNEL_BYTES = 5 * 64_000 + 2 * 8000
const PENDING: EndpointSet = { kind: 'pending' }

/** A worker at the other end of a channel: what it has in force, as `Snapshots` has it. */
class FarWorker {
  readonly log: string[] = []
  /** Of each message with sets, how many endpoints it tells in full. */
  readonly lengths: number[] = []
  /** The most sets in one message. */
  widest = 0
  revision = 0
  config: TableConfig = { callers: [], services: [], routes: [] }
  inForce = new Map<string, EndpointSet>()
  readonly #told = new Told()
  readonly #channel: { readonly text: string; readonly sent: () => void }[] = []

  readonly send = (message: ToWorker, sent: () => void): void => void this.#channel.push({ text: JSON.stringify(message), sent })

  get waiting(): number {
    return this.#channel.length
  }

  /** Bytes in the channel, and of its longest message. */
  get bytes(): { readonly all: number; readonly longest: number } {
    const lengths = this.#channel.map(({ text }) => text.length)
    return { all: lengths.reduce((sum, length) => sum + length, 0), longest: Math.max(0, ...lengths) }
  }

  /** Takes one message off the channel; false when there is none. */
  deliver(): boolean {
    const next = this.#channel.shift()
    if (next === undefined) return false
    this.#take(JSON.parse(next.text) as ToWorker)
    next.sent()
    return true
  }

  #take(message: ToWorker): void {
    this.log.push(message.kind)
    if (message.kind === 'table-part') this.#told.takeTablePart(message)
    else if (message.kind === 'sets-part') {
      this.#told.takeSetsPart(message)
      this.widest = Math.max(this.widest, message.sets.length)
      this.lengths.push(message.sets.flatMap(([, delta]) => ('endpoints' in delta ? delta.endpoints.filter((each) => typeof each !== 'number') : [])).length)
    } else if (message.kind === 'set-part') {
      this.#told.takeSetPart(message)
    } else if (message.kind === 'set') {
      const set = this.#told.takeSet(message)
      if (set !== undefined) this.inForce.set(message.ref, set)
    } else if (message.kind === 'table') {
      const { config, sets } = this.#told.takeTable(message)
      for (const [ref, set] of sets) this.inForce.set(ref, set)
      this.config = config
      this.revision = message.revision.number
      for (const ref of this.inForce.keys()) if (!this.uses(ref)) this.inForce.delete(ref)
    }
  }

  uses(ref: string): boolean {
    return this.config.services.some(({ from }) => from.includes(ref))
  }
}

/** A table of as many routes as its number, so that some take several pieces. */
function tableOf(number: number, refs: readonly string[]): TableConfig {
  return { callers: [], services: refs.map((ref) => ({ name: ref, from: [ref] })), routes: Array.from({ length: number % 3 === 0 ? 450 : number % 3 }, (_, index) => ({ name: `${number}-${index}` })) } as unknown as TableConfig
}

const revision = (number: number) => ({ number, hash: `h${number}`, origin: 'test', at: 0 })
const ready = (endpoints: readonly Endpoint[], at: number): EndpointSet => ({ kind: 'ready', endpoints, at })

interface Words {
  readonly refs: readonly string[]
  readonly brought: readonly string[]
  readonly from: number
  readonly length: number
}

type Step = { readonly kind: 'set'; readonly ref: string; readonly from: number; readonly length: number } | ({ readonly kind: 'table' } & Words) | { readonly kind: 'join' } | { readonly kind: 'leave' | 'deliver'; readonly worker: number; readonly count: number }

const length = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 5 }) }, { weight: 2, arbitrary: fc.nat({ max: 600 }) })
// Mostly so that a set and the next one have endpoints in common.
const from = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: fc.nat({ max: 90 }) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), ref: fc.constantFrom(...REFS), from, length }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('table' as const), refs: fc.oneof(fc.subarray(REFS), fc.constant(REFS)), brought: fc.subarray(REFS), from, length }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'join' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), worker: fc.nat({ max: 3 }), count: fc.constant(0) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), worker: fc.nat({ max: 3 }), count: fc.nat({ max: 6 }) }) },
)

/** The estate under test with a naive memory of all that was ever said. */
class Estate {
  readonly pool: readonly Endpoint[]
  readonly broadcast = new Broadcast()
  readonly workers: { readonly far: FarWorker; readonly seat: { leave(): void } }[] = []
  table: { readonly number: number; readonly config: TableConfig } = { number: 0, config: { callers: [], services: [], routes: [] } }
  readonly now = new Map<string, EndpointSet>()
  readonly #said = new Map<string, EndpointSet[]>()
  /** Of each reference, which table brought a set at which time. */
  readonly #brought: { readonly ref: string; readonly number: number; readonly at: number }[] = []
  #time = 0

  constructor(pool: readonly Endpoint[] = POOL) {
    this.pool = pool
  }

  run(each: Step): void {
    if (each.kind === 'set') this.broadcast.useSet(each.ref, this.#say(each.ref, each))
    else if (each.kind === 'table') this.#useTable(each)
    else if (each.kind === 'join') this.join()
    else if (each.kind === 'leave') for (const { seat } of this.workers.splice(each.worker, 1)) seat.leave()
    else for (let left = each.count; left > 0; left--) this.workers[each.worker]?.far.deliver()
    for (const { far } of this.workers) this.#check(far)
  }

  join(): FarWorker {
    const far = new FarWorker()
    this.workers.push({ far, seat: this.broadcast.join(far.send) })
    return far
  }

  #useTable({ refs, brought, ...what }: Words): void {
    const number = this.table.number + 1
    this.table = { number, config: tableOf(number, refs) }
    const sets = brought.filter((ref) => refs.includes(ref)).map((ref) => [ref, this.#say(ref, what)] as const)
    for (const [ref, set] of sets) this.#brought.push({ ref, number, at: 'at' in set ? set.at : 0 })
    this.broadcast.useTable(this.table.config, revision(number), sets)
    for (const ref of this.now.keys()) if (!refs.includes(ref)) this.now.delete(ref)
  }

  #say(ref: string, { from, length: count }: { readonly from: number; readonly length: number }): EndpointSet {
    const set = ready(this.pool.slice(from, from + count), ++this.#time)
    this.now.set(ref, set)
    this.#said.set(ref, [...(this.#said.get(ref) ?? []), set])
    return set
  }

  // At any time: only whole sets are in force, and none before the table that it must not be used before.
  #check(far: FarWorker): void {
    for (const [ref, set] of far.inForce) {
      if (!far.uses(ref) || set.kind === 'pending') continue
      expect(this.#said.get(ref)).toContainEqual(set)
      const early = this.#brought.filter((each) => each.ref === ref && each.number > far.revision && 'at' in set && set.at >= each.at)
      expect(early).toEqual([])
    }
    expect(far.lengths.every((fresh) => fresh <= PIECE)).toBe(true)
    expect(far.bytes.longest).toBeLessThan(PIECE_BYTES)
    expect(far.bytes.all).toBeLessThan(CHANNEL_BYTES)
  }

  /** Delivers all there is, and sees that everybody has the same in the end. */
  settle(): void {
    for (const { far } of this.workers) {
      while (far.deliver()) this.#check(far)
      expect(far.revision).toBe(this.table.number)
      expect(far.config).toEqual(this.table.config)
      for (const { from: [ref = ''] } of this.table.config.services) expect([ref, far.inForce.get(ref) ?? PENDING]).toEqual([ref, this.now.get(ref) ?? PENDING])
      expect(far.log.filter((kind) => kind === 'listen')).toHaveLength(1)
    }
  }
}

test.each([
  { name: 'short', pool: POOL },
  { name: 'long', pool: LONG },
])('whatever comes in between which pieces of $name endpoints, every worker ends with the present table and sets, has none by half or too early, and little waits in its channel', ({ pool }) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const estate = new Estate(pool)
      estate.join()
      for (const each of steps) estate.run(each)
      estate.settle()
    }),
    { numRuns: 300 },
  )
})

test('a worker that stands still has little in its channel however much changes, and what it gets when it goes on is the present state', () => {
  const estate = new Estate(LONG)
  const [far, still] = [estate.join(), estate.join()]
  const refs = REFS.slice(0, 3)
  estate.run({ kind: 'table', refs, brought: refs, from: 0, length: 20 })
  estate.settle()
  for (let turn = 0; turn < 900; turn++) {
    if (turn % 150 === 149) estate.run({ kind: 'table', refs: turn % 300 === 299 ? refs : REFS, brought: [], from: 0, length: 0 })
    estate.run({ kind: 'set', ref: refs[turn % 3] ?? '', from: turn % 50, length: 20 + (turn % 30) })
    while (far.deliver());
  }
  expect(still.waiting).toBeLessThan(200)
  const before = still.log.length
  estate.settle()
  // What was in the channel, each set once more, and one table.
  expect(still.log.length - before).toBeLessThan(250)
  expect(still.log.slice(before).filter((kind) => kind === 'table').length).toBeLessThanOrEqual(2)
})

test('a change is told at once while the channel takes it, and the next of a full one when there is room', () => {
  const estate = new Estate(LONG)
  const far = estate.join()
  estate.run({ kind: 'table', refs: REFS, brought: REFS, from: 0, length: 0 })
  estate.settle()
  let told = 0
  for (; far.waiting === told; told++) estate.run({ kind: 'set', ref: 'a/1', from: told * 20, length: 20 })
  expect(told).toBeGreaterThan(8)
  estate.run({ kind: 'set', ref: 'a/2', from: 0, length: 1 })
  estate.run({ kind: 'set', ref: 'a/1', from: 1, length: 1 })
  expect(far.waiting).toBe(told - 1)
  far.deliver()
  // Both that were late: each once, as it is by now.
  expect(far.waiting).toBe(told)
  estate.settle()
})

test('a table that comes while a great change is told by half leaves the set before in force until the change is whole', () => {
  const estate = new Estate(POOL.map((each) => ({ ...each, meta: { note: 'n'.repeat(5000) } })))
  const far = estate.join()
  estate.run({ kind: 'table', refs: ['a/1'], brought: ['a/1'], from: 0, length: 3 })
  estate.settle()
  const before = far.inForce.get('a/1')
  estate.run({ kind: 'set', ref: 'a/1', from: 0, length: 600 })
  estate.run({ kind: 'table', refs: ['a/1', 'a/2'], brought: ['a/2'], from: 0, length: 1 })
  while (far.revision < 2) far.deliver()
  expect(far.inForce.get('a/1') === before).toBe(true)
  expect(far.log).toContain('set-part')
  estate.settle()
})

test('routes that are long go a few at a time', () => {
  const estate = new Estate()
  const routes = Array.from({ length: 50 }, (_, index) => ({ name: `long-${index}`, match: 'x'.repeat(index === 7 ? 200_000 : 7000) }))
  estate.broadcast.useTable({ callers: [], services: [], routes } as unknown as TableConfig, revision(1), [])
  const far = estate.join()
  const lengths: number[] = []
  do lengths.push(far.bytes.longest)
  while (far.deliver())
  expect(far.config.routes).toEqual(routes)
  expect(lengths.toSorted((a, b) => b - a).map((length) => Math.ceil(length / 72_000))).toEqual([4, 1, 1, 1, 1, 1, 1, 1, 0])
})

test('a worker listens when it has the whole table and every set, and pieces leave one after another', () => {
  const estate = new Estate()
  estate.run({ kind: 'set', ref: 'a/1', from: 0, length: 600 })
  estate.run({ kind: 'set', ref: 'a/2', from: 0, length: 3 })
  for (let number = 1; number <= 3; number++) estate.run({ kind: 'table', refs: ['a/1', 'a/2'], brought: [], from: 0, length: 0 })
  const far = estate.join()
  do expect(far.waiting).toBe(1)
  while (far.deliver() && far.log.at(-1) !== 'listen')
  expect(far.log).toEqual(['table-part', 'table-part', 'table-part', 'table-part', 'sets-part', 'sets-part', 'sets-part', 'sets-part', 'table', 'listen'])
  expect(far.lengths).toEqual([200, 200, 200, 3])
  expect([...far.inForce].map(([ref, set]) => [ref, 'endpoints' in set && set.endpoints.length])).toEqual([['a/1', 600], ['a/2', 3]])
})

test('a change does not wait behind the pieces, and is told once', () => {
  const estate = new Estate()
  estate.run({ kind: 'table', refs: ['a/1', 'a/2', 'a/3'], brought: ['a/1', 'a/2', 'a/3'], from: 0, length: 500 })
  const far = estate.join()
  // Services and the first piece of sets, of a/1 alone.
  for (let count = 0; count < 2; count++) far.deliver()
  estate.run({ kind: 'set', ref: 'a/2', from: 10, length: 4 })
  expect(far.waiting).toBe(1)
  estate.settle()
  expect(far.log).not.toContain('set')
  estate.run({ kind: 'set', ref: 'a/2', from: 11, length: 4 })
  expect([far.waiting, far.deliver(), far.log.at(-1)]).toEqual([1, true, 'set'])
  estate.settle()
})

test('a change to a set that waits for a table waits as well', () => {
  const estate = new Estate()
  const far = estate.join()
  estate.run({ kind: 'table', refs: ['a/1', 'a/2'], brought: ['a/1', 'a/2'], from: 0, length: 3 })
  while (far.deliver());
  const before = far.inForce.get('a/1')
  estate.run({ kind: 'table', refs: ['a/1', 'a/2'], brought: ['a/1', 'a/2'], from: 50, length: 300 })
  while (far.log.filter((kind) => kind === 'sets-part').length < 4 && far.deliver());
  estate.run({ kind: 'set', ref: 'a/1', from: 60, length: 4 })
  while (far.log.at(-1) !== 'set' && far.deliver());
  expect([far.revision, far.inForce.get('a/1')]).toEqual([1, before])
  estate.settle()
})

test('many small sets take many messages', () => {
  const estate = new Estate()
  for (let number = 0; number < 1000; number++) estate.broadcast.useSet(`a/${number}`, ready([], 1))
  const far = estate.join()
  while (far.deliver());
  expect(far.widest).toBe(PIECE)
})

test('a worker without a table listens, and takes the first one with the sets that came before', () => {
  const estate = new Estate()
  const far = estate.join()
  estate.run({ kind: 'set', ref: 'a/1', from: 0, length: 2 })
  while (far.deliver());
  expect(far.log).toEqual(['listen', 'set'])
  estate.run({ kind: 'table', refs: ['a/1'], brought: [], from: 0, length: 0 })
  estate.settle()
})
