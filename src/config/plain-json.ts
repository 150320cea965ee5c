// The quick way for JSON: some tens of times faster than the YAML reader, for tables of many thousand routes.

const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/** The value of a JSON object text, or undefined when it is not plain JSON, repeats a key or is too deep: the YAML reader then says why. */
export function plainJson(text: string, deepest: number): unknown {
  if (!/^\s*\{/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const counted = countKeys(value, deepest)
  return counted !== undefined && counted === keysWritten(text) ? value : undefined
}

/** `JSON.parse` keeps the last of two equal keys in silence, so what was written is counted against what is left. */
function keysWritten(text: string): number {
  let keys = 0
  for (const match of text.matchAll(STRING)) if (match[1] !== undefined) keys++
  return keys
}

function countKeys(value: unknown, depth: number): number | undefined {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === 0 || Object.hasOwn(value, '__proto__')) return undefined
  const children: unknown[] = Object.values(value)
  let keys = Array.isArray(value) ? 0 : children.length
  for (const child of children) {
    const inner = countKeys(child, depth - 1)
    if (inner === undefined) return undefined
    keys += inner
  }
  return keys
}
