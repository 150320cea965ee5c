// The contract of a dialect: one way in which people write routes into the tags of a service.
import type { RefusedTag } from '../model/tagged.ts'

/** What a dialect knows of the gateway and of the instance whose tags it reads. */
export interface DialectContext {
  /** Name of the service in its registry. */
  readonly service: string
  /** Port of the instance. */
  readonly port: number
  /** Listeners of the gateway. */
  readonly listeners: readonly { readonly name: string; readonly tls: boolean }[]
}

/** A route as a person would write it in `routes`, without name and `to`. One without `redirect` and `respond` goes to the service. */
export type RouteBody = Readonly<Record<string, unknown>>

/** What the tags of one instance say about one route. */
export interface Draft {
  /** Name of the dialect. */
  readonly dialect: string
  /** Names the route among those of its service in this dialect; equal on every instance that speaks of it. */
  readonly key: string
  /** Name of the route, without the registry. */
  readonly name: string
  /** The tags it was made of: instances are told apart by them. */
  readonly labels: readonly string[]
  /** Of the alternatives of its match, which of these says each; left out where one tag says all. */
  readonly alternatives?: readonly string[]
  /** At least one; several where one tag needs it (an access list is a route and a refusal). */
  readonly routes: readonly RouteBody[]
  /** Settings of the service as a person would write them in `services`, without `from`. */
  readonly service: Readonly<Record<string, unknown>>
  /** Some of its labels ask for a share of the requests; see weights.ts. */
  readonly weighted: boolean
  /** Several services may carry the route and share its requests, without asking. */
  readonly shared: boolean
  /** What decides before all else in its proxy; see traefik-priority.ts. */
  readonly rulePriority?: RulePriority
  /** What of the tags means nothing here, for people. */
  readonly notes: readonly string[]
}

/** The priority of a router as Traefik counts it. */
export interface RulePriority {
  /** Characters of its rule, the priority that it has by default. */
  readonly length: number
  /** Priority that its tags give it. */
  readonly written?: number
}

/** A tag, or several that belong together, of which no route comes. */
export interface Refusal {
  readonly tag: string
  readonly reason: string
  /** `note` where no route is lost by it. Default `refused`. */
  readonly kind?: RefusedTag['kind']
}

/** One way to write routes into tags. */
export interface Dialect {
  readonly name: string
  /** Whether a label belongs to it. */
  speaks(label: string): boolean
  /** Each label is a whole route: one that is missing changes no other. */
  readonly selfContained?: true
  /** Reads the labels of one instance that belong to it. Never throws: what is wrong is refused. */
  read(labels: readonly string[], context: DialectContext): { readonly drafts: readonly Draft[]; readonly refused: readonly Refusal[] }
}

/** What a reader of one tag throws; the message is for people. */
export class BadTag extends Error {
  override readonly name = 'BadTag'
}
