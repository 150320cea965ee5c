// Endpoint sets as differences to the ones before, for processes that have those: one endpoint of a thousand that changes should not
// cost a thousand. What did not change also stays the same object there.
import type { TableConfig } from '../model/table-config.ts'
import { endpointsOf, type Endpoint, type EndpointSet } from '../model/endpoint.ts'
import { placesIn } from '../model/lookup.ts'

/** A set in which an endpoint of the set before is told by its place there. */
export type SetDelta = Told<EndpointSet>

type Told<S> = S extends { readonly endpoints: readonly Endpoint[] } ? Omit<S, 'endpoints'> & { readonly endpoints: readonly (Endpoint | number)[] } : S

/** The difference to the set before, which the other side has; to nothing when there was none. */
export function deltaOf(before: EndpointSet | undefined, set: EndpointSet): SetDelta {
  if (set.kind === 'pending' || set.kind === 'absent') return set
  const had = known(before)
  const placeOf = placesIn(had, ({ id }) => id)
  const told = (endpoint: Endpoint): Endpoint | number => {
    const place = placeOf(endpoint.id)
    return place !== undefined && had[place] === endpoint ? place : endpoint
  }
  return { ...set, endpoints: set.endpoints.map(told) }
}

/** The set again. Throws when the set before is not the one that the difference was made to. */
export function applyDelta(before: EndpointSet | undefined, delta: SetDelta): EndpointSet {
  if (delta.kind === 'pending' || delta.kind === 'absent') return delta
  const endpoints = known(before)
  return { ...delta, endpoints: delta.endpoints.map((told) => (typeof told === 'number' ? at(endpoints, told) : told)) }
}

/** A set on the way from the one before, with as many endpoints that are not in that one as `admits` lets in; the set itself once it has all. */
export function towards(before: EndpointSet | undefined, set: EndpointSet, admits: (endpoint: Endpoint) => boolean): EndpointSet {
  if (set.kind === 'pending' || set.kind === 'absent') return set
  const familiar = new Set(known(before))
  const endpoints = set.endpoints.filter((endpoint) => familiar.has(endpoint) || admits(endpoint))
  return endpoints.length === set.endpoints.length ? set : { ...set, endpoints }
}

/** References that a table draws on. */
export function refsOf(config: TableConfig): ReadonlySet<string> {
  return new Set(config.services.flatMap(({ from }) => from))
}

/** Forgets the sets of other references. Both sides do it at each table. */
export function retainSets(sets: Map<string, EndpointSet>, used: ReadonlySet<string>): void {
  for (const ref of sets.keys()) if (!used.has(ref)) sets.delete(ref)
}

function known(set: EndpointSet | undefined): readonly Endpoint[] {
  return set === undefined ? [] : endpointsOf(set)
}

function at(endpoints: readonly Endpoint[], place: number): Endpoint {
  const endpoint = endpoints[place]
  if (endpoint === undefined) throw new Error(`a set refers to endpoint ${place} of one before that had ${endpoints.length}`)
  return endpoint
}
