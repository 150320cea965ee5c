// How several services share one route: fixed shares first, the rest by the number of usable instances.
import type { TaggedInstance } from '../model/tagged.ts'
import { wishIn } from './weights.ts'

const SCALE = 10_000

/**
 * Whole weights for groups of instances, summing to more than nothing.
 * @param guarded keep half for the first group, where it has a usable instance; `capped` says that the others wanted more
 */
export function destinationWeights(groups: readonly (readonly TaggedInstance[])[], guarded: boolean): { readonly weights: readonly number[]; readonly capped: boolean } {
  const parts = groups.map(partsOf)
  const fixed = parts.reduce((sum, part) => sum + part.fixed, 0)
  const free = parts.reduce((sum, part) => sum + part.free, 0)
  const scale = fixed > 1 || (free === 0 && fixed > 0) ? 1 / fixed : 1
  const left = Math.max(0, 1 - fixed)
  const wanted = parts.map((part) => part.fixed * scale + (free > 0 ? (left * part.free) / free : 0))
  const others = wanted.slice(1).reduce((sum, share) => sum + share, 0)
  const capped = guarded && others > 0.5 && groups[0]?.some(({ usable }) => usable) === true
  const shares = capped ? wanted.map((share, i) => (i === 0 ? 0.5 : (share * 0.5) / others)) : wanted
  const weights = shares.map((share) => Math.round(share * SCALE))
  // Nobody is usable: the requests fail wherever they go, and the table must hold all the same.
  return { weights: weights.some((weight) => weight > 0) ? weights : groups.map(() => 1), capped }
}

function partsOf(instances: readonly TaggedInstance[]): { readonly fixed: number; readonly free: number } {
  const groups = new Set<string>()
  let [fixed, free] = [0, 0]
  for (const { labels, usable } of instances) {
    if (!usable) continue
    const wish = wishIn(labels)
    if (wish === undefined) free++
    else if (wish.kind === 'own') fixed += wish.share
    else if (!groups.has(wish.text)) {
      groups.add(wish.text)
      fixed += wish.share
    }
  }
  return { fixed, free }
}
