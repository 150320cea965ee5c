// Weights in tags: `fairlead.route.weight=5%` and `urlprefix-/foo weight=0.05`. They are kept by changing the weights of the
// endpoints, so that a canary that is unhealthy or gone leaves its share to the others at once.
import { isInService, labelsOf, type EndpointSet } from '../model/endpoint.ts'

/** Digits of a weight: enough for hundredths of a percent, and none that only a computer's division makes. */
const DIGITS = 6

/** What one instance asks for: `own` for itself (Fabio), or `group` for all that carry the same text together. */
export type Wish = { readonly kind: 'own' | 'group'; readonly share: number; readonly text: string }

/** The same set with the weights that its tags ask for; the very same when they ask for none. */
export function reweigh(set: EndpointSet): EndpointSet {
  if (set.kind !== 'ready' && set.kind !== 'stale') return set
  const wishes = set.endpoints.map((endpoint) => wishIn(labelsOf(endpoint)))
  if (wishes.every((wish) => wish === undefined)) return set
  // Those that leave are weighed among themselves: no requests are taken from who stays, and where nobody does, theirs go by the same shares.
  const [staying = [], leaving = []] = [false, true].map((draining) =>
    weightsOf(set.endpoints.map((endpoint, i) => ({ wish: wishes[i], weight: endpoint.weight, usable: endpoint.draining === draining && isInService({ ...endpoint, draining: false }) }))),
  )
  const endpoints = set.endpoints.map((endpoint, i) => ({ ...endpoint, weight: (endpoint.draining ? leaving : staying)[i] ?? 0 }))
  // Its age may be a getter that moves on.
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(set), endpoints: { value: endpoints, enumerable: true } }) as EndpointSet
}

/** The share that a label asks for, 0 to 1; undefined when it asks for none. */
export function shareIn(label: string): { readonly kind: 'own' | 'group'; readonly share: number } | undefined {
  const percent = /^fairlead\.route(?:s\.[^.=]+)?\.weight=(\d{1,3}(?:\.\d{1,2})?)%$/.exec(label)?.[1]
  if (percent !== undefined) return { kind: 'group', share: Math.min(1, Number(percent) / 100) }
  const fraction = /^\s*urlprefix-\S+(?:\s.*)?\sweight=(0?\.\d{1,6}|[01](?:\.\d{1,6})?)(?:\s|$)/.exec(label)?.[1]
  // Fabio takes 0 for no weight.
  return fraction === undefined || Number(fraction) === 0 ? undefined : { kind: 'own', share: Math.min(1, Number(fraction)) }
}

/** What the labels of an instance ask for. Of several that do the first in the order of their texts: the order of tags means nothing. */
export function wishIn(labels: readonly string[]): Wish | undefined {
  let wish: Wish | undefined
  for (const text of labels) {
    if (wish !== undefined && wish.text < text) continue
    const found = shareIn(text)
    if (found !== undefined) wish = { ...found, text }
  }
  return wish
}

interface Weighed {
  readonly wish: Wish | undefined
  readonly weight: number
  readonly usable: boolean
}

/** Shares of all that the registry gives to those that may be used: another one whose endpoints are merged with these keeps what is its own. */
function weightsOf(all: readonly Weighed[]): readonly number[] {
  const total = all.reduce((sum, { weight, usable }) => sum + (usable ? weight : 0), 0)
  return sharesOf(all).map((share) => Number((share * (total === 0 ? 1 : total)).toPrecision(DIGITS)))
}

/** Fixed shares are scaled down when they come to more than everything, and up when nothing else is there; the rest goes by registry weights. */
function sharesOf(all: readonly Weighed[]): readonly number[] {
  const groups = new Map<string, number>()
  for (const { wish, usable } of all) if (usable && wish?.kind === 'group') groups.set(wish.text, (groups.get(wish.text) ?? 0) + 1)
  const fixed = all.map(({ wish, usable }) => (wish === undefined || !usable ? undefined : wish.kind === 'own' ? wish.share : wish.share / (groups.get(wish.text) ?? 1)))
  const sum = fixed.reduce<number>((total, share) => total + (share ?? 0), 0)
  const rest = all.reduce((total, { weight, usable, wish }) => total + (usable && wish === undefined ? weight : 0), 0)
  const scale = sum > 1 || (rest === 0 && sum > 0) ? 1 / sum : 1
  const left = Math.max(0, 1 - sum)
  return all.map(({ weight, usable, wish }, i) => {
    if (wish !== undefined) return (fixed[i] ?? 0) * scale
    return usable && rest > 0 ? (left * weight) / rest : 0
  })
}
