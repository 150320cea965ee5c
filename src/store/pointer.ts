// The pointer: the one small value in Redis that says which version of the table is in force. Whoever can write Redis can
// write anything into it, so it is read as hostile text.

/** The newest layout this reader understands. */
export const SCHEMA = 2

export interface Pointer {
  /** From 1; grows inside one epoch. */
  readonly version: number
  /** Names one unbroken history; a flushed or restored store gets another. */
  readonly epoch: string
  /** Of the blob as stored, 64 hex digits. */
  readonly sha256: string
  /** Length of the blob as stored. */
  readonly bytes: number
  readonly schema: number
  /** The writer means to go back to a lower version of the same epoch. */
  readonly rollback: boolean
  /** ISO time by the writer's clock; shown, never compared. */
  readonly writtenAt: string
  readonly by: string
}

/** A pointer, or one sentence that says what is wrong with it. */
export function parsePointer(text: string): Pointer | string {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return 'it is not a JSON object'
  const fields = new Map<string, unknown>(Object.entries(data))
  const version = fields.get('version')
  const epoch = fields.get('epoch')
  const sha256 = fields.get('sha256')
  const bytes = fields.get('bytes')
  const schema = fields.get('schema') ?? SCHEMA
  if (!isCount(version) || version < 1) return '"version" must be a whole number from 1'
  if (typeof epoch !== 'string' || epoch === '' || epoch.length > 100) return '"epoch" must be a text of 1 to 100 characters'
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return '"sha256" must be 64 lower-case hex digits'
  if (!isCount(bytes)) return '"bytes" must be a whole number'
  if (!isCount(schema)) return '"schema" must be a whole number'
  if (schema > SCHEMA) return `"schema" is ${schema} and this gateway reads up to ${SCHEMA}: upgrade the gateway, or publish with an older fairlead`
  return {
    version,
    epoch,
    sha256,
    bytes,
    schema,
    rollback: fields.get('rollback') === true,
    writtenAt: shortText(fields.get('writtenAt')),
    by: shortText(fields.get('by')),
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** These reach logs: bounded, and without control characters. */
function shortText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200).replaceAll(/\p{Cc}/gu, ' ') : ''
}
