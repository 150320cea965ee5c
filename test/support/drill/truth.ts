// Whether all that tells people how a service is tells them the same: the admin server, its explanation of a request, the metrics.
import type { EndpointsAnswer, EndpointView, OriginView, ServiceEndpointsView, ServicesAnswer, WatchesAnswer } from '../../../src/model/admin.ts'
import type { RefStatus } from '../../../src/model/ref-status.ts'
import type { RequestExplanation } from '../../../src/proxy/explain-request.ts'
import type { DrillGateway } from './gateway.ts'
import { readSamples, type ReadSample } from './samples.ts'

export interface Doubts {
  /** What contradicts each other although nothing changed while it was asked for. */
  readonly untrue: readonly string[]
  /** What has to follow from the mode before long. */
  readonly unsettled: readonly string[]
}

/** When everything was asked for, wall clock milliseconds, so how far two ages of the same may be apart. */
interface Times {
  readonly from: number
  readonly to: number
}

/** Asks everybody about a service. Undefined when something about it changed meanwhile. */
export async function doubtsAbout(gateway: DrillGateway, service: string): Promise<Doubts | undefined> {
  const before = await gateway.admin<WatchesAnswer>('/api/watches')
  const from = Date.now()
  const [services, endpoints, metrics, explained] = await Promise.all([
    gateway.admin<ServicesAnswer>('/api/services'),
    gateway.admin<EndpointsAnswer>(`/api/endpoints?service=${service}`),
    gateway.metrics(),
    gateway.admin<RequestExplanation>('/api/explain', { url: `http://${service}.drill/`, roll: 0 }),
  ])
  const times = { from, to: Date.now() }
  const after = await gateway.admin<WatchesAnswer>('/api/watches')
  const [shown] = endpoints.services
  const origins = services.services.find(({ name }) => name === service)?.origins ?? []
  const watches = origins.map(({ ref }) => after.watches.find((watch) => watch.ref === ref)).filter((watch) => watch !== undefined)
  if (shown === undefined || watches.some((watch) => !same(watch, before.watches.find(({ ref }) => ref === watch.ref)))) return undefined

  const samples = readSamples(metrics)
  return {
    untrue: [
      ...unlike('the references in /api/services', ageless(origins), 'in /api/endpoints', ageless(shown.origins)),
      ...explainedOtherwise(shown, explained),
      ...watches.flatMap((watch) => measuredOtherwise(watch, samples)),
      ...origins.flatMap((origin) => [...countedOtherwise(origin, watches, samples), ...usedOtherwise(service, origin, shown.endpoints, samples), ...agedOtherwise(origin, watches, shown.endpoints, samples, times)]),
    ],
    unsettled: watches.flatMap(unlikely),
  }
}

/** What explain says of where a request goes. A route that leads elsewhere says nothing of this service. */
function explainedOtherwise(shown: ServiceEndpointsView, { winner, destination }: RequestExplanation): string[] {
  if (winner?.route !== shown.name) return [`/api/explain has the route ${winner?.route ?? 'none'} for ${shown.name}`]
  if (destination?.service !== shown.name) return []
  const { set, origins, endpoints } = destination
  return unlike('/api/explain', ageless({ set, origins, endpoints }), '/api/endpoints', ageless({ set: shown.set, origins: shown.origins, endpoints: shown.endpoints }))
}

/** The metrics of a watched reference against its watch. */
function measuredOtherwise(watch: RefStatus, samples: readonly ReadSample[]): string[] {
  const own = ofRef(watch.ref, samples)
  const number = (name: string, wanted: number | undefined): string[] => unlike(`${name} of ${watch.ref}`, own(name).map(({ value }) => value), '/api/watches', wanted === undefined ? [] : [wanted])
  return [
    ...unlike(`discovery_mode of ${watch.ref}`, own('discovery_mode').map(({ labels, value }) => [labels['mode'], value]), '/api/watches', [[watch.mode, 1]]),
    ...unlike(`discovery_attempts_total of ${watch.ref}`, Object.fromEntries(own('discovery_attempts_total').map(({ labels, value }) => [labels['outcome'], value])), '/api/watches', watch.attempts),
    ...number('discovery_consecutive_failures', watch.failures),
    ...number('discovery_changes_total', watch.changes),
    ...number('discovery_missed_changes_total', watch.missedChanges),
    ...number('discovery_rejected_entries', watch.rejected.length),
    ...number('discovery_last_success_timestamp_seconds', watch.lastSuccess === undefined ? undefined : watch.lastSuccess / 1000),
    ...number('discovery_last_attempt_timestamp_seconds', watch.lastAttempt === undefined ? undefined : watch.lastAttempt / 1000),
  ]
}

