// How several services share one route: fixed shares first, the rest by the number of usable instances.
import type { TaggedInstance } from '../model/tagged.ts'
import { shareIn } from './weights.ts'

const SCALE = 10_000

/** Whole weights for groups of instances, summing to more than nothing. */
export function destinationWeights(groups: readonly (readonly TaggedInstance[])[]): readonly number[] {
  const parts = groups.map(partsOf)
  const fixed = parts.reduce((sum, part) => sum + part.fixed, 0)
  const free = parts.reduce((sum, part) => sum + part.free, 0)
  const scale = fixed > 1 || (free === 0 && fixed > 0) ? 1 / fixed : 1
  const left = Math.max(0, 1 - fixed)
  const weights = parts.map((part) => Math.round((part.fixed * scale + (free > 0 ? (left * part.free) / free : 0)) * SCALE))
  // Nobody is usable: the requests fail wherever they go, and the table must hold all the same.
  return weights.some((weight) => weight > 0) ? weights : groups.map(() => 1)
}

function partsOf(instances: readonly TaggedInstance[]): { readonly fixed: number; readonly free: number } {
  const groups = new Set<string>()
  let [fixed, free] = [0, 0]
  for (const { labels, usable } of instances) {
    if (!usable) continue
    const label = labels.find((each) => shareIn(each) !== undefined)
    const wish = label === undefined ? undefined : shareIn(label)
    if (wish === undefined) free++
    else if (wish.kind === 'own') fixed += wish.share
    else if (label !== undefined && !groups.has(label)) {
      groups.add(label)
      fixed += wish.share
    }
  }
  return { fixed, free }
}
