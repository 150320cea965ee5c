// GET /api/services and /api/endpoints: what is known of each service in use, from where, and how old it is.
import type { EndpointsAnswer, OriginView, ServiceView, ServicesAnswer } from '../../model/admin.ts'
import { endpointsOf } from '../../model/endpoint.ts'
import type { EndpointSet } from '../../model/endpoint.ts'
import type { ServiceEndpoints } from '../../model/snapshot.ts'
import { isUsable } from '../../proxy/usable.ts'
import { addressText, viewEndpoint, viewSet } from '../../proxy/view.ts'
import { countsByService } from './counts.ts'
import type { CountsByName } from './counts.ts'
import type { AdminSource } from './source.ts'

export async function servicesAnswer(source: AdminSource, wallClock: number): Promise<ServicesAnswer> {
  const snapshot = source.snapshot()
  if (snapshot === undefined) return { services: [] }
  const counts = countsByService(await source.instruments(), snapshot.table)
  return { services: snapshot.services.map((service) => viewService(service, source, counts, wallClock)) }
}

/** Endpoints of one service or of all; undefined when there is no such service. */
export function endpointsAnswer(source: AdminSource, name: string | undefined, wallClock: number): EndpointsAnswer | undefined {
  const all = source.snapshot()?.services ?? []
  const services = name === undefined ? all : all.filter(({ config }) => config.name === name)
  if (name !== undefined && services.length === 0) return undefined
  return {
    services: services.map(({ config, set }) => ({
      name: config.name,
      set: viewSet(set, wallClock),
      endpoints: endpointsOf(set).map((endpoint) => viewEndpoint(endpoint, config, wallClock)),
    })),
  }
}

function viewService(service: ServiceEndpoints, source: AdminSource, counts: CountsByName, wallClock: number): ServiceView {
  const { config, set } = service
  return {
    name: config.name,
    from: [...config.from, ...config.endpoints.map(({ host, port }) => addressText(host, port))],
    origins: viewOrigins(service, source, wallClock),
    balance: config.balance.kind,
    set: viewSet(set, wallClock),
    endpoints: endpointsOf(set).length,
    usable: service.all.states.length,
    subsets: Object.fromEntries(Object.entries(service.subsets).map(([name, pool]) => [name, pool.states.length])),
    counts: counts.of(config.name),
  }
}

function viewOrigins({ config, set }: ServiceEndpoints, source: AdminSource, wallClock: number): OriginView[] {
  const view = (ref: string, own: EndpointSet): OriginView => {
    const endpoints = endpointsOf(own)
    return { ref, set: viewSet(own, wallClock), endpoints: endpoints.length, usable: endpoints.filter(isUsable).length, used: own === set }
  }
  const origins = config.from.map((ref) => view(ref, source.setOf(ref)))
  if (config.endpoints.length === 0) return origins
  // Addresses in the table are used when no reference is: they come last and are always there.
  if (!origins.some(({ used }) => used)) return [...origins, view('static', set)]
  const count = config.endpoints.length
  return [...origins, { ref: 'static', set: { kind: 'ready', age: 0 }, endpoints: count, usable: count, used: false }]
}
