// The table of a drill, as configuration.
import type { Backend } from './backend.ts'
import type { DrillPlan, DrillService } from './plan.ts'

/** One route and one service for each; `backend` knows the addresses of those that no registry is asked for. */
export function tableOf(services: DrillPlan['services'], backend: (name: string) => Backend): object {
  const all = Object.entries(services)
  return {
    services: Object.fromEntries(all.map(([name, service]) => [name, { ...placeOf(service, backend), balance: 'round-robin' }])),
    // As an operator who cares would have it: what a crash takes from an idempotent request is tried elsewhere.
    routes: all.map(([name, { to = name }]) => ({ name, match: `${name}.drill/**`, to, retry: { attempts: 2, on: ['connect', 'reset'] } })),
  }
}

function placeOf({ from, merge = false, backends }: DrillService, backend: (name: string) => Backend): object {
  return from.length > 0 ? { from, merge } : { endpoints: backends.map(backend).map(({ host, port }) => ({ host, port })) }
}
