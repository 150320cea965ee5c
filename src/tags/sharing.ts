// Which service has a match, which others share its requests, and how much of them. Whoever registers a service can write any host into its
// tags, so a service that did not agree to share keeps at least half, whatever the others ask for.
import type { RefusedTag } from '../model/tagged.ts'
import type { CheckedDraft } from './check-draft.ts'
import { destinationWeights } from './split.ts'
import type { Entry } from './variants.ts'
import { shareIn } from './weights.ts'
import { tagText } from './wording.ts'

/** Entries that one route serves, the one that has it first: usually one; several when services share it. */
export type Shared = readonly [Entry, ...Entry[]]

type Refuse = (tag: RefusedTag) => void

/**
 * One holder for each match: the first in the order of precedence that does not ask for a share of it, or not with all its instances; who is listed no
 * more comes last. The others share it, or are refused.
 */
export function byMatch(entries: readonly Entry[], refuse: Refuse): readonly Shared[] {
  return [...Map.groupBy(entries, ({ checked }) => matchKey(checked)).values()].flatMap((all) => {
    const claims = all.toSorted((a, b) => Number(a.service.unlisted) - Number(b.service.unlisted))
    const [holder] = claims.toSorted(byPrecedence)
    if (holder === undefined) return []
    const shared: [Entry, ...Entry[]] = [holder]
    for (const entry of claims) {
      if (entry === holder) continue
      if (mayShare(shared, entry)) shared.push(entry)
      else refuse(taken(entry, holder))
    }
    return [shared]
  })
}

/** Orders those that have a match in common, where the order of registries and names does not: who asks for a share comes after who does not. */
export function byPrecedence(a: Entry, b: Entry): number {
  const asking = (entry: Entry): number => (!entry.weighted ? 0 : asksWhole(entry) ? 2 : 1)
  return asking(a) - asking(b) || Number(a.service.unlisted) - Number(b.service.unlisted)
}

/** The entries of each service, with its share of the requests. */
export interface Portion {
  readonly group: readonly Entry[]
  readonly weight: number
}

/** How the services share the requests. Who has the route is told of those that did not ask. */
export function portionsOf(shared: Shared, refuse: Refuse): readonly Portion[] {
  const [holder] = shared
  const groups = [...Map.groupBy(shared, ({ service }) => service.name).values()]
  if (groups.length === 1) return groups.map((group) => ({ group, weight: 1 }))
  const own = groups[0] ?? []
  const others = shared.filter((entry) => !own.includes(entry))
  const agreed = agrees(own)
  const { weights, capped } = destinationWeights(groups.map((group) => group.flatMap(({ instances }) => instances)), !agreed)
  if (!agreed) {
    const names = [...new Set(others.map(nameOf))].join(' and ')
    refuse(told(holder, `${names} asked for a share of this route by a weight; others get half of its requests at most, until every instance here has a weight`, 'note'))
  }
  if (capped) for (const entry of others) refuse(told(entry, `of the requests of ${nameOf(holder)}, which has this route, others get half at most, until all its instances have a weight`, 'note'))
  return groups.map((group, i) => ({ group, weight: weights[i] ?? 0 }))
}

/** An entry that got no route, since another has it. */
export function taken(entry: Entry, holder: Entry): RefusedTag {
  return told(entry, `${ownerOf(holder, entry)} has the same match and comes first`, 'refused')
}

/** Who stands in the way of an entry, for its owner. */
export function ownerOf(holder: Entry, { service }: Entry): string {
  return holder.service === service ? 'another tag of this service' : nameOf(holder)
}

/** Whether what is routed goes to a service. */
export function forwards({ routes }: CheckedDraft): boolean {
  return routes.some(({ action }) => action.kind === 'forward')
}

function matchKey({ routes }: CheckedDraft): string {
  return JSON.stringify(routes.map(({ match, priority }) => [match, priority]))
}

/** Whether it asks for a share, or each shares with each (Fabio), and does the same with a request. */
function mayShare(sharing: Shared, entry: Entry): boolean {
  const [holder] = sharing
  // One service in several registries is one service.
  const same = holder.service.name === entry.service.name
  const asks = same ? sharing.every(({ service }) => service.ref !== entry.service.ref) || [holder, entry].some(({ weighted, draft }) => weighted || draft.shared) : entry.weighted || (entry.draft.shared && holder.draft.shared)
  return asks && behaviour(holder.checked) === behaviour(entry.checked) && forwards(holder.checked)
}

/** Whether a service leaves it to the others how much they take: Fabio's tags do, and weights on all instances. */
function agrees(group: readonly Entry[]): boolean {
  return group.every((entry) => entry.draft.shared || asksWhole(entry))
}

function asksWhole({ instances }: Entry): boolean {
  return instances.every(({ labels }) => labels.some((label) => shareIn(label) !== undefined))
}

/** `words in consul`. */
export function nameOf({ service }: Entry): string {
  return `${service.name} in ${service.registry}`
}

function behaviour({ routes, service }: CheckedDraft): string {
  return JSON.stringify([routes.map((route) => ({ ...route, name: '' })), service])
}

/** A tag of which something is said, with its owner. */
export function told({ service, draft, instances }: Entry, reason: string, kind: RefusedTag['kind']): RefusedTag {
  return { registry: service.registry, service: service.name, instances: instances.slice(0, 10).map(({ id }) => id), count: instances.length, tag: tagText(draft.labels), reason, kind }
}
