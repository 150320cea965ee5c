// The contract of an access log format, and the escaping that all of them need: what a client sent must neither end a line
// nor reach a terminal as a control sequence.
import type { AccessRecord } from '../model/access.ts'

export interface AccessFormat {
  /** The word in `accessLog.format`. */
  readonly name: string
  /** What a line holds, for the description of `accessLog.format`. */
  readonly doc: string
  /** One record as one line, with its line feed. */
  format(access: AccessRecord): string
}

// Control characters (C0, DEL and C1), quote and backslash, line and paragraph separators, marks that turn the direction
// of text, and halves of surrogate pairs, which no encoder takes.
// oxlint-disable-next-line no-control-regex -- control characters are what this is for
const UNSAFE = /[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]/
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu')

/** Safe between the quotes of a JSON string. */
export function escapeJson(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, unicodeEscape) : text
}

/** Safe between quotes in a log line for people and old tools: `\x0a` for bytes, as nginx and Apache write it. */
export function escapeQuoted(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_ALL, byteEscape) : text
}

function unicodeEscape(character: string): string {
  return character === '"' || character === '\\' ? `\\${character}` : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function byteEscape(character: string): string {
  const code = character.charCodeAt(0)
  if (character === '"' || character === '\\') return `\\${character}`
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
}
