// Finds, for an entry, the entries whose host and path accept everything that its own accept. Entries are looked up by host
// and by the shape of their path (which segments are literal), so that a hundred thousand routes are not compared in pairs.
import type { HostPattern, PathPattern } from '../model/match-config.ts'
import type { Entry } from '../model/route.ts'
import { hostText } from './host.ts'
import { pathStanding } from './path.ts'

type Template = Extract<PathPattern, { kind: 'template' }>

/** Entries of one host and one shape of path, by their literal segments. */
interface Shape {
  readonly sample: PathPattern | undefined
  readonly byText: Map<string, Entry[]>
}

/** Entries by host, then by shape, then by the literals of the path; each bucket in order of rank. */
export class CoverIndex {
  readonly #hosts = new Map<string, Map<string, Shape>>()

  /** `entries` in order of rank. */
  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      const shapes = getOr(this.#hosts, hostKey(entry.host), () => new Map<string, Shape>())
      const shape = getOr(shapes, shapeKey(entry.path), () => ({ sample: entry.path, byText: new Map() }))
      getOr(shape.byText, textKey(entry.path), (): Entry[] => []).push(entry)
    }
  }

  /** Buckets of entries with a host and a path that are the same or wider, this entry's own among them. */
  *covering(entry: Entry): IterableIterator<readonly Entry[]> {
    for (const host of widerHosts(entry.host)) {
      for (const shape of this.#hosts.get(host)?.values() ?? []) {
        const text = widerText(entry.path, shape.sample)
        const bucket = text === undefined ? undefined : shape.byText.get(text)
        if (bucket !== undefined) yield bucket
      }
    }
  }

  /** Entries with the same host and, but for the names of parameters, the same path. */
  same(entry: Entry): readonly Entry[] {
    return this.#hosts.get(hostKey(entry.host))?.get(shapeKey(entry.path))?.byText.get(textKey(entry.path)) ?? []
  }
}

const ANY_HOST = ''

function hostKey(host: HostPattern | undefined): string {
  return host === undefined ? ANY_HOST : hostText(host)
}

/** Keys of the hosts that accept whatever `host` accepts. */
function widerHosts(host: HostPattern | undefined): readonly string[] {
  if (host === undefined) return [ANY_HOST]
  const keys = [hostText(host), ANY_HOST]
  if (host.kind === 'regex') return keys
  const text = host.kind === 'exact' ? host.host : host.suffix
  for (let dot = text.indexOf('.'); dot >= 0; dot = text.indexOf('.', dot + 1)) keys.push(`*${text.slice(dot)}`)
  return keys
}

/** Which segments are literal, and how the path ends; two exact paths of equal length have the same shape. */
function shapeKey(path: PathPattern | undefined): string {
  return path?.kind === 'template' ? `${pathStanding(path)} ${path.segments.length}` : pathStanding(path)
}

/** The texts of a path that its shape leaves open. */
function textKey(path: PathPattern | undefined): string {
  if (path === undefined) return ''
  return path.kind === 'regex' ? path.pattern : literals(path, path)
}

/** Texts of `path` where `shape` has literals. */
function literals(path: Template, shape: Template): string {
  return path.segments.filter((_, i) => shape.segments[i]?.kind === 'literal').map((segment) => (segment.kind === 'literal' ? segment.text : '')).join('/')
}

/** What the literals of a path of the shape of `wide` must be to accept all of `narrow`; undefined when none can. */
function widerText(narrow: PathPattern | undefined, wide: PathPattern | undefined): string | undefined {
  if (wide === undefined) return ''
  if (wide.kind === 'regex') return narrow?.kind === 'regex' ? narrow.pattern : undefined
  if (narrow?.kind !== 'template') return wide.rest && wide.segments.length === 0 ? '' : undefined
  const fits = wide.rest ? narrow.segments.length >= wide.segments.length : !narrow.rest && narrow.segments.length === wide.segments.length
  return fits && wide.segments.every((segment, i) => accepts(segment, narrow.segments[i])) ? literals(narrow, wide) : undefined
}

/** Whether a segment of that kind can accept all that `narrow` accepts; the text of a literal is compared by looking it up. */
function accepts(wide: Template['segments'][number], narrow: Template['segments'][number] | undefined): boolean {
  if (wide.kind === 'literal') return narrow?.kind === 'literal'
  return narrow?.kind === 'param' || (narrow?.kind === 'literal' && narrow.text !== '')
}

function getOr<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}
