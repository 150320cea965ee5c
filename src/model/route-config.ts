// A route in normal form: its match, where it sends a request, and what it changes on the way.
import type { MatchConfig } from './match-config.ts'

/** One weighted destination: index-free reference to a service of the table and optionally one of its subsets. */
export interface DestinationConfig {
  readonly service: string
  readonly subset?: string
  /** 0 to 65535. */
  readonly weight: number
}

export type ActionConfig =
  | { readonly kind: 'forward'; readonly to: readonly DestinationConfig[] }
  | { readonly kind: 'redirect'; readonly status: 301 | 302 | 303 | 307 | 308; readonly location: string }
  | { readonly kind: 'respond'; readonly status: number; readonly body: string; readonly headers: readonly (readonly [string, string])[] }

/**
 * URL rewrite. `path` is a template over the route's captures (`/v2/{id}`, `{**}` for what `/**` matched); `host` replaces
 * the authority.
 */
export interface RewriteConfig {
  readonly path?: string
  readonly host?: string
}

/** Applied in the order remove, set, add. Values may hold `{param}` captures. */
export interface HeaderRulesConfig {
  readonly remove: readonly string[]
  readonly set: readonly (readonly [string, string])[]
  readonly add: readonly (readonly [string, string])[]
}

export type RetryCondition = 'connect' | 'reset' | 'timeout' | '5xx' | 'gateway-error' | '429'

export interface RetryConfig {
  /** Further tries after the first, 0 to 10. */
  readonly attempts: number
  readonly on: readonly RetryCondition[]
  /** Limit of one try in milliseconds, 0 for none. */
  readonly perTry: number
  /** Methods that may be sent again after something of them may have arrived; default the idempotent ones. */
  readonly methods: readonly string[]
}

export interface RouteConfig {
  /** Unique; `route-3` when the file gives none (position in the list, from 1). */
  readonly name: string
  /** -1000 to 1000, default 0; a higher one wins before anything else is compared. */
  readonly priority: number
  /** Alternatives, any of which is enough; at least one. */
  readonly match: readonly MatchConfig[]
  readonly action: ActionConfig
  readonly rewrite?: RewriteConfig
  readonly requestHeaders?: HeaderRulesConfig
  readonly responseHeaders?: HeaderRulesConfig
  /** Until the response head, over all tries, in milliseconds; 0 for none. Default 15 s. */
  readonly timeout: number
  readonly retry?: RetryConfig
  /** Whether protocol upgrades (WebSocket) pass. Default true. */
  readonly upgrade: boolean
  readonly tests: readonly RouteTestConfig[]
}

/** A test written in the table: this request must end at one of these (`service/subset`, `redirect`, `respond:404`, a route name after `route:`, `none`). */
export interface RouteTestConfig {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly from?: string
  readonly listener?: string
  /** Wall clock, milliseconds, for time windows; default the moment of the check. */
  readonly at?: number
  readonly expect: readonly string[]
}
