// Nomad's own service discovery as a source of endpoints: lists that the event stream says when to read, joined with the state
// of the allocations' checks.
import type { ServiceRef } from '../src/model/discoverer.ts'
import type { Adapter } from './adapter.ts'
import { createDiscoverer } from './discoverer.ts'
import { TLS_PATHS } from './option-words.ts'
import { createNomadCatalog } from './nomad/catalog.ts'
import { nomadOptions } from './nomad/options.ts'
import { sharedOf } from './nomad/shared.ts'
import { NomadWatch } from './nomad/watch.ts'
import type { Source } from './reading.ts'

/** How often a service is listed while the event stream is silent, milliseconds: what it lost is found then. */
const LIST_EVERY = 45_000

/** The Nomad adapter. */
export const nomad: Adapter = {
  type: 'nomad',
  doc: 'Endpoints from the services that jobs register in Nomad itself (`provider = "nomad"`), read when the event stream says so, with the state of their checks.',
  needs: ['fetch'],
  paths: ['tokenFile', ...TLS_PATHS],
  schema: nomadOptions,
  ref: {
    example: 'nomad/web?tag=v2',
    options: {
      tag: 'Only instances with this tag; several, separated by commas, must all be there.',
      namespace: 'Namespace to look in, several separated by commas, or `*` for all that the token may read.',
      region: 'Region to ask for.',
      filter: 'Filter expression of Nomad, such as `JobID == "web-green"` (percent-encoded).',
    },
  },
  create(name, written, platform, capabilities = {}) {
    const shared = sharedOf(name, written, platform, capabilities)
    const open = (ref: ServiceRef, signal: AbortSignal): Pick<Source, 'read' | 'changes'> => {
      const watch = new NomadWatch(shared, ref, signal)
      return { read: (ask, own) => watch.read(ask, own), changes: { kind: 'poll', every: LIST_EVERY, hint: (_, own) => watch.hint(own) } }
    }
    return createDiscoverer({ registry: name, needs: ['fetch'], open }, platform, shared.options)
  },
  catalog: (name, written, platform, capabilities = {}) => createNomadCatalog(name, sharedOf(name, written, platform, capabilities)),
}
