// How it is worded what is wrong with tags: short enough to be read, whoever wrote however much into them.
import { shortened } from '../model/visible.ts'

/** Tags of which the reason is told, of those that make one route. */
const TOLD = 3
/** Characters of the reason of one tag, and of a tag as its name. */
const REASON = 300
const NAME = 100
/** Characters of the tags of one route together. One is never longer. */
const TAGS = 2048

/** What is wrong, and where: a tag, or a part of the route that was made of all. */
export interface Fault {
  readonly where: string
  readonly what: string
}

/** One reason for each tag, a line each, and how many more are wrong. */
export function reasonText(faults: readonly Fault[]): string {
  const first = new Map<string, string>()
  for (const { where, what } of faults) if (!first.has(where)) first.set(where, what)
  const lines = [...first].map(([where, what]) => `${where === '' ? '' : `${shortened(where, NAME)}: `}${shortened(what, REASON)}`)
  const rest = lines.length - TOLD
  return [...lines.slice(0, TOLD), ...(rest > 0 ? [`and ${rest} more ${rest === 1 ? 'is' : 'are'} wrong`] : [])].join('\n')
}

/** Tags that belong together, as one text. */
export function tagText(labels: readonly string[]): string {
  return shortened(labels.join(' '), TAGS)
}
