// Reading JSON that a registry wrote, without believing its types.

/** The value of a JSON text; undefined for what is none, such as a page of HTML. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value as an object, undefined for anything else. */
export function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
}

/** The objects in a list; none for what is no list. */
export function recordsOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf).filter((each) => each !== undefined) : []
}

/** A text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A whole number from 0. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** Deeper values are taken for different. */
const DEEPEST = 16

/** Whether two values of JSON are equal, whatever the order of keys. */
export function isSameJson(a: unknown, b: unknown, depth: number = 0): boolean {
  if (a === b) return true
  if (depth > DEEPEST || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && isSameList(a, b, depth + 1)
  return isSameRecord(a as Record<string, unknown>, b as Record<string, unknown>, depth + 1)
}

function isSameList(a: readonly unknown[], b: readonly unknown[], depth: number): boolean {
  for (let i = 0; i < a.length; i++) if (!isSameJson(a[i], b[i], depth)) return false
  return true
}

// Without lists of keys: hundreds of records are compared for each change of a large registry, and the lists were a quarter of all its garbage.
function isSameRecord(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>, depth: number): boolean {
  let more = 0
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !isSameJson(a[key], b[key], depth)) return false
    more++
  }
  for (const _ in b) more--
  return more === 0
}
