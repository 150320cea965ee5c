// The fields of a scanned head: names turned into their lower-cased keys without making a string of them, lines kept as they
// are where they may be. The few names that frame a message are marked.
import type { HeaderList } from '../../model/headers.ts'
import { classOf, MAX_KEPT_NAME, TRUST } from '../../proxy/header-class.ts'

/** Fields that the engine itself acts on. */
export const OTHER = 0
export const CONTENT_LENGTH = 1
export const TRANSFER_ENCODING = 2
export const HOST = 3
export const CONNECTION = 4
export const UPGRADE = 5
export const EXPECT = 6
export const KEEP_ALIVE = 7
/** Says who the client is or how it asked: the class TRUST. */
export const CLAIM = 10

export interface FieldName {
  readonly name: string
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
]
const KIND_OF = new Map(KINDS)

/** Names met so far by their hash, with open addressing. Names come from anybody: no search takes more than a few steps. */
const SLOTS = 4096
const STEPS = 8
const HASHES = new Int32Array(SLOTS)
const NAMES: (FieldName | undefined)[] = Array.from({ length: SLOTS }, () => undefined)

/**
 * The name at `text[from, to)`, which the scanner has found valid and whose hash it made. A map would need a string for it,
 * and look that up among all strings of the process first.
 */
export function fieldNameAt(text: string, from: number, to: number, hash: number): FieldName {
  for (let step = 0; step < STEPS; step++) {
    const slot = (hash + step) & (SLOTS - 1)
    const known = NAMES[slot]
    if (known === undefined) return remember(slot, text.slice(from, to), hash)
    if (HASHES[slot] === hash && known.name.length === to - from && text.startsWith(known.name, from)) return known
  }
  return fieldName(text.slice(from, to))
}

function remember(slot: number, name: string, hash: number): FieldName {
  if (name.length > MAX_KEPT_NAME) return fieldName(name)
  HASHES[slot] = hash
  return (NAMES[slot] = fieldName(name))
}

function fieldName(raw: string): FieldName {
  const own = raw.length > MAX_KEPT_NAME ? same : unique
  const key = own(raw.toLowerCase())
  return { name: own(raw), key, kind: KIND_OF.get(key) ?? (classOf(key) === TRUST ? CLAIM : OTHER) }
}

function same(text: string): string {
  return text
}

/** The same text as the one string that the engine keeps for it, as it does for names of properties: quick to compare and to look up, and no view that would keep the whole head it was cut from. */
export function unique(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text
}

/** Whether the field with this colon and end of line is `Name: value` as we would write it: one space, and no white space around the value. */
export function isPlainLine(text: string, colon: number, end: number): boolean {
  if (text.charCodeAt(colon + 1) !== 0x20 || end < colon + 2) return false
  return end === colon + 2 || (!isOws(text.charCodeAt(colon + 2)) && !isOws(text.charCodeAt(end - 1)))
}

/** Adds field `i` of a head to a list and tells its kind. `marks` are the scanner's, `base` is where `text` starts in them. */
export function takeField(headers: HeaderList, text: string, marks: Int32Array, i: number, base: number): number {
  const start = (marks[4 * i] as number) - base
  const colon = (marks[4 * i + 1] as number) - base
  const end = (marks[4 * i + 2] as number) - base
  const { name, key, kind } = fieldNameAt(text, start, colon, marks[4 * i + 3] as number)
  if (isPlainLine(text, colon, end)) headers.pushLine(key, text.slice(start, end + 2))
  else headers.push(name, key, cutValue(text, colon + 1, end))
  return kind
}

/** The value of field `i` of a head. */
export function valueOf(text: string, marks: Int32Array, i: number, base: number): string {
  return cutValue(text, (marks[4 * i + 1] as number) + 1 - base, (marks[4 * i + 2] as number) - base)
}

/** Whether the value of field `i` of a head is this one, written plainly. To cut it out for that would take longer. */
export function isValue(text: string, marks: Int32Array, i: number, base: number, value: string): boolean {
  const from = (marks[4 * i + 1] as number) + 2 - base
  return (marks[4 * i + 2] as number) - base - from === value.length && text.charCodeAt(from - 1) === 0x20 && text.startsWith(value, from)
}

/** Strips optional white space (SP and HTAB only, RFC 9110 section 5.6.3) while cutting a value out of a head. */
function cutValue(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isOws(text.charCodeAt(start))) start++
  while (end > start && isOws(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 9
}
