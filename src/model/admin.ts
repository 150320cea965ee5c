// What the admin API says and takes, as JSON. The server makes these, `fairlead routes`, `endpoints` and `explain` read them.
// Times are wall clock milliseconds, ages are milliseconds at the moment of the answer.
import type { RefStatus } from './ref-status.ts'
import type { EndpointHealth, Mode, StaleCause } from './endpoint.ts'
import type { Reason } from './error.ts'
import type { Revision } from './snapshot.ts'
import type { Problem, StoreStatus } from './store.ts'
import type { CatalogStatus, RefusedTag } from './tagged.ts'

/** Requests since the gateway started, over all workers; of a removed and restored route since then. */
export interface CountsView {
  readonly requests: number
  /** Of them, those with a status of 500 and above. */
  readonly errors: number
  readonly retries: number
  /** Sum of their durations, milliseconds; upgraded connections are not in it. */
  readonly durationSum: number
}

/** One route of the running table. */
export interface RouteView {
  /** Position in the list, from 0. */
  readonly index: number
  readonly name: string
  readonly priority: number
  /** Each alternative as a person would write it: `GET words.example.com/** header x-user=/^tester-/`, best first. */
  readonly match: readonly string[]
  /** Place of each of them in the order in which the table prefers them, 0 wins. */
  readonly ranks: readonly number[]
  /** `words/v1 95, words/v2 5`, `redirect 302 https://…`, `respond 404`. */
  readonly action: string
  readonly counts: CountsView
}

/** A table that was refused while another went on serving. */
export interface RejectedView {
  /** Which one: `redis:v12`, `file:/etc/fairlead.yaml`. */
  readonly origin: string
  readonly at: number
  readonly problems: readonly Problem[]
}

/** GET /api/routes and /api/routes?limit=N */
export interface RoutesAnswer {
  /** Null before the first table. */
  readonly revision: Revision | null
  /** In the order in which the table prefers them, by their best alternative. */
  readonly routes: readonly RouteView[]
  /** Routes left out by `?limit=`. */
  readonly omitted: number
  /** How the store is that tables come from; null when all routes come from tags. */
  readonly store: StoreStatus | null
  /** Newest first; empty again once the store holds the table in force, or another that is good. */
  readonly rejected: readonly RejectedView[]
  /** Registries whose tags make routes, and how their list of services is; empty when there are none. */
  readonly catalogs: readonly CatalogStatus[]
  /** Tags of services that were refused, each alone, or of which a part means nothing; at most 1000. */
  readonly refusedTags: readonly RefusedTag[]
}

/** State of a service's set as people ask for it. */
export interface SetView {
  readonly kind: 'ready' | 'pending' | 'absent' | 'stale'
  /** The same in the words of the runbook: a stale set by its cause. */
  readonly mode: Mode
  /** Since the last confirmed answer; null when there was none. */
  readonly age: number | null
  readonly cause?: StaleCause
}

/** One place that a service's endpoints may come from. */
export interface OriginView {
  /** Reference (`consul/words`), or `static` for addresses in the table. */
  readonly ref: string
  readonly set: SetView
  readonly endpoints: number
  readonly usable: number
  /** Whether requests go by this one. */
  readonly used: boolean
  /** Why they do not; null when they do, unless only draining endpoints are left. */
  readonly why: string | null
}

/** One service in use. */
export interface ServiceView {
  readonly name: string
  /** References and addresses, in order of preference. */
  readonly from: readonly string[]
  /** The same with what is known of each. */
  readonly origins: readonly OriginView[]
  /** Whether the endpoints of all references are used together. */
  readonly merge: boolean
  readonly balance: string
  readonly set: SetView
  /** Addresses known of it, each once. */
  readonly endpoints: number
  /** Of them, those that get its requests. */
  readonly usable: number
  /** Endpoints that get the requests of each subset. */
  readonly subsets: Readonly<Record<string, number>>
  readonly counts: CountsView
}

/** GET /api/services */
export interface ServicesAnswer {
  readonly services: readonly ServiceView[]
}

/** One endpoint with where and when it was learned. */
export interface EndpointView {
  readonly id: string
  /** `10.0.0.1:80`, `[::1]:80`. */
  readonly address: string
  readonly weight: number
  readonly zone: string | null
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  readonly health: EndpointHealth
  readonly draining: boolean
  /** No longer listed, and kept until that is confirmed. */
  readonly held: boolean
  /** `used`: it gets requests. `last`: it does, though it drains, since nothing else is left. `reserve`: only those for which none that is used is free. `none`: none at all. */
  readonly use: 'used' | 'last' | 'reserve' | 'none'
  /** False only when it gets none. */
  readonly usable: boolean
  /** Why it is not used, or used last; null when it simply is used. */
  readonly why: string | null
  readonly subsets: readonly string[]
  /** Name of the registry, as configured. */
  readonly origin: string
  /** Reference that it is taken from (`consul/words`), or `static`. */
  readonly ref: string
  /** Of that reference. */
  readonly mode: Mode
  /** Since that reference was last confirmed; null when it never was. */
  readonly confirmed: number | null
  readonly learnedAt: number
  /** Since it was learned. */
  readonly age: number
  /** What other references of the service say of the same address. */
  readonly also: readonly ListingView[]
}

