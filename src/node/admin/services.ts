// GET /api/services and /api/endpoints: what is known of each service in use, from where, and how old it is.
import { canonicalName } from '../../config/destination.ts'
import type { EndpointsAnswer, ServiceEndpointsView, ServiceView, ServicesAnswer } from '../../model/admin.ts'
import type { ServiceEndpoints } from '../../model/snapshot.ts'
import { addressText, arrange, viewCandidate, viewOrigins, viewSet } from '../../proxy/view.ts'
import { countsByService } from './counts.ts'
import type { CountsByName } from './counts.ts'
import type { AdminSource } from './source.ts'

export async function servicesAnswer(source: AdminSource, wallClock: number): Promise<ServicesAnswer> {
  const snapshot = source.snapshot()
  if (snapshot === undefined) return { services: [] }
  const counts = countsByService(await source.instruments(), snapshot.table)
  return { services: snapshot.services.map((service) => viewService(service, counts, wallClock)) }
}

/** Endpoints of one service or of all, the first `limit` of them; undefined when there is no such service. */
export function endpointsAnswer(source: AdminSource, name: string | undefined, limit: number, wallClock: number): EndpointsAnswer | undefined {
  const all = source.snapshot()?.services ?? []
  const services = name === undefined ? all : all.filter(({ config }) => config.name === name || config.name === canonicalName(name))
  if (name !== undefined && services.length === 0) return undefined
  let left = limit
  return {
    services: services.map((service) => {
      const view = viewEndpoints(service, left, wallClock)
      left -= view.endpoints.length
      return view
    }),
  }
}

function viewEndpoints(service: ServiceEndpoints, limit: number, wallClock: number): ServiceEndpointsView {
  const arrangement = arrange(service)
  const shown = arrangement.candidates.slice(0, limit)
  return {
    name: service.config.name,
    merge: service.config.merge === true,
    set: viewSet(service.set, wallClock),
    origins: viewOrigins(arrangement, wallClock),
    endpoints: shown.map((candidate) => viewCandidate(arrangement, candidate, wallClock)),
    omitted: arrangement.candidates.length - shown.length,
  }
}

function viewService(service: ServiceEndpoints, counts: CountsByName, wallClock: number): ServiceView {
  const { config, set } = service
  const arrangement = arrange(service)
  return {
    name: config.name,
    from: [...config.from, ...config.endpoints.map(({ host, port }) => addressText(host, port))],
    origins: viewOrigins(arrangement, wallClock),
    merge: config.merge === true,
    balance: config.balance.kind,
    set: viewSet(set, wallClock),
    endpoints: arrangement.candidates.length,
    usable: service.all.states.length,
    subsets: Object.fromEntries(Object.entries(service.subsets).map(([name, pool]) => [name, pool.states.length])),
    counts: counts.of(config.name),
  }
}
