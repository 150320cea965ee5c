// Leaves what is wrong out of a document, so that the rest of it can still be looked at.
import type { z } from 'zod'

const OF_ENTRIES: readonly unknown[] = ['listeners', 'registries', 'callers', 'services', 'routes']

/** A copy of `value` without what the issues point at: whole entries (`routes[3]`) at depth 2, their keys (`routes[3].retry`) at depth 3; elsewhere the top key. */
export function prune(value: unknown, issues: readonly z.core.$ZodIssue[], depth: 2 | 3): unknown {
  const paths = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]))
  const copy: unknown = structuredClone(value)
  const gone = paths.map((path) => path.slice(0, OF_ENTRIES.includes(path[0]) ? depth : 1))
  // Later members of a list first, so that the places of the others stay true.
  const once = new Map(gone.map((path) => [JSON.stringify(path), path]))
  for (const path of [...once.values()].toSorted((a, b) => Number(b[1]) - Number(a[1]) || 0)) remove(copy, path)
  return copy
}

function remove(root: unknown, path: readonly PropertyKey[]): void {
  let parent: unknown = root
  for (const step of path.slice(0, -1)) parent = typeof parent === 'object' && parent !== null ? (parent as Record<PropertyKey, unknown>)[step] : undefined
  const last = path.at(-1)
  if (typeof parent !== 'object' || parent === null || last === undefined) return
  if (Array.isArray(parent)) parent.splice(Number(last), 1)
  // A route needs a match; what stands in for a wrong one is never used.
  else if (last === 'match') (parent as Record<PropertyKey, unknown>)[last] = '/**'
  else delete (parent as Record<PropertyKey, unknown>)[last]
}
