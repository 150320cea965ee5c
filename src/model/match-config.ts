// What a route asks of a request, in normal form: patterns and conditions before they are compiled.

/** How one text is compared. Patterns are RE2 syntax, unanchored unless they say otherwise. */
export type TextMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string }

/** A condition on a header, query parameter or cookie: present or not, or any of several texts. */
export interface FieldCondition {
  /** Header names are lower case; query and cookie names as written. */
  readonly name: string
  readonly test: { readonly kind: 'present' } | { readonly kind: 'absent' } | { readonly kind: 'any'; readonly of: readonly TextMatch[] }
}

/**
 * Exact host, `*.suffix` (any number of labels, at least one) or a regular expression over the whole host. Hosts are in the
 * normal form of `RequestHead.host`; `suffix` stands without its `*.` (`example.com`).
 */
export type HostPattern =
  | { readonly kind: 'exact'; readonly host: string }
  | { readonly kind: 'suffix'; readonly suffix: string }
  | { readonly kind: 'regex'; readonly pattern: string }

/** One segment of a path template. */
export type PathSegment = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'param'; readonly name: string }

/**
 * `template` covers exact paths too (only literals, no rest). Segments are what stands between slashes: `/` is one empty
 * literal, `/a/` is `a` and an empty one. `rest` is a trailing `/**`: the prefix itself and everything below it by whole
 * segments; `/**` alone is no segment and rest. Literals are in the percent-encoding of the path normal form. A regex must match
 * the whole of `RequestHead.matchPath`; people write it `/^…/`.
 */
export type PathPattern =
  | { readonly kind: 'template'; readonly segments: readonly PathSegment[]; readonly rest: boolean }
  | { readonly kind: 'regex'; readonly pattern: string }

/** A member of `source`: an address range or the name of a caller. */
export type SourcePattern = { readonly kind: 'cidr'; readonly cidr: string } | { readonly kind: 'caller'; readonly name: string }

/** A window of time: between two instants, or daily hours (minutes of the day, UTC; `to` before `from` wraps midnight), on some days (0 is Sunday). */
export interface TimeWindow {
  readonly after?: number
  readonly before?: number
  readonly from?: number
  readonly to?: number
  readonly days?: readonly number[]
}

/** All that is present must hold; inside a list any member is enough. */
export interface MatchConfig {
  readonly host?: readonly HostPattern[]
  readonly path?: readonly PathPattern[]
  readonly method?: readonly string[]
  readonly headers?: readonly FieldCondition[]
  readonly query?: readonly FieldCondition[]
  readonly cookies?: readonly FieldCondition[]
  readonly source?: readonly SourcePattern[]
  readonly listener?: readonly string[]
  readonly when?: TimeWindow
}
