// What the main process adds to the workers' metrics: how fresh discovery is, which table is in force, how the workers are.
import { endpointsOf, modeOf } from '../../model/endpoint.ts'
import type { EndpointSet } from '../../model/endpoint.ts'
import type { RefStatus } from '../../model/ref-status.ts'
import type { ServiceEndpoints, Snapshot } from '../../model/snapshot.ts'
import type { StoreStatus } from '../../model/store.ts'
import type { CatalogStatus, RefusedTag } from '../../model/tagged.ts'
import { isUsable } from '../../proxy/usable.ts'
import { arrange, useOf } from '../../proxy/view.ts'
import type { MetricName, Sample } from '../../telemetry/metrics.ts'
import type { AdminSource } from './source.ts'

/** The samples at this moment (wall clock, milliseconds). */
export function mainSamples(source: AdminSource, wallClock: number): Sample[] {
  const snapshot = source.snapshot()
  const { tablesRejected, workerRestarts } = source.counts()
  return [
    ...(snapshot === undefined ? [] : [...discoverySamples(snapshot, source, wallClock), ...tableSamples(snapshot)]),
    ...source.watches().flatMap(watchSamples),
    ...storeSamples(source.store()),
    ...source.catalogs().flatMap(catalogSamples),
    ...tagSamples(source.refusedTags()),
    ...source.announcements().map(({ registry, state }) => sample('announced', { registry, state }, 1)),
    sample('tables_rejected_total', {}, tablesRejected),
    ...(['starting', 'running', 'silent', 'draining'] as const).map((state) => sample('workers', { state }, source.workers().filter((worker) => worker.state === state).length)),
    sample('worker_restarts_total', {}, workerRestarts),
    sample('start_timestamp_seconds', {}, source.startedAt / 1000),
    sample('build_info', { version: source.version }, 1),
  ]
}

function storeSamples(store: StoreStatus | undefined): Sample[] {
  if (store === undefined) return []
  const { mode, lastSuccess, lastGood } = store
  return [
    sample('store_mode', { mode }, 1),
    ...(lastSuccess === undefined ? [] : [sample('store_last_success_timestamp_seconds', {}, lastSuccess / 1000)]),
    ...(lastGood === undefined ? [] : [sample('last_good_table_fault', {}, lastGood.fault === undefined ? 0 : 1)]),
  ]
}

function catalogSamples({ registry, mode, services, lastSuccess }: CatalogStatus): Sample[] {
  return [
    sample('catalog_mode', { registry, mode }, 1),
    sample('catalog_services', { registry }, services),
    ...(lastSuccess === undefined ? [] : [sample('catalog_last_success_timestamp_seconds', { registry }, lastSuccess / 1000)]),
  ]
}

function tagSamples(refused: readonly RefusedTag[]): Sample[] {
  const counts = Map.groupBy(refused, ({ registry, kind }) => JSON.stringify({ registry, kind }))
  return [...counts].map(([labels, tags]) => sample('refused_tags', JSON.parse(labels) as Readonly<Record<string, string>>, tags.length))
}

function discoverySamples({ table, services }: Snapshot, source: AdminSource, wallClock: number): Sample[] {
  const refs = new Set(table.services.flatMap(({ from }) => from))
  return [...[...refs].flatMap((ref) => refSamples(ref, source.setOf(ref), wallClock)), ...services.flatMap(serviceSamples)]
}

/** Which of its references a service goes by, in numbers. */
function serviceSamples(service: ServiceEndpoints): Sample[] {
  const arrangement = arrange(service)
  const counts = service.origins.map(() => ({ used: 0, last: 0, reserve: 0, none: 0 }))
  for (const candidate of arrangement.candidates) {
    const count = counts[candidate.from.origin] as (typeof counts)[number]
    count[useOf(arrangement, candidate)]++
  }
  return counts.flatMap((count, i) => Object.entries(count).map(([use, value]) => sample('service_endpoints', { service: service.config.name, reference: service.origins[i]?.ref ?? '', use }, value)))
}

function refSamples(ref: string, set: EndpointSet, wallClock: number): Sample[] {
  const labels = labelsOf(ref)
  const endpoints = endpointsOf(set)
  const usable = endpoints.filter(isUsable).length
  return [
    ...(set.kind === 'pending' || set.at === 0 ? [] : [sample('discovery_age_seconds', labels, Math.max(0, wallClock - set.at) / 1000)]),
    sample('discovery_mode', { ...labels, mode: modeOf(set) }, 1),
    sample('discovery_endpoints', { ...labels, usable: 'yes' }, usable),
    sample('discovery_endpoints', { ...labels, usable: 'no' }, endpoints.length - usable),
  ]
}

function watchSamples(status: RefStatus): Sample[] {
  const labels = labelsOf(status.ref)
  return [
    ...Object.entries(status.attempts).map(([outcome, count]) => sample('discovery_attempts_total', { ...labels, outcome }, count)),
    ...(status.lastSuccess === undefined ? [] : [sample('discovery_last_success_timestamp_seconds', labels, status.lastSuccess / 1000)]),
    ...(status.lastAttempt === undefined ? [] : [sample('discovery_last_attempt_timestamp_seconds', labels, status.lastAttempt / 1000)]),
    sample('discovery_consecutive_failures', labels, status.failures),
    sample('discovery_changes_total', labels, status.changes),
    sample('discovery_missed_changes_total', labels, status.missedChanges),
    sample('discovery_rejected_entries', labels, status.rejected.length),
  ]
}

function labelsOf(ref: string): { readonly registry: string; readonly service: string } {
  const slash = ref.indexOf('/')
  return { registry: ref.slice(0, slash), service: ref.slice(slash + 1) }
}

function tableSamples({ revision }: Snapshot): Sample[] {
  return [
    sample('table_revision', {}, revision.number),
    sample('table_info', { hash: revision.hash, origin: revision.origin }, 1),
    sample('table_applied_timestamp_seconds', {}, revision.at / 1000),
  ]
}

function sample(metric: MetricName, labels: Readonly<Record<string, string>>, value: number): Sample {
  return { metric, labels, value }
}
