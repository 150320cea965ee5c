// The compiled route table: what a request is decided on.
import type { HostPattern, PathPattern } from './match-config.ts'
import type { ActionConfig, RouteConfig } from './route-config.ts'
import type { ServiceConfig } from './service-config.ts'
import type { CallerConfig, TableConfig } from './table-config.ts'
import type { RequestHead } from './request.ts'

/** What conditions may ask besides the head. */
export interface DecideContext {
  /** Wall clock, milliseconds; for time windows. */
  readonly wallClock: number
  /** Uniform in [0, 1), drawn once for the request; decides a weighted split. */
  readonly roll: number
}

/** One compiled condition of a route. The same objects decide requests and explain them. */
export interface Condition {
  /** Which part of the request it looks at: `host`, `path`, `method`, `header x-user` … */
  readonly on: string
  /** What it wants, in the words of the configuration. */
  readonly want: string
  test(head: RequestHead, context: DecideContext): boolean
  /** The value it saw, for explain; null when there was none. */
  seen(head: RequestHead, context: DecideContext): string | null
}

/** A compiled destination. */
export interface Destination {
  /** Index into `Table.services`, which is also the index into `Snapshot.services`. */
  readonly service: number
  /** Name of the service, with `/subset` when there is one. */
  readonly label: string
  readonly subset?: string
  readonly weight: number
  /** Upper end of this destination's share of the roll, in (0, 1]; equal to the one before for weight 0. */
  readonly upTo: number
}

/** A text with captures, split at compile time. */
export interface Template {
  render(params: Params): string
}

/** Captured path parameters; `**` is what a trailing `/**` matched, without its leading slash. */
export type Params = Readonly<Record<string, string>>

export interface HeaderRules {
  readonly remove: readonly string[]
  readonly set: readonly (readonly [name: string, key: string, value: Template])[]
  readonly add: readonly (readonly [name: string, key: string, value: Template])[]
}

/** A compiled route. */
export interface Route {
  /** Position in the list, from 0. */
  readonly index: number
  readonly name: string
  readonly config: RouteConfig
  readonly action: ActionConfig
  /** Empty unless the action forwards. */
  readonly destinations: readonly Destination[]
  readonly rewritePath?: Template
  readonly rewriteHost?: string
  readonly location?: Template
  readonly requestHeaders?: HeaderRules
  readonly responseHeaders?: HeaderRules
}

/** Where an entry stands in the total order: one value for each criterion of `route/order.ts`, the smaller one wins. */
export type Standing = readonly (number | string)[]

/** One alternative of a route's match, as it is ranked and tested: at most one host and one path. */
export interface Entry {
  readonly route: Route
  /** Index into `route.config.match`. */
  readonly alternative: number
  readonly host: HostPattern | undefined
  readonly path: PathPattern | undefined
  readonly standing: Standing
  /** Place in the total order, 0 wins. Unique in the table. */
  readonly rank: number
  /** Every condition, host and path first, in the order in which explain reports them. */
  readonly conditions: readonly Condition[]
  /** Captures of this entry for a path that it matches. */
  capture(head: RequestHead): Params
}

/** The compiled table; immutable. */
export interface Table {
  readonly config: TableConfig
  readonly routes: readonly Route[]
  /** In order of rank. */
  readonly entries: readonly Entry[]
  readonly services: readonly ServiceConfig[]
  readonly callers: readonly CallerConfig[]
  /** The entry of lowest rank whose conditions all hold. */
  find(head: RequestHead, context: DecideContext): Entry | undefined
}

/** What the table says about one request. It is data: equal on every runtime. */
export type Decision =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'forward'
      readonly entry: Entry
      readonly params: Params
      readonly destination: Destination
      /** Path as forwarded, with the query. */
      readonly target: string
      readonly authority: string
    }
  | { readonly kind: 'redirect'; readonly entry: Entry; readonly params: Params; readonly status: number; readonly location: string }
  | { readonly kind: 'respond'; readonly entry: Entry; readonly params: Params; readonly status: number; readonly body: string; readonly headers: readonly (readonly [string, string])[] }
