// Routes that have only a part of their matches in common: each host and path is whose it is first, and who does not get it is told.
import type { MatchConfig, PathPattern } from '../model/match-config.ts'
import type { RefusedTag } from '../model/tagged.ts'
import { hostText } from '../route/host.ts'
import { pathText } from '../route/path.ts'
import { byPrecedence, ownerOf, told, type Shared } from './sharing.ts'
import type { Entry } from './variants.ts'

/** Places that a note names. */
const NAMED = 3

/** One host and one path of a match, with what else it asks for. */
interface Place {
  /** Equal for those that match the very same requests. */
  readonly key: string
  readonly text: string
}

/**
 * The routes in the order in which they are declared. One that loses a part to others stands behind all that lose nothing, so that the table does not change
 * with what overlaps with nothing; one that loses every part is refused.
 */
export function declared(all: readonly Shared[], refuse: (tag: RefusedTag) => void): readonly Shared[] {
  const holders = new Map<string, Entry>()
  const behind: Shared[] = []
  const out = new Set<Shared>()
  for (const shared of all.toSorted(([a], [b]) => byPrecedence(a, b))) {
    const [entry] = shared
    const places = placesOf(entry)
    const lost = places.flatMap((place) => {
      const holder = holders.get(place.key)
      return holder === undefined ? [] : [{ place, holder }]
    })
    for (const { key } of places) if (!holders.has(key)) holders.set(key, entry)
    if (lost.length === 0) continue
    out.add(shared)
    const isLost = lost.length === places.length
    for (const each of shared) refuse(told(each, isLost ? `${ownersOf(each, lost)} the same match and comes first` : partText(each, lost), isLost ? 'refused' : 'note'))
    if (!isLost) behind.push(shared)
  }
  return [...all.filter((shared) => !out.has(shared)), ...behind]
}

interface Lost {
  readonly place: Place
  readonly holder: Entry
}

function partText(entry: Entry, lost: readonly Lost[]): string {
  const texts = [...new Set(lost.map(({ place }) => place.text))]
  const places = `${texts.slice(0, NAMED).join(', ')}${texts.length > NAMED ? ` and ${texts.length - NAMED} more` : ''}`
  return `${ownersOf(entry, lost)} ${places} too and comes first, so those requests go there, and the others here${entry.weighted ? '; a weight shares only a route of the very same matches' : ''}`
}

/** `words in consul has`, `words in consul and shop in consul have`. */
function ownersOf(entry: Entry, lost: readonly Lost[]): string {
  const owners = [...new Set(lost.map(({ holder }) => ownerOf(holder, entry)))]
  return `${owners.slice(0, NAMED).join(' and ')}${owners.length > NAMED ? ` and ${owners.length - NAMED} more` : ''} ${owners.length > 1 ? 'have' : 'has'}`
}

/** Each place once. */
function placesOf({ checked }: Entry): readonly Place[] {
  const places = checked.routes.flatMap(({ match, priority }) => match.flatMap(spread).map(({ key, text }): Place => ({ key: `${priority} ${key}`, text })))
  return [...new Map(places.map((place) => [place.key, place])).values()]
}

const spreads = new WeakMap<MatchConfig, readonly Place[]>()

/** As compiling spreads an alternative into entries. */
function spread(match: MatchConfig): readonly Place[] {
  const known = spreads.get(match) ?? makeSpread(match)
  spreads.set(match, known)
  return known
}

function makeSpread({ host: hosts = [], path: paths = [], ...rest }: MatchConfig): readonly Place[] {
  const conditions = JSON.stringify(rest)
  const also = Object.keys(rest).length === 0 ? '' : ` (with ${Object.keys(rest).join(', ')})`
  return (hosts.length === 0 ? [undefined] : hosts).flatMap((host) =>
    (paths.length === 0 ? [undefined] : paths).map((path): Place => {
      const place = `${host === undefined ? '' : hostText(host)}${path === undefined ? (host === undefined ? '' : '/**') : pathText(path)}`
      return { key: JSON.stringify([host, path === undefined ? undefined : withoutNames(path), conditions]), text: `${place === '' ? 'everything' : place}${also}` }
    }),
  )
}

/** What a parameter is called changes nothing of what is matched. */
function withoutNames(path: PathPattern): PathPattern {
  return path.kind === 'regex' ? path : { ...path, segments: path.segments.map((segment) => (segment.kind === 'param' ? { kind: 'param', name: '' } : segment)) }
}
