// Labels of an app as tags, metadata and a weight of its tasks. Marathon labels are texts that many tools write, load balancer
// templates among them: what is no metadata is left out once for the app, not for each of its tasks.
import type { Rejection } from '../../src/model/discoverer.ts'
import { recordOf } from '../json.ts'
import { commaList, isText, MAX_TAG } from '../text.ts'

/** Which labels have a meaning. */
export interface LabelNames {
  readonly weightLabel: string
  readonly tagsLabel: string
}

/** What labels say of every task. */
export interface Labels {
  readonly weight?: number
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  /** What was left out of them. */
  readonly notes: readonly Rejection[]
}

/** Reads them. */
export function readLabels(id: string, labels: unknown, names: LabelNames): Labels {
  const all = new Map(Object.entries(recordOf(labels) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  const usable = [...all].filter(([name, value]) => isText(name) && isText(value, MAX_TAG))
  const notes: Rejection[] = usable.length < all.size ? [{ id, reason: `${all.size - usable.length} of its labels are too long for metadata or have control characters, and are left out` }] : []
  const written = all.get(names.weightLabel)
  const weight = written === undefined ? undefined : weightOf(written)
  if (written !== undefined && weight === undefined) notes.push({ id, reason: `its label ${names.weightLabel} is not a number from 0 to 65535; 1 is used` })
  // Without a prototype, so that a label `__proto__` is a label like any other.
  const meta = Object.create(null) as Record<string, string>
  for (const [name, value] of usable) meta[name] = value
  const tags = commaList(all.get(names.tagsLabel) ?? '')
  return { tags, meta, notes, ...(weight === undefined ? {} : { weight }) }
}

function weightOf(text: string): number | undefined {
  const weight = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : Number.NaN
  return weight <= 65_535 ? weight : undefined
}
