// Labels that were too long or too many to take in. What is left of them says only that they were there: a route of which a part is
// missing might be more open than its owner wrote it, so none is made.
import { ANY_LABEL } from '../model/endpoint.ts'
import type { Dialect, Refusal } from './dialect.ts'
import type { InstanceReading } from './variants.ts'
import { tagText } from './wording.ts'

/** No label has it: they are admitted without control characters. */
const MARK = '\u0000'

/** A label of which only the beginning is known. */
export function cutLabel(beginning: string): string {
  return MARK + beginning
}

/** The beginnings among labels that a dialect speaks. */
export function cutIn(labels: readonly string[], dialect: Dialect): readonly string[] {
  const cut = labels.flatMap((label) => (label.startsWith(MARK) ? [label.slice(MARK.length)] : []))
  return cut.filter((beginning) => beginning === ANY_LABEL || dialect.speaks(beginning))
}

/** What is left of a reading when these labels were left out. */
export function withoutCut(reading: InstanceReading, cut: readonly string[], dialect: Dialect): InstanceReading {
  const refused = cut.map((tag): Refusal => ({ tag: `${tag}…`, reason: 'is over 2048 characters long, one of over 128, or has control characters, and was left out' }))
  if (dialect.selfContained === true) return { drafts: reading.drafts, refused: [...reading.refused, ...refused] }
  const open = reading.drafts.map(({ labels }): Refusal => ({ tag: tagText(labels), reason: `a tag beside it was left out (${cut[0] ?? ''}…), without which the route might be more open than it was written` }))
  return { drafts: [], refused: [...reading.refused, ...refused, ...open] }
}
