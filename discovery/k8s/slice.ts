// An EndpointSlice of discovery.k8s.io/v1 as the API server writes it, checked as far as its identity goes.
import { lookupIn } from '../../src/model/lookup.ts'
import { isSameJson, recordOf } from '../json.ts'
import { printable } from '../text.ts'

/** The label that says whose endpoints a slice holds. */
export const SERVICE_LABEL = 'kubernetes.io/service-name'

/** One slice. Everything about endpoints and ports is still as it was written. */
export interface Slice {
  readonly name: string
  readonly service: string
  /** Opaque: two are the same or not. */
  readonly version: string
  readonly family: unknown
  readonly labels: Readonly<Record<string, unknown>>
  readonly endpoints: unknown
  readonly ports: unknown
}

/** Reads an object of a list or an event; a text for people where it is no slice of a service. */
export function readSlice(object: unknown): Slice | string {
  const metadata = recordOf(recordOf(object)?.['metadata'])
  const name = metadata?.['name']
  const labels = recordOf(metadata?.['labels']) ?? {}
  const version = metadata?.['resourceVersion']
  const service = labels[SERVICE_LABEL]
  if (typeof name !== 'string' || name === '' || typeof version !== 'string') return 'has no name or no resourceVersion'
  if (typeof service !== 'string' || service === '') return `${printable(name)} has no label ${SERVICE_LABEL}`
  const slice = object as Record<string, unknown>
  return { name, service, version, family: slice['addressType'], labels, endpoints: slice['endpoints'], ports: slice['ports'] }
}

/**
 * A newer state of a slice, with the very objects of the one before wherever nothing changed. A change is of one endpoint mostly: the others
 * are then not read again, and what is said of them a second time is not kept beside what was said first.
 */
export function renewed(before: Slice | undefined, next: Slice): Slice {
  if (before === undefined || !Array.isArray(before.endpoints) || !Array.isArray(next.endpoints)) return next
  const known = lookupIn<unknown>(before.endpoints, addressOf)
  const endpoints = next.endpoints.map((endpoint: unknown) => {
    const same = known(addressOf(endpoint))
    return isSameJson(same, endpoint) ? same : endpoint
  })
  return { ...next, endpoints, labels: isSameJson(before.labels, next.labels) ? before.labels : next.labels }
}

/** The address of an endpoint, which tells those of one slice apart; undefined for what is none. Further ones are other ways to the same pod, not further pods. */
export function addressOf(endpoint: unknown): unknown {
  const addresses = recordOf(endpoint)?.['addresses']
  return Array.isArray(addresses) ? addresses[0] : undefined
}
