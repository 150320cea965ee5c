// Texts that others wrote: what of them may be kept, what may be shown, and lists written as one text.
import { messageOf } from '../src/model/error.ts'

// Such texts reach logs, headers and terminals.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** Longest text that is kept of an instance, characters. */
const MAX_TEXT = 512
/** Longest tag, and longest value of metadata, characters: they may be routes, and a rule with many hosts is long. */
export const MAX_TAG = 2048

/** Whether it is a text of at most so many characters, none of them a control character. */
export function isText(value: unknown, longest: number = MAX_TEXT): value is string {
  return typeof value === 'string' && value.length <= longest && value.search(CONTROL) === -1
}

/** A text of unknown origin, fit for a log line: at most 200 characters, control characters replaced. */
export function printable(text: string | undefined): string {
  return (text ?? '').slice(0, 200).replace(CONTROL, ' ')
}

/** What an error says, fit for a log line. */
export function saidBy(error: unknown): string {
  return printable(messageOf(error))
}

/** The members of a list with commas between them, without the empty ones. */
export function commaList(text: string): readonly string[] {
  return text.split(',').map((member) => member.trim()).filter((member) => member !== '')
}

/** Tags written as one text with commas between them; what is no text is left as it is. */
export function tagsOf(value: unknown): unknown {
  return typeof value === 'string' ? commaList(value) : value
}
