// The contract of a registry adapter; discovery/README.md explains it and lists what the shared suite checks.
import type { EndpointSet } from './endpoint.ts'

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

/** A registry adapter. */
export interface Discoverer {
  readonly needs: readonly Need[]
  /**
   * Reports the whole set now and after each real change until the signal is aborted. Never throws, never sends a partial set.
   */
  watch(ref: ServiceRef, signal: AbortSignal): AsyncIterable<EndpointSet>
}

/** Canonical text of a reference, the key of everything kept for it: `consul/web?tag=v2`. */
export function refKey(ref: ServiceRef): string {
  const names = Object.keys(ref.options).sort()
  const query = names.map((name) => `${name}=${ref.options[name]}`).join('&')
  return `${ref.registry}/${ref.name}${query === '' ? '' : `?${query}`}`
}
