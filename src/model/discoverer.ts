// The contract of a registry adapter; discovery/README.md explains it and lists what the shared suite checks.
import type { Endpoint, EndpointSet } from './endpoint.ts'

/** What of the platform an adapter needs, so that a runtime can refuse it with a reason. */
export type Need = 'fetch' | 'tcp' | 'dns' | 'files'

/** Which service of a registry to watch: the path after the registry's name, and options (`?tag=v2&dc=dc1`). */
export interface ServiceRef {
  /** Configured name of the registry. */
  readonly registry: string
  /** Service name inside the registry, may contain slashes. */
  readonly name: string
  /** Options after `?`, in the order of their names. */
  readonly options: Readonly<Record<string, string>>
}

/** What one question to a registry came to; the five are never merged (each asks for another behaviour). */
export type ReadOutcome = 'ok-with-data' | 'ok-empty' | 'not-found' | 'denied' | 'failed'

/** An entry of a registry's answer that was refused, alone, or of which a part was refused. */
export interface Rejection {
  /** The registry's id of the entry, or its position (`#3`) when it has none. */
  readonly id: string
  /** For people: what is wrong with it. */
  readonly reason: string
}

/** One finished question to a registry, for status and metrics. */
export interface Attempt {
  /** Wall clock in milliseconds. */
  readonly at: number
  readonly outcome: ReadOutcome
  /** For people, when the outcome is not `ok-with-data`. */
  readonly message?: string
  /** Entries accepted. */
  readonly count: number
  readonly rejected: readonly Rejection[]
  /** True when the answer was taken as it is; false for trouble, and for what is suspicious and being confirmed. */
  readonly believed: boolean
  /** True when a periodic full reading found a difference that the feed of changes had not reported. */
  readonly missedChange: boolean
}

/** What is already known, and who wants to know more. */
export interface WatchOptions {
  /** The last good set from before (another watch, the disk): it is guarded like one that was read, and given in `stale` sets. */
  readonly last?: { readonly endpoints: readonly Endpoint[]; readonly at: number }
  /** Called once for each finished question. */
  readonly observe?: (attempt: Attempt) => void
}

/** A registry adapter. */
export interface Discoverer {
  readonly needs: readonly Need[]
  /**
   * Reports the whole set now and after each real change until the signal is aborted. Never throws, never sends a partial set.
   */
  watch(ref: ServiceRef, signal: AbortSignal, options?: WatchOptions): AsyncIterable<EndpointSet>
}

/** Canonical text of a reference, the key of everything kept for it: `consul/web?tag=v2`. */
export function refKey(ref: ServiceRef): string {
  const names = Object.keys(ref.options).sort()
  const query = names.map((name) => `${escape(name)}=${escape(ref.options[name] ?? '')}`).join('&')
  return `${ref.registry}/${escape(ref.name)}${query === '' ? '' : `?${query}`}`
}

/**
 * Reads a reference: `registry/name`, `registry/name?option=value&…`. A repeated option is one with its values joined by a
 * comma. Percent-encoding is undone. Undefined when it has no registry or no name, or an option without a name.
 */
export function parseRef(text: string): ServiceRef | undefined {
  const match = /^([A-Za-z0-9][A-Za-z0-9._-]*)\/([^?]+)(?:\?(.*))?$/.exec(text)
  const registry = match?.[1]
  const name = unescape(match?.[2] ?? '')
  if (registry === undefined || name === undefined || name === '') return undefined
  const values = new Map<string, string>()
  for (const pair of (match?.[3] ?? '').split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const option = unescape(at < 0 ? pair : pair.slice(0, at))
    const value = unescape(at < 0 ? '' : pair.slice(at + 1))
    if (option === undefined || option === '' || value === undefined) return undefined
    const before = values.get(option)
    values.set(option, before === undefined ? value : `${before},${value}`)
  }
  const options: Record<string, string> = Object.create(null) as Record<string, string>
  for (const option of [...values.keys()].sort()) options[option] = values.get(option) ?? ''
  return { registry, name, options }
}

// Only what would be read otherwise is encoded, so that a key stays what the person wrote.
// oxlint-disable-next-line no-control-regex -- control characters are exactly what must not stay
const SPECIAL = /[%&=?#+\s\u0000-\u001f\u007f]/g

function escape(text: string): string {
  return text.replace(SPECIAL, (character) => encodeURIComponent(character))
}

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
