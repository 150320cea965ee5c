// From the endpoints of a service to the instances whose labels make its routes.
import { ANY_LABEL, endpointsOf, isInService, labelsOf, type Endpoint, type EndpointSet } from '../model/endpoint.ts'
import type { TaggedInstance } from '../model/tagged.ts'
import { cutLabel } from './cut.ts'
import { dialects } from './list.ts'
import { isRegistryLabel } from './registry-labels.ts'

/** The instances of a set, in the order of their ids. */
export function instancesOf(set: EndpointSet): readonly TaggedInstance[] {
  return endpointsOf(set)
    .map((endpoint): TaggedInstance => ({ id: endpoint.id, labels: spokenLabels(endpoint), port: endpoint.port, usable: isInService(endpoint) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The labels that some dialect speaks, and beside them those that might say something of the instance, in the order of their texts: the order of tags means nothing. */
function spokenLabels(endpoint: Endpoint): readonly string[] {
  const spoken = (label: string): boolean => dialects.some((dialect) => dialect.speaks(label))
  const all = labelsOf(endpoint)
  const found = [...all.filter(spoken), ...(endpoint.cut ?? []).filter((beginning) => beginning === ANY_LABEL || spoken(beginning)).map(cutLabel)]
  return found.length === 0 ? [] : [...new Set([...found, ...all.filter(isRegistryLabel)])].sort()
}