/** How many endpoints a reference has, and how many of them may get requests. */
function countedOtherwise({ ref, set, endpoints, usable }: OriginView, watches: readonly RefStatus[], samples: readonly ReadSample[]): string[] {
  const watch = watches.find((one) => one.ref === ref)
  if (watch === undefined) return []
  const measured = Object.fromEntries(ofRef(ref, samples)('discovery_endpoints').map(({ labels, value }) => [labels['usable'], value]))
  return [
    ...unlike(`discovery_endpoints of ${ref}`, measured, '/api/services', { yes: usable, no: endpoints - usable }),
    ...unlike(`/api/watches of ${ref}`, [watch.mode, watch.endpoints], '/api/services', [set.mode, endpoints]),
  ]
}

/** How many endpoints a service takes from a reference, by how it uses them. */
function usedOtherwise(service: string, { ref }: OriginView, endpoints: readonly EndpointView[], samples: readonly ReadSample[]): string[] {
  const measured = samples.filter(({ name, labels }) => name === 'service_endpoints' && labels['service'] === service && labels['reference'] === ref)
  const counts = { used: 0, last: 0, reserve: 0, none: 0 }
  for (const endpoint of endpoints) if (endpoint.ref === ref) counts[endpoint.use]++
  return unlike(`service_endpoints of ${ref}`, Object.fromEntries(measured.map(({ labels, value }) => [labels['use'], value])), '/api/endpoints', counts)
}

/** When the registry confirmed it last: one moment for all, and none while there was none. */
function agedOtherwise({ ref, set }: OriginView, watches: readonly RefStatus[], endpoints: readonly EndpointView[], samples: readonly ReadSample[], { from, to }: Times): string[] {
  const watch = watches.find((one) => one.ref === ref)
  if (watch === undefined) return []
  const measured = ofRef(ref, samples)('discovery_age_seconds').map(({ value }) => value * 1000)
  const ages = [set.age, ...endpoints.filter((endpoint) => endpoint.ref === ref).map(({ confirmed }) => confirmed), ...(measured.length === 0 ? [null] : measured)]
  const { lastSuccess } = watch
  const fits = (age: number | null): boolean => (age === null || lastSuccess === undefined ? age === null && lastSuccess === undefined : age >= from - lastSuccess - 1 && age <= to - lastSuccess + 1)
  const wrong = ages.filter((age) => !fits(age))
  return wrong.length === 0 ? [] : [`${ref} is ${wrong.join(' and ')} ms old, but was confirmed ${lastSuccess === undefined ? 'never' : `${from - lastSuccess} to ${to - lastSuccess} ms ago`}`]
}

/** What a mode cannot be without. What was heard is counted at once, and what follows from it is told when readers take it. */
function unlikely({ ref, mode, failures, lastError, lastSuccess, endpoints }: RefStatus): string[] {
  const wrong = {
    live: failures > 0 && `${failures} failures`,
    absent: failures > 0 && `${failures} failures`,
    pending: (lastSuccess !== undefined || endpoints > 0) && 'an answer',
    stale: (failures === 0 || lastError?.outcome !== 'failed') && `${failures} failures, the last one ${lastError?.outcome ?? 'never'}`,
    denied: lastError?.outcome !== 'denied' && `its last error ${lastError?.outcome ?? 'never'}`,
    guarded: endpoints === 0 && 'no endpoints',
    disk: endpoints === 0 && 'no endpoints',
  }[mode]
  return wrong === false ? [] : [`${ref} is ${mode} with ${wrong}`]
}

function ofRef(ref: string, samples: readonly ReadSample[]): (name: string) => readonly ReadSample[] {
  const slash = ref.indexOf('/')
  const own = samples.filter(({ labels }) => labels['registry'] === ref.slice(0, slash) && labels['service'] === ref.slice(slash + 1))
  return (name) => own.filter((sample) => sample.name === name)
}

/** A copy without what goes on while nothing changes. */
function ageless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'age' || key === 'confirmed' ? undefined : part)))
}

function unlike(what: string, one: unknown, where: string, other: unknown): string[] {
  return same(one, other) ? [] : [`${what}: ${JSON.stringify(one)}, but ${where}: ${JSON.stringify(other)}`]
}

/** Whether two plain values are the same, in whatever order their fields are. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]))
}
