// The drill that every registry passes: it has forgotten everything, and its instances come back one after the other.
import { expect } from 'vitest'
import type { RefStatus } from '../../src/model/ref-status.ts'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'

export interface Empty {
  /** Reference of `web`. */
  readonly ref: string
  /** How long it must be empty before that is believed, milliseconds of its own time. Default 30 s. */
  readonly hold?: number
  /** How many times faster its time runs: 3 by default, slow enough that the hold lasts until all that is looked at in it was seen, on a busy machine too. */
  readonly speed?: number
  /** Makes it forget all instances without a word about any of them. */
  readonly forgets: (d: Drill) => Promise<unknown> | void
  /** Registers a backend again. */
  readonly enters: (d: Drill, name: string) => Promise<unknown> | void
}

/** Answers that are needed before it is believed: the first one that is empty, and those that confirm it. */
const ANSWERS = 3

/**
 * Runs it by a plan whose only service is `web` with the backends a, b and c. All are held and serve while nothing else is there; the first that is
 * listed again gets everything at once, and the others are only behind it; and they are given up after the hold and enough answers, not before.
 */
export async function comesBackEmpty(plan: DrillPlan, { ref, hold = 30_000, speed = 3, forgets, enters }: Empty): Promise<void> {
  await drill({ ...plan, speed }, async (d) => {
    await d.sees('web', 'live a,b,c')
    const answers = answered(await d.watch(ref))
    const began = performance.now()
    await forgets(d)
    await d.sees('web', 'guarded a,b,c', { cause: /does not know|vanished/ })
    await d.serves('web', ['a', 'b', 'c'])
    await enters(d, 'a')
    await d.uses('web', ['a'])
    await d.sees('web', 'guarded a,b,c')
    await d.sees('web', 'live a')
    expect((performance.now() - began) * speed).toBeGreaterThanOrEqual(hold)
    expect(answered(await d.watch(ref)) - answers).toBeGreaterThanOrEqual(ANSWERS)
    await d.serves('web', ['a'])
  })
}

function answered({ attempts }: RefStatus): number {
  return attempts['ok-with-data'] + attempts['ok-empty'] + attempts['not-found']
}
