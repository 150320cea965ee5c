// What a gateway says of itself in Redis: which version it runs and what it did with the last one it saw. A publisher reads it.

/** The key lives this long, in seconds; a gateway that dies is forgotten after it. */
export const ACK_TTL = 60
/** Written again before this is over, in milliseconds. */
export const ACK_RENEW = 20_000

/** One gateway's word. Versions are 0 for none, or for a table that did not come as a version. */
export interface Ack {
  readonly gateway: string
  /** The version last offered to it, and its hash. */
  readonly version: number
  readonly sha256: string
  /** What it did with that; `waiting` before the first. */
  readonly status: 'applied' | 'rejected' | 'waiting'
  /** Why it rejected; empty otherwise. */
  readonly error: string
  /** The version it runs, of `epoch`; 0 when what it runs is none. */
  readonly running: number
  readonly epoch: string
  /** Milliseconds since the epoch by the gateway's clock; shown, never compared. */
  readonly at: number
}

export function formatAck(ack: Ack): string {
  return JSON.stringify({ ...ack, error: ack.error.slice(0, 4000) })
}

/** An acknowledgement read back; undefined for anything that is none. The gateway's name comes from its key. */
export function parseAck(gateway: string, text: string): Ack | undefined {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof data !== 'object' || data === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(data))
  const status = fields.get('status')
  if (status !== 'applied' && status !== 'rejected' && status !== 'waiting') return undefined
  return {
    gateway: textOf(gateway, 200),
    version: countOf(fields.get('version')),
    sha256: textOf(fields.get('sha256'), 64),
    status,
    error: textOf(fields.get('error'), 4000),
    running: countOf(fields.get('running')),
    epoch: textOf(fields.get('epoch'), 100),
    at: countOf(fields.get('at')),
  }
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

/** These are printed on a terminal: bounded, and without control characters except the line end. */
function textOf(value: unknown, length: number): string {
  return typeof value === 'string' ? value.slice(0, length).replaceAll(/[^\P{Cc}\n]/gu, ' ') : ''
}
