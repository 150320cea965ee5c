// Looking into the data of a node, which may be anything.

/** The data as JSON; undefined when they are none. */
export function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch {
    return undefined
  }
}

/** The value as an object with fields, unless it is none. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
}

/** A field of the value, never one that it inherits. */
export function fieldOf(value: unknown, key: string): unknown {
  const record = recordOf(value)
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
