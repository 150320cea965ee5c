// One row of Consul's health API as an instance.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import type { Rejection } from '../../src/model/discoverer.ts'
import { recordOf, textOf } from '../json.ts'
import type { Instance } from '../reading.ts'
import { printable } from '../text.ts'

/** Reads a row. Undefined for what is no plain service: mesh proxies and gateways have a kind. */
export function readEntry(row: unknown, position: number, zoneKey: string): { readonly instance: Instance } | { readonly rejection: Rejection } | undefined {
  const node = recordOf(recordOf(row)?.['Node'])
  const service = recordOf(recordOf(row)?.['Service'])
  const checks = recordOf(row)?.['Checks'] ?? []
  const id = service?.['ID']
  const refused = { rejection: { id: typeof id === 'string' ? printable(id) : `#${position}`, reason: 'is not a row with Node, Service and Checks' } }
  if (node === undefined || service === undefined || typeof id !== 'string' || !Array.isArray(checks)) return refused
  if (typeof service['Kind'] === 'string' && service['Kind'] !== '') return undefined
  const { health, presumed } = judge(checks)
  const weights = recordOf(service['Weights'])
  const instance: Instance = {
    // Ids are unique only on one agent.
    id: `${textOf(node['Node']) ?? ''}/${id}`,
    host: textOf(service['Address']) ?? node['Address'],
    port: service['Port'],
    weight: weights?.[health === 'warning' ? 'Warning' : 'Passing'],
    zone: zoneOf(service, node, zoneKey),
    tags: service['Tags'],
    meta: service['Meta'],
    health,
    draining: health === 'maintenance',
    presumed,
  }
  return { instance }
}

// The worst check counts. A node that is gone makes only its own check critical, for all its instances at once: that may be
// the fault of the network between the agents, so it is only presumed.
function judge(checks: readonly unknown[]): { readonly health: EndpointHealth; readonly presumed: boolean } {
  const all = checks.map((check) => ({ id: textOf(recordOf(check)?.['CheckID']) ?? '', status: recordOf(check)?.['Status'] }))
  if (all.some(({ id, status }) => status === 'critical' && isMaintenance(id))) return { health: 'maintenance', presumed: false }
  const critical = all.filter(({ status }) => status === 'critical')
  if (critical.length > 0) return { health: 'critical', presumed: critical.every(({ id }) => id === 'serfHealth') }
  if (all.some(({ status }) => status === 'warning')) return { health: 'warning', presumed: false }
  return { health: all.every(({ status }) => status === 'passing') ? 'passing' : 'unknown', presumed: false }
}

function isMaintenance(checkId: string): boolean {
  return checkId === '_node_maintenance' || checkId.startsWith('_service_maintenance:')
}

function zoneOf(service: Record<string, unknown>, node: Record<string, unknown>, zoneKey: string): string | undefined {
  const metaZone = (holder: Record<string, unknown>): string | undefined => textOf(ownOf(recordOf(holder['Meta']), zoneKey))
  const locality = (holder: Record<string, unknown>): string | undefined => textOf(recordOf(holder['Locality'])?.['Zone'])
  return metaZone(service) ?? metaZone(node) ?? locality(service) ?? locality(node)
}

function ownOf(record: Record<string, unknown> | undefined, key: string): unknown {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
