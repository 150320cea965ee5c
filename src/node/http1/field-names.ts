// Header names as received, turned into their lower-cased keys with one look-up; the few that frame a message are marked.

/** Fields that the engine itself acts on. */
const OTHER = 0
export const CONTENT_LENGTH = 1
export const TRANSFER_ENCODING = 2
export const HOST = 3
export const CONNECTION = 4
export const UPGRADE = 5
export const EXPECT = 6
export const KEEP_ALIVE = 7
const WEBSOCKET_KEY = 8
const WEBSOCKET_VERSION = 9
export const FORWARDED_FOR = 10

export interface FieldName {
  readonly key: string
  readonly kind: number
}

const KINDS: readonly (readonly [string, number])[] = [
  ['content-length', CONTENT_LENGTH],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['host', HOST],
  ['connection', CONNECTION],
  ['upgrade', UPGRADE],
  ['expect', EXPECT],
  ['keep-alive', KEEP_ALIVE],
  ['sec-websocket-key', WEBSOCKET_KEY],
  ['sec-websocket-version', WEBSOCKET_VERSION],
  ['x-forwarded-for', FORWARDED_FOR],
  ['forwarded', FORWARDED_FOR],
]
const KIND_OF = new Map(KINDS)
const NAMES = new Map<string, FieldName>()
/** Bounded, since names come from anybody. */
const MAX_CACHED = 2048

/** The key and kind of a name that the scanner has found valid. */
export function fieldName(raw: string): FieldName {
  const known = NAMES.get(raw)
  if (known !== undefined) return known
  const key = raw.toLowerCase()
  const made = { key, kind: KIND_OF.get(key) ?? OTHER }
  if (NAMES.size < MAX_CACHED) NAMES.set(raw, made)
  return made
}

/** Strips optional white space (SP and HTAB only, RFC 9110 section 5.6.3) while cutting a value out of a head. */
export function cutValue(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isOws(text.charCodeAt(start))) start++
  while (end > start && isOws(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 9
}
