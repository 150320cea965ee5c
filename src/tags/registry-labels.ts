// Labels of ours that make no route: where a registry has no fields for weight, zone, tags and metadata, they say these. Elsewhere nobody
// reads them, and who wrote them must hear that: a canary with `fairlead.weight=5%` would get its full share.
import type { Refusal } from './dialect.ts'

const LABEL = /^(?<key>fairlead\.(?<what>weight|zone|tags|meta)(?:\.[^=]*)?)=(?<value>.*)$/s

/** What each would say. */
const WHAT: ReadonlyMap<string, string> = new Map([['weight', 'weights'], ['zone', 'zones'], ['tags', 'tags'], ['meta', 'metadata']])

/** Whether a label is one of these. */
export function isRegistryLabel(label: string): boolean {
  return LABEL.test(label)
}

/** Notes on those that the registry of the service gives no meaning; `meant` are the keys that it does. */
export function notesOn(labels: readonly string[], registry: string, meant: readonly string[]): readonly Refusal[] {
  return labels.flatMap((tag): readonly Refusal[] => {
    const { key = '', what = '', value = '' } = LABEL.exec(tag)?.groups ?? {}
    if (key === '' || meant.includes(key)) return []
    const share = /^\d{1,3}(?:\.\d{1,2})?%$/.test(value) ? value : '5%'
    return [{ tag, reason: `means nothing in ${registry}, where ${WHAT.get(what) ?? ''} are said otherwise${what === 'weight' ? `; for a share of the requests write fairlead.route.weight=${share}` : ''}`, kind: 'note' }]
  })
}
