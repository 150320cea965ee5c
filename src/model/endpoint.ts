// Endpoints and the sets that registries report.

/** Health as the registry sees it; `unknown` is first class, since several registries never say. */
export type EndpointHealth = 'passing' | 'warning' | 'critical' | 'maintenance' | 'unknown'

/** In `cut`: so many that any label may be among them. */
export const ANY_LABEL = '*'

/** One address of a service, with where and when it was learned. */
export interface Endpoint {
  /** Stable identity inside its registry: registry name and the registry's own id. What is measured of it is kept by address. */
  readonly id: string
  readonly host: string
  readonly port: number
  /** Share of traffic relative to its siblings, 0 to 65535, default 1. 0 gets none while a sibling has more. */
  readonly weight: number
  /** Endpoints of a higher number get traffic only when none of a lower one is left to try; absent means 0. */
  readonly priority?: number
  readonly zone?: string
  readonly tags: readonly string[]
  readonly meta: Readonly<Record<string, string>>
  /** Beginnings of tags, and names of metadata with `=`, that were too long or too many to take in: a route may not be made of the rest as if they had not been there. */
  readonly cut?: readonly string[]
  readonly health: EndpointHealth
  /**
   * True when the registry says that it leaves: those under way finish, and no new requests, except where nothing else is left and
   * the registry says that it serves until it is gone (`health` passing or warning).
   */
  readonly draining: boolean
  /** True when the registry no longer lists it, but so suddenly that it is kept until confirmed: pick it last. */
  readonly held?: true
  /** Name of the registry it came from, as configured (`consul`, `file`, `static`). */
  readonly origin: string
  /** Wall clock in milliseconds when this endpoint was first seen with this address. */
  readonly learnedAt: number
}

/** Why a set is not fresh. */
export interface StaleCause {
  /** `denied`: rights are missing. `failed`: no or a bad answer. `guarded`: a suspicious emptiness or shrink is being confirmed. `disk`: read back from the last run. */
  readonly outcome: 'denied' | 'failed' | 'guarded' | 'disk'
  /** For people: what happened, which address, what to do. */
  readonly message: string
}

/**
 * What a registry knows of one service: always the whole set, or that it cannot say. `stale` carries the last good set.
 * `at` is the wall clock (ms) of the last confirmed answer; in the main process it moves on while the registry confirms a set.
 */
export type EndpointSet =
  | { readonly kind: 'ready'; readonly endpoints: readonly Endpoint[]; readonly at: number }
  | { readonly kind: 'pending'; readonly cause?: StaleCause }
  | { readonly kind: 'absent'; readonly at: number }
  | { readonly kind: 'stale'; readonly endpoints: readonly Endpoint[]; readonly at: number; readonly cause: StaleCause }

/** Sets by their references, each reference once. */
export type RefSets = readonly (readonly [ref: string, set: EndpointSet])[]

/**
 * A set's state in one word, as operators see it. `live`: confirmed. `absent`: the registry answers and does not know the
 * service. `pending`: nothing is known yet. With the last good set in use: `stale` (the registry cannot be asked), `guarded`
 * (a suspicious answer is being confirmed), `denied` (rights are missing), `disk` (read back from the last run).
 */
export type Mode = 'live' | 'absent' | 'pending' | 'stale' | 'guarded' | 'denied' | 'disk'

export function modeOf(set: EndpointSet): Mode {
  if (set.kind === 'ready') return 'live'
  if (set.kind === 'absent') return 'absent'
  const outcome = set.cause?.outcome
  if (outcome === undefined || (set.kind === 'pending' && outcome !== 'denied')) return 'pending'
  return outcome === 'failed' ? 'stale' : outcome
}

/** One place that a service's endpoints come from, with what is known there. */
export interface Origin {
  /** Canonical reference (`refKey`), or `static` for addresses written in the table. */
  readonly ref: string
  readonly set: EndpointSet
}

/** The endpoints of a set, none for `pending` and `absent`. */
export function endpointsOf(set: EndpointSet): readonly Endpoint[] {
  return set.kind === 'ready' || set.kind === 'stale' ? set.endpoints : []
}

/** Whether its registry means it to get requests: neither leaving, nor failing, nor taken out. Silence about health is no obstacle. */
export function isInService({ health, draining }: Endpoint): boolean {
  return !draining && health !== 'critical' && health !== 'maintenance'
}

/** Its tags, and its metadata as `key=value`. */
export function labelsOf({ tags, meta }: Endpoint): readonly string[] {
  return [...tags, ...Object.entries(meta).map(([key, value]) => `${key}=${value}`)]
}

/** Whether an endpoint has a label: a tag, or `key=value` of its metadata. */
export function hasLabel(endpoint: Endpoint, label: string): boolean {
  if (endpoint.tags.includes(label)) return true
  const at = label.indexOf('=')
  return at > 0 && Object.hasOwn(endpoint.meta, label.slice(0, at)) && endpoint.meta[label.slice(0, at)] === label.slice(at + 1)
}
