// What workers are told, in pieces, with whatever changes in between: over channels that deliver when the test says so.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TableConfig } from '../../../src/model/config.ts'
import type { Endpoint, EndpointSet } from '../../../src/model/endpoint.ts'
import { Broadcast } from '../../../src/node/broadcast.ts'
import type { ToWorker } from '../../../src/node/messages.ts'
import { Told } from '../../../src/node/told.ts'
import { endpoint } from '../../support/endpoints.ts'

const REFS = ['a/1', 'a/2', 'a/3', 'a/4']
const POOL = Array.from({ length: 700 }, (_, index) => endpoint(`e${index}`))
const PIECE = 200
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
  readonly broadcast = new Broadcast()
  readonly workers: { readonly far: FarWorker; readonly seat: { leave(): void } }[] = []
  table: { readonly number: number; readonly config: TableConfig } = { number: 0, config: { callers: [], services: [], routes: [] } }
  readonly now = new Map<string, EndpointSet>()
  readonly #said = new Map<string, EndpointSet[]>()
  /** Of each reference, which table brought a set at which time. */
  readonly #brought: { readonly ref: string; readonly number: number; readonly at: number }[] = []
  #time = 0

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
    const set = ready(POOL.slice(from, from + count), ++this.#time)
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

test('whatever comes in between which pieces, every worker ends with the present table and sets, and has none by half or too early', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const estate = new Estate()
      estate.join()
      for (const each of steps) estate.run(each)
      estate.settle()
    }),
    { numRuns: 300 },
  )
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
