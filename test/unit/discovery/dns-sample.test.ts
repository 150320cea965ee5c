// Answers that show a part of the records each time, told apart from deployments and copies out of caches: what is used of them.
import { describe, expect, test } from 'vitest'
import { createSample } from '../../../discovery/dns/sample.ts'
import { seededRandom } from '../../support/fake-platform.ts'

interface Answer {
  readonly targets: readonly string[]
  /** Seconds that are left. */
  readonly ttl: number
}

/** Asks as the adapter does, when the answer is over but each minute at least, and gives what is used at each step. `ask` is given the milliseconds since the beginning. */
function follow(ask: (now: number) => Answer): { readonly until: (end: number) => string[][]; readonly used: () => readonly string[] } {
  const sample = createSample()
  const random = seededRandom(3)
  let now = 0
  let ttl = 0
  let used: readonly string[] = []
  const step = (): string[] => {
    const answer = ask(now)
    ttl = answer.ttl
    used = sample.take(answer.targets.map((target) => ({ type: 'SRV', priority: 0, weight: 1, port: 80, target })), ttl, now).map(({ target }) => target)
    return used.toSorted()
  }
  return {
    used: () => used.toSorted(),
    until: (end) => {
      const steps: string[][] = []
      for (; now < end; now += Math.min(60_000, Math.max(1000, ttl * 1000)) * (1 + 0.1 * random())) steps.push(step())
      return steps
    },
  }
}

const HOUR = 3_600_000
const names = (count: number, prefix = 'i'): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** Shows `size` of the targets, drawn by chance. */
function draw(targets: readonly string[], size: number, random: () => number): string[] {
  return targets.map((target) => ({ target, at: random() })).sort((a, b) => a.at - b.at).slice(0, size).map(({ target }) => target)
}

/** A cache in front of a server that draws: the same answer until its time is over. */
function cache(targets: () => readonly string[], size: number, ttl: number, seed: number): (now: number) => Answer {
  const random = seededRandom(seed)
  let kept: { readonly targets: readonly string[]; readonly until: number } | undefined
  return (now) => {
    if (kept === undefined || now >= kept.until) kept = { targets: draw(targets(), size, random), until: now + ttl * 1000 }
    return { targets: kept.targets, ttl: Math.ceil((kept.until - now) / 1000) }
  }
}

describe('a deployment that is rolled back is no sample: each answer is used as it is', () => {
  const [a, b] = [names(3, 'a'), names(3, 'b')]
  const swap = (from: readonly string[], to: readonly string[]): string[][] => from.map((_, index) => [...to.slice(0, index + 1), ...from.slice(index + 1)])
  test.each<[string, readonly (readonly string[])[]]>([
    ['one of one', [['a'], ['b'], ['a']]],
    ['all at once', [a, b, a]],
    ['one by one', [a, ...swap(a, b), ...swap(b, a)]],
    ['one by one and back halfway', [a, ...swap(a, b).slice(0, 2), swap(a, b)[0] ?? [], a]],
    ['twice', [a, b, a, names(3, 'c'), a]],
    ['again and again', Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? a : b))],
  ])('%s', (_, stages) => {
    const { until } = follow((now) => ({ targets: stages[Math.min(stages.length - 1, Math.floor(now / 300_000))] ?? [], ttl: 30 }))
    for (const [index, stage] of stages.entries()) for (const used of until((index + 1) * 300_000)) expect(used).toEqual(stage.toSorted())
  })
})

test('two that take turns each minute are put together, and told apart once it has been one for a while', () => {
  const { until, used } = follow((now) => ({ targets: now < 24 * 60_000 && Math.floor(now / 60_000) % 2 === 1 ? ['b'] : ['a'], ttl: 30 }))
  until(24 * 60_000)
  expect(used()).toEqual(['a', 'b'])
  until(24 * 60_000 + 12 * 33_000)
  expect(used()).toEqual(['a'])
})

test('what is shown whole again is used as it is: the next departure is believed at once', () => {
  const random = seededRandom(7)
  let all: readonly string[] = names(6)
  const { until, used } = follow(() => ({ targets: draw(all, 3, random), ttl: 0 }))
  until(300_000)
  expect(used()).toEqual(names(6))
  // No more than fit an answer, and so for as long as it takes to be sure of it.
  all = names(3)
  until(400_000)
  expect(used()).toEqual(names(3))
  all = ['i0', 'i1', 'new']
  for (const each of until(405_000).slice(1)) expect(each).toEqual(['i0', 'i1', 'new'])
})

test('one of two at each question: both stay, and one that has left is gone within eleven answers', () => {
  const random = seededRandom(11)
  let all = ['a', 'b']
  const { until, used } = follow(() => ({ targets: draw(all, 1, random), ttl: 0 }))
  until(60_000)
  const flips = until(HOUR).filter((each) => each.length < 2).length
  expect(flips).toBeLessThan(40)
  all = ['a']
  until(HOUR + 12_500)
  expect(used()).toEqual(['a'])
})

describe('copies out of a cache are no draws: a record is not missing because it was not drawn', () => {
  // Nine records, three at a time, drawn each five minutes and asked for each minute.
  const learned = 6 * HOUR
  test.each<[string, (from: (now: number) => Answer) => (now: number) => Answer]>([
    ['one name server', (from) => from],
    ['two name servers with one cache', (from) => {
      let turn = 0
      // One rounds the time that is left up, one down.
      return (now) => (turn++ % 2 === 0 ? from(now) : { ...from(now), ttl: Math.max(0, from(now).ttl - 1) })
    }],
  ])('%s', (_, wrap) => {
    let all = names(9)
    const { until, used } = follow(wrap(cache(() => all, 3, 300, 5)))
    until(learned)
    const steps = until(learned + 200 * HOUR)
    expect(steps.filter((each) => each.length < 9).length / steps.length).toBeLessThan(0.01)
    all = names(8)
    until(learned + 203 * HOUR)
    expect(used()).toEqual(names(8))
  })
})
