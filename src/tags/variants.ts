// The routes of one service out of the tags of its instances: instances that say the same are one, and where they differ the
// greater number wins.
import type { LabelSet } from '../model/service-config.ts'
import type { RefusedTag, TaggedInstance, TaggedService } from '../model/tagged.ts'
import type { CheckedDraft } from './check-draft.ts'
import type { Draft, Refusal } from './dialect.ts'
import { tagText } from './wording.ts'

/** What the tags of one instance come to. */
export interface InstanceReading {
  readonly drafts: readonly Draft[]
  readonly refused: readonly Refusal[]
}

/** How tags are read and drafts checked; both are remembered between two assemblies. */
export interface Reading {
  read(service: TaggedService, instance: TaggedInstance): InstanceReading
  check(draft: Draft): CheckedDraft | { readonly reason: string }
}

/** One route of one service, as the instances agree on it. */
export interface Entry {
  readonly service: TaggedService
  readonly draft: Draft
  readonly checked: CheckedDraft
  /** Undefined when every instance of the service carries it. */
  readonly labels: readonly LabelSet[] | undefined
  /** Some instance asks for a share of the requests. */
  readonly weighted: boolean
  /** The instances that carry it. */
  readonly instances: readonly TaggedInstance[]
}

interface Variant {
  readonly text: string
  readonly draft: Draft
  readonly instances: TaggedInstance[]
  readonly labels: Map<string, readonly string[]>
  readonly notes: Map<string, TaggedInstance[]>
  weighted: boolean
}

/** Routes of one service; more are refused. */
const MAX_ROUTES = 128

/** Reads one service. What is refused is told to `refuse`. */
export function readService(service: TaggedService, reading: Reading, refuse: (refused: RefusedTag) => void): readonly Entry[] {
  const byKey = new Map<string, Map<string, Variant>>()
  const refusals = new Map<string, Refusal & { readonly instances: TaggedInstance[] }>()
  const tell = (tag: string, reason: string, instances: readonly TaggedInstance[], kind: RefusedTag['kind']): void =>
    refuse({ registry: service.registry, service: service.name, instances: instances.slice(0, 10).map(({ id }) => id), count: instances.length, tag, reason, kind })
  for (const instance of [...service.instances].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { drafts, refused } = reading.read(service, instance)
    for (const draft of drafts) addTo(byKey, draft, instance)
    for (const one of refused) {
      const { tag, reason } = one
      const known = refusals.get(`${tag}\n${reason}`) ?? { ...one, instances: [] }
      addOnce(known.instances, instance)
      refusals.set(`${tag}\n${reason}`, known)
    }
  }
  for (const { tag, reason, instances, kind = 'refused' } of refusals.values()) tell(tag, reason, instances, kind)
  const entries = [...byKey.keys()].sort().flatMap((key) => chosen(service, [...(byKey.get(key)?.values() ?? [])], reading, tell))
  for (const entry of entries.slice(MAX_ROUTES)) tell(tagText(entry.draft.labels), `the service has more than ${MAX_ROUTES} routes`, service.instances, 'refused')
  return entries.slice(0, MAX_ROUTES)
}

function addTo(byKey: Map<string, Map<string, Variant>>, draft: Draft, instance: TaggedInstance): void {
  const key = `${draft.dialect} ${draft.key}`
  const variants = byKey.get(key) ?? new Map<string, Variant>()
  byKey.set(key, variants)
  const text = JSON.stringify([draft.routes, draft.service, draft.rulePriority?.written])
  const variant: Variant = variants.get(text) ?? { text, draft, instances: [], labels: new Map(), notes: new Map(), weighted: false }
  variants.set(text, variant)
  addOnce(variant.instances, instance)
  variant.labels.set(JSON.stringify(draft.labels), draft.labels)
  variant.weighted ||= draft.weighted
  for (const note of draft.notes) {
    const known = variant.notes.get(note) ?? []
    addOnce(known, instance)
    variant.notes.set(note, known)
  }
}

/** They come one after the other: one that says the same twice is the last there. */
function addOnce(instances: TaggedInstance[], instance: TaggedInstance): void {
  if (instances.at(-1) !== instance) instances.push(instance)
}

type Tell = (tag: string, reason: string, instances: readonly TaggedInstance[], kind: RefusedTag['kind']) => void

function chosen(service: TaggedService, variants: readonly Variant[], reading: Reading, tell: Tell): readonly Entry[] {
  const good: { readonly variant: Variant; readonly checked: CheckedDraft }[] = []
  for (const variant of variants) {
    const checked = reading.check(variant.draft)
    if ('reason' in checked) tell(tagText(variant.draft.labels), checked.reason, variant.instances, 'refused')
    else good.push({ variant, checked })
  }
  const [winner, ...others] = good.sort((a, b) => weigh(b.variant) - weigh(a.variant) || b.variant.instances.length - a.variant.instances.length || (a.variant.text < b.variant.text ? -1 : 1))
  if (winner === undefined) return []
  const { variant, checked } = winner
  for (const other of others) tell(tagText(other.variant.draft.labels), `differs from what ${variant.instances.length} ${variant.instances.length === 1 ? 'instance' : 'instances'} of the service say, which count; these get no requests by this route`, other.variant.instances, 'refused')
  for (const [note, instances] of variant.notes) tell(tagText(variant.draft.labels), note, instances, 'note')
  const rest = variants.filter((each) => each !== variant)
  const labels = variant.instances.length === service.instances.length ? undefined : [...variant.labels.values()].map((all): LabelSet => ({ all, none: telling(all, rest) }))
  return [{ service, draft: variant.draft, checked, labels, weighted: variant.weighted, instances: variant.instances }]
}

function weigh(variant: Variant): number {
  return variant.instances.filter(({ usable }) => usable).length
}

/** Labels of other variants by which an instance of theirs is told from one of this. */
function telling(all: readonly string[], others: readonly Variant[]): readonly string[] {
  const labels = others.flatMap((other) => [...other.labels.values()]).filter((each) => all.every((label) => each.includes(label)))
  return [...new Set(labels.flatMap((each) => each.filter((label) => !all.includes(label))))].sort()
}
