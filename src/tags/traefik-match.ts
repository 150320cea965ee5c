// Matchers of Traefik, versions 2 and 3, as conditions of a match.
import { BadTag } from './dialect.ts'
import type { Term } from './traefik-rule.ts'

/** The conditions of one alternative. */
export interface TraefikMatch {
  /** As a person would write it, without `path`. */
  readonly match: Readonly<Record<string, unknown>>
  /** Undefined for any. */
  readonly path: TraefikPath | undefined
}

/** `prefix` by whole segments (but see text-prefix.ts), `exact` as a template, `regex` over the whole path. */
interface TraefikPath {
  readonly kind: 'prefix' | 'exact' | 'regex'
  readonly text: string
}

type Fields = Record<string, string[]>

interface Gathered {
  host?: string[]
  method?: string[]
  source?: string[]
  readonly headers: Fields
  readonly query: Fields
  path?: TraefikPath[]
}

/** Reads matchers that must all hold: as many alternatives as they have paths. */
export function matchOf(terms: readonly Term[]): readonly TraefikMatch[] {
  const gathered: Gathered = { headers: Object.create(null) as Fields, query: Object.create(null) as Fields }
  for (const term of terms) {
    const read = BY_NAME.get(term.name.toLowerCase())
    if (read === undefined) throw new BadTag(`there is no matcher ${term.name}(…) here (known: ${Object.keys(READERS).join(', ')})`)
    read(term, gathered)
  }
  const { path, headers, query, ...rest } = gathered
  const match = { ...rest, ...(Object.keys(headers).length === 0 ? {} : { headers }), ...(Object.keys(query).length === 0 ? {} : { query }) }
  return (path ?? [undefined]).map((one) => ({ match, path: one }))
}

/** Any of the texts of a matcher; version 3 allows only one, which is the same. */
type Reader = (term: Term, into: Gathered) => void

const READERS: Readonly<Record<string, Reader>> = {
  Host: (term, into) => once(into, 'host', some(term).map(wildcardHost), term),
  HostHeader: (term, into) => once(into, 'host', some(term).map(wildcardHost), term),
  HostRegexp: (term, into) => once(into, 'host', some(term).map((text) => `/${wholeRegex(hostPattern(text))}/`), term),
  Path: (term, into) => once(into, 'path', some(term).map((text) => pathPattern(text, 'exact')), term),
  PathPrefix: (term, into) => once(into, 'path', some(term).map((text) => pathPattern(text, 'prefix')), term),
  PathRegexp: (term, into) => once(into, 'path', some(term).map((text): TraefikPath => ({ kind: 'regex', text: wholeRegex(text) })), term),
  Method: (term, into) => once(into, 'method', some(term).map((text) => text.toUpperCase()), term),
  ClientIP: (term, into) => once(into, 'source', [...some(term)], term),
  Header: (term, into) => field(into.headers, term, exactText),
  Headers: (term, into) => field(into.headers, term, exactText),
  HeaderRegexp: (term, into) => field(into.headers, term, (text) => `/${text}/`),
  HeadersRegexp: (term, into) => field(into.headers, term, (text) => `/${text}/`),
  Query: queryReader(exactText),
  QueryRegexp: queryReader((text) => `/${text}/`),
}

/** Traefik takes them in lower and upper case as well. */
const BY_NAME: ReadonlyMap<string, Reader> = new Map(Object.entries(READERS).map(([name, read]) => [name.toLowerCase(), read]))

function queryReader(write: (text: string) => string): Reader {
  return (term, into) => {
    const [first = '', second] = term.args
    // Version 2 writes Query(`name=value`, …), all of which must hold.
    const pairs = second === undefined || first.includes('=') ? term.args.map((pair) => split(pair)) : [[first, second] as const]
    for (const [name, value] of pairs) field(into.query, { name: term.name, args: [name, value] }, write)
  }
}

function split(pair: string): readonly [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

function some(term: Term): readonly string[] {
  if (term.args.length === 0) throw new BadTag(`${term.name}() has no value`)
  return term.args
}

function once<K extends 'host' | 'method' | 'source' | 'path'>(into: Gathered, key: K, values: NonNullable<Gathered[K]>, term: Term): void {
  if (into[key] !== undefined) throw new BadTag(`${term.name}(…) stands beside another condition on the same part of the request, joined by &&: that cannot be expressed`)
  into[key] = values
}

function field(into: Fields, term: Term, write: (text: string) => string): void {
  const [name, value] = term.args
  if (name === undefined || value === undefined || term.args.length !== 2) throw new BadTag(`${term.name}(…) takes a name and a value`)
  if (Object.keys(into).some((known) => known.toLowerCase() === name.toLowerCase())) throw new BadTag(`two conditions on ${name} joined by && cannot be expressed`)
  into[name] = [write(value)]
}

/** A text between slashes would be read as a regular expression. */
function exactText(text: string): string {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/') ? `/^${quoted(text)}$/` : text
}

/** Traefik 3.8 knows `*.example.com`, one label, and `**.example.com`, any number of them. */
function wildcardHost(host: string): string {
  if (host.startsWith('**.')) return host.slice(1)
  return host.startsWith('*.') ? `/^[^.]+\\.${quoted(host.slice(2).toLowerCase())}$/` : host
}

const V2_GROUP = /\{(?:[A-Za-z]\w*)(?::((?:[^{}]|\{[\d,]+\})*))?\}/g

/** Version 2 writes `{sub:[a-z]+}.example.com`, whole; version 3 a regular expression that may match anywhere. */
function hostPattern(text: string): string {
  return text.search(V2_GROUP) >= 0 ? v2Pattern(text, '[^.]+') : text
}

function v2Pattern(text: string, anything: string): string {
  let pattern = '^'
  let done = 0
  for (const found of text.matchAll(V2_GROUP)) {
    pattern += `${quoted(text.slice(done, found.index))}(?:${found[1] ?? anything})`
    done = found.index + found[0].length
  }
  return `${pattern}${quoted(text.slice(done))}$`
}

function pathPattern(text: string, kind: 'exact' | 'prefix'): TraefikPath {
  if (!text.startsWith('/')) throw new BadTag(`the path '${text}' does not begin with a slash`)
  // `{id}` alone is a whole segment in both; with a pattern it is a regular expression of version 2.
  if (!/\{\w+:/.test(text)) return { kind, text: kind === 'prefix' ? text.replace(/\/+$/, '') : text }
  const whole = v2Pattern(text, '[^/]+')
  return { kind: 'regex', text: kind === 'exact' ? whole : `${whole.slice(0, -1)}.*` }
}

/** A pattern that may match anywhere, for a matcher that compares the whole. */
function wholeRegex(pattern: string): string {
  if (pattern.includes('|')) return `^.*(?:${pattern}).*$`
  const ends = /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern)
  return `^${pattern.startsWith('^') ? pattern.slice(1) : `.*${pattern}`}${ends ? '' : '.*$'}`
}

function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
