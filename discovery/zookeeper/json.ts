// Looking into the data of a node, which may be anything.
import { recordOf } from '../json.ts'

/** The data as JSON; undefined when they are none. */
export function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch {
    return undefined
  }
}

/** A field of the value, never one that it inherits. */
export function fieldOf(value: unknown, key: string): unknown {
  const record = recordOf(value)
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
