// The drill that every registry passes: it takes connections and questions, and answers nothing any more.
import { expect } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { DrillPlan } from '../support/drill/plan.ts'

export interface Hanging {
  /** The proxy in front of it. */
  readonly upstream: string
  /** Reference of `web`. */
  readonly ref: string
}

/** Questions that are given up before the drill is content that none is asked beside another. */
const GIVEN_UP = 4

/**
 * Runs it by a plan whose only service is `web` with the backends a, b and c: what was known serves, and each question is given up before the
 * next one is asked, so that a registry which is too slow is not buried.
 */
export function hangs(plan: DrillPlan, { upstream, ref }: Hanging): Promise<void> {
  return drill(plan, async (d) => {
    const registry = d.fault(upstream)
    await d.sees('web', 'live a,b,c')
    registry.blackhole()
    await d.sees('web', 'stale a,b,c', { cause: /no answer|silent/, since: Date.now() })
    await d.until('it was asked again and again', async () => (await d.watch(ref)).failures >= GIVEN_UP, async () => JSON.stringify(await d.watch(ref)))
    await d.serves('web', ['a', 'b', 'c'])
    expect(registry.mostAlike).toBe(1)
    await registry.pass()
    await d.sees('web', 'live a,b,c')
  })
}