/** What one reference says of an address. */
export interface ListingView {
  readonly ref: string
  readonly id: string
  readonly mode: Mode
  readonly confirmed: number | null
  readonly health: EndpointHealth
  readonly draining: boolean
  readonly held: boolean
  /** Since it was learned there. */
  readonly age: number
}

/** The endpoints of one service: those used first, then those in reserve, then those that get none. */
export interface ServiceEndpointsView {
  readonly name: string
  readonly merge: boolean
  readonly set: SetView
  readonly origins: readonly OriginView[]
  readonly endpoints: readonly EndpointView[]
  /** Endpoints left out by `?limit=`. */
  readonly omitted: number
}

/** GET /api/endpoints and /api/endpoints?service=NAME (404 when there is no such service); `limit=N` leaves out all but the first N endpoints. */
export interface EndpointsAnswer {
  readonly services: readonly ServiceEndpointsView[]
}

/** GET /api/watches */
export interface WatchesAnswer {
  /** In the order of the references. */
  readonly watches: readonly RefStatus[]
}

/** How the gateway stands in a registry that it announces itself to. Times are wall clock milliseconds. */
export interface AnnouncementView {
  /** Name of the registry in the configuration. */
  readonly registry: string
  /** `GATEWAY/host:gateway:8080` */
  readonly instance: string
  /** `waiting`: the gateway serves nothing yet, or knows of no service. `registering`: the registry does not know it (any more). `gone`: removed. */
  readonly state: 'waiting' | 'registering' | 'up' | 'draining' | 'gone'
  readonly since: number
  /** Calls that failed in a row. */
  readonly failures: number
  readonly lastSuccess?: number
  readonly lastError?: { readonly at: number; readonly message: string }
}

/** GET /api/announcements */
export interface AnnouncementsAnswer {
  readonly announcements: readonly AnnouncementView[]
}

/** One line of the history of tables. */
export type RevisionView =
  | { readonly kind: 'effective'; readonly revision: Revision; readonly routes: number; readonly services: number; readonly changes: readonly string[] }
  | ({ readonly kind: 'rejected'; readonly during: number } & RejectedView)

/** GET /api/revisions, newest first */
export interface RevisionsAnswer {
  readonly current: Revision | null
  readonly revisions: readonly RevisionView[]
}

/** POST /api/explain: the request to explain. The answer is `RequestExplanation` of `src/proxy/explain-request.ts`. */
export interface ExplainRequest {
  readonly method: string
  /** Absolute, or `host/path`, or a path alone. */
  readonly url: string
  readonly headers?: readonly (readonly [string, string])[]
  /** Address of the client, or the name of a caller. Default 127.0.0.1. */
  readonly from?: string
  /** Default: one on the port of the URL, else the first whose TLS fits its scheme, else the first. */
  readonly listener?: string
  /** The draw for a split, in [0, 1). Default: random. */
  readonly roll?: number
  /** Wall clock of the request, milliseconds; for time windows. Default: now. */
  readonly at?: number
  /** Losing routes to list. Default 100. */
  readonly limit?: number
}

/** One worker process. */
export interface WorkerView {
  readonly id: number
  readonly pid: number
  readonly state: 'starting' | 'running' | 'silent' | 'draining'
  readonly startedAt: number
  /** Number of the revision it serves. */
  readonly revision: number
}

/** GET /api: what can be asked, each as `GET /api/health`. */
export interface ApiAnswer {
  readonly paths: readonly string[]
}

/** GET /api/health: answers as long as the main process does. */
export interface HealthAnswer {
  readonly status: 'ok'
  readonly version: string
  /** Wall clock of the gateway. */
  readonly now: number
  readonly startedAt: number
  readonly workers: readonly WorkerView[]
}

/** GET /api/ready: 200 when it may get traffic, else 503. */
export interface ReadyAnswer {
  readonly ready: boolean
  /** Why not; empty when it is. */
  readonly reasons: readonly string[]
}

/** Any other answer than 200: `{ "error": … }`. */
export interface AdminError {
  readonly error: string
  /** The reason with which the gateway would refuse the request, when it would. */
  readonly reason?: Reason
  readonly problems?: readonly Problem[]
}
