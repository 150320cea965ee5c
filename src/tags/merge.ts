// Routes from tags behind the table that one hand wrote: its routes are declared first, and none of its names is taken.
import type { TableConfig } from '../model/table-config.ts'

/** One table of both. */
export function mergeTables(written: TableConfig, tagged: TableConfig): TableConfig {
  const services = new Map(written.services.map((service) => [service.name, service]))
  const renamed = new Map<string, string>()
  for (const service of tagged.services) {
    const known = services.get(service.name)
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(service)) continue
    const name = free(service.name, services)
    renamed.set(service.name, name)
    services.set(name, { ...service, name })
  }
  const taken = new Map(written.routes.map(({ name }) => [name, true]))
  const routes = tagged.routes.map((route) => {
    const name = free(route.name, taken)
    taken.set(name, true)
    const { action } = route
    if (action.kind !== 'forward') return { ...route, name }
    return { ...route, name, action: { ...action, to: action.to.map((one) => ({ ...one, service: renamed.get(one.service) ?? one.service })) } }
  })
  return { callers: written.callers, services: [...services.values()], routes: [...written.routes, ...routes] }
}

function free(name: string, taken: ReadonlyMap<string, unknown>): string {
  let candidate = name
  for (let i = 2; taken.has(candidate); i++) candidate = `${name}:${i}`
  return candidate
}
