// Consul as a source of endpoints.
import type { Adapter } from './adapter.ts'
import { consulOptions } from './consul-options.ts'

/** The Consul adapter. */
export const consul: Adapter = {
  type: 'consul',
  doc: 'Endpoints from the health API of a Consul agent, followed by blocking queries.',
  needs: ['fetch'],
  schema: consulOptions,
  ref: {
    example: 'consul/web?tag=v2',
    options: {
      tag: 'Only instances with this tag; several, separated by commas, must all be there.',
      dc: 'Datacenter to ask for.',
      filter: 'Filter expression of Consul, such as `Service.Meta.version == "2"` (percent-encoded).',
      ns: 'Namespace (Consul Enterprise).',
      partition: 'Admin partition (Consul Enterprise).',
    },
  },
  create() {
    throw new Error('the Consul adapter is being written')
  },
}
