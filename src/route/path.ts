// Matches the path: literal segments, `{name}` for one non-empty segment, a trailing `/**` for the prefix itself and all below
// it, or a regular expression over the whole path. Rules see `matchPath`; captures are taken from `path`, still encoded.
import type { MatchConfig, PathPattern } from '../model/match-config.ts'
import type { RequestHead } from '../model/request.ts'
import type { Condition, Params } from '../model/route.ts'
import type { Matcher, Scope } from './matcher.ts'
import type { Regex } from './regex.ts'

/** A condition on the path, with the pattern that the index files it under and its captures. */
export interface PathCondition extends Condition {
  readonly pattern: PathPattern
  /** Names it captures, in order; `**` for a trailing rest. */
  readonly captures: readonly string[]
  capture(head: RequestHead): Params
}

type Template = Extract<PathPattern, { kind: 'template' }>

/** Captures of a path without any; shared, so that literal routes allocate nothing. */
export const NO_PARAMS: Params = Object.freeze(Object.create(null) as Record<string, string>)

const SLASH = 47
/** Deeper patterns than any request line can hold in earnest; the index walks one level a segment. */
const MAX_SEGMENTS = 256

export const pathMatcher = {
  key: 'path',
  doc: 'The path in normal form, without `;parameters`: `/exact`, `/prefix/**` (the prefix and what is below it, by whole segments), `{name}` for one segment, or a regular expression `/^…/` that the whole path must match.',
  compile: (match: MatchConfig, at: string, scope: Scope): readonly PathCondition[] =>
    (match.path ?? []).map((pattern, i) => pathCondition(pattern, `${at}.path[${i}]`, scope)),
} satisfies Matcher

/** The text of a pattern as a person writes it. */
export function pathText(pattern: PathPattern): string {
  if (pattern.kind === 'regex') return `/${pattern.pattern}/`
  const text = pattern.segments.map((segment) => (segment.kind === 'literal' ? `/${segment.text}` : `/{${segment.name}}`)).join('')
  return pattern.rest ? `${text}/**` : text || '/'
}

/** The one path that a pattern of only literals matches; undefined for others. */
export function exactPath(pattern: PathPattern): string | undefined {
  if (pattern.kind === 'regex' || pattern.rest || pattern.segments.some((segment) => segment.kind === 'param')) return undefined
  return pathText(pattern)
}

/**
 * Place among paths as a text, smaller is more specific. `0` exact; `1` template or prefix, then a digit for each segment from
 * the left (0 literal, 1 parameter) and one for its end (2 nothing more, 3 anything below); `2` regex; `3` none.
 */
export function pathStanding(pattern: PathPattern | undefined): string {
  if (pattern === undefined) return '3'
  if (pattern.kind === 'regex') return '2'
  if (exactPath(pattern) !== undefined) return '0'
  return `1${pattern.segments.map((segment) => (segment.kind === 'literal' ? '0' : '1')).join('')}${pattern.rest ? '3' : '2'}`
}

function pathCondition(pattern: PathPattern, at: string, scope: Scope): PathCondition {
  if (pattern.kind === 'regex') return new RegexPath(pattern, scope.regex(pattern.pattern, at))
  const condition = new TemplatePath(pattern)
  if (pattern.segments.length > MAX_SEGMENTS) scope.problem(at, `path has ${pattern.segments.length} segments, the limit is ${MAX_SEGMENTS}`)
  const twice = condition.captures.find((name, i) => condition.captures.indexOf(name) !== i)
  if (twice !== undefined) scope.problem(at, `{${twice}} is captured twice: give each segment its own name`)
  return condition
}

class TemplatePath implements PathCondition {
  readonly on = 'path'
  readonly pattern: Template
  readonly want: string
  readonly captures: readonly string[]
  /** Segments before `**`, when that is all there is to capture; -1 otherwise. Kept here because every request to a prefix asks. */
  readonly #onlyRest: number
  readonly #literal: boolean

  constructor(pattern: Template) {
    this.pattern = pattern
    this.want = pathText(pattern)
    const names = pattern.segments.flatMap((segment) => (segment.kind === 'param' ? [segment.name] : []))
    this.captures = pattern.rest ? [...names, '**'] : names
    this.#onlyRest = pattern.rest && names.length === 0 ? pattern.segments.length : -1
    this.#literal = this.captures.length === 0
  }

  test(head: RequestHead): boolean {
    const path = head.matchPath
    if (path.charCodeAt(0) !== SLASH) return false
    const { segments, rest } = this.pattern
    if (segments.length === 0) return rest || path === '/'
    let at = 0
    for (const segment of segments) {
      if (at === path.length) return false
      const end = segmentEnd(path, at + 1)
      if (segment.kind === 'param' ? end === at + 1 : !(end - at - 1 === segment.text.length && path.startsWith(segment.text, at + 1))) return false
      at = end
    }
    return rest || at === path.length
  }

  seen(head: RequestHead): string {
    return head.matchPath
  }

  capture(head: RequestHead): Params {
    if (this.#literal) return NO_PARAMS
    const params: Record<string, string> = Object.create(null)
    let at = 0
    if (this.#onlyRest >= 0) {
      for (let i = 0; i < this.#onlyRest; i++) at = segmentEnd(head.path, at + 1)
      params['**'] = head.path.slice(at + 1)
      return params
    }
    for (const segment of this.pattern.segments) {
      const end = segmentEnd(head.path, at + 1)
      if (segment.kind === 'param') params[segment.name] = head.path.slice(at + 1, end)
      at = end
    }
    if (this.pattern.rest) params['**'] = head.path.slice(at + 1)
    return params
  }
}

class RegexPath implements PathCondition {
  readonly on = 'path'
  readonly pattern: PathPattern
  readonly want: string
  readonly captures: readonly string[]
  readonly #regex: Regex | undefined

  constructor(pattern: PathPattern, regex: Regex | undefined) {
    this.pattern = pattern
    this.want = pathText(pattern)
    this.captures = regex?.groups ?? []
    this.#regex = regex
  }

  test(head: RequestHead): boolean {
    return this.#regex !== undefined && this.#regex.whole(head.matchPath)
  }

  seen(head: RequestHead): string {
    return head.matchPath
  }

  /** Named groups, of the path without `;parameters`: what the pattern did not see must not slip into a rewrite. */
  capture(head: RequestHead): Params {
    return this.#regex === undefined || this.captures.length === 0 ? NO_PARAMS : this.#regex.capture(head.matchPath)
  }
}

/** Where the segment that begins at `start` ends: at the next slash or the end of the path. */
export function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start)
  return slash < 0 ? path.length : slash
}
