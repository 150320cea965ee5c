// What the admin server shows of a service, as one line that a drill can name, and whether its parts agree.
import type { EndpointsAnswer, EndpointView, ServicesAnswer, WatchesAnswer } from '../../../src/model/admin.ts'
import type { DrillGateway } from './gateway.ts'

/** What is shown of one service. */
export interface ShownState {
  /**
   * `live a,b`, `stale a,b`, `guarded a,b,c`, `live a,b(draining)`, `live a,b(reserve)`, `pending`: mode of the first watch that is used, or of
   * the first one, then the endpoints by name; `reserve` are those of another reference that wait.
   */
  readonly text: string
  /** Why it is not live; empty when it is. */
  readonly cause: string
  /** Milliseconds since the registry last confirmed it; undefined when it never did. */
  readonly age: number | undefined
}

/** Asks for the state of a service. `nameOf` names an address. Throws when two answers of the admin server contradict each other. */
export async function shownState(gateway: DrillGateway, service: string, nameOf: (address: string) => string): Promise<ShownState> {
  const { watches } = await gateway.admin<WatchesAnswer>('/api/watches')
  const { services } = await gateway.admin<ServicesAnswer>('/api/services')
  const endpoints = (await gateway.admin<EndpointsAnswer>(`/api/endpoints?service=${service}`)).services[0]?.endpoints ?? []
  const origins = services.find(({ name }) => name === service)?.origins ?? []
  const origin = origins.find(({ used }) => used) ?? origins[0]
  if (origin === undefined) throw new Error(`the admin server shows no origin of ${service}`)
  const mode = watches.find(({ ref }) => ref === origin.ref)?.mode ?? 'static'
  const kinds = { live: 'ready', static: 'ready', absent: 'absent', pending: 'pending', stale: 'stale', guarded: 'stale', denied: 'stale', disk: 'stale' } as const
  const { kind, cause, age } = origin.set
  if (kinds[mode] !== kind && mode !== 'denied') throw new Error(`the watch of ${origin.ref} is ${mode}, but its set is ${kind}`)
  if ((kind === 'stale') !== (cause !== undefined) && kind !== 'pending') throw new Error(`the set of ${origin.ref} is ${kind} and its cause ${cause?.message ?? 'missing'}`)
  const names = endpoints.map((endpoint) => nameOf(endpoint.address) + marksOf(endpoint, origin.ref)).sort()
  return { text: `${mode} ${names.join(',')}`.trim(), cause: cause?.message ?? '', age: age ?? undefined }
}

function marksOf({ draining, health, use, ref }: EndpointView, used: string): string {
  if (use === 'reserve' && ref !== used) return '(reserve)'
  if (draining) return '(draining)'
  return health === 'critical' || health === 'maintenance' ? `(${health})` : ''
}
