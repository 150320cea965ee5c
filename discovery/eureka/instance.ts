// An instance of Eureka's as the machinery takes it: which address and port, what its status means.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import type { Rejection } from '../../src/model/discoverer.ts'
import type { EurekaOptions } from './options.ts'
import { keyOf } from './view.ts'
import { numeric, type Row } from './wire.ts'
import type { Instance } from '../reading.ts'
import { tagsOf } from '../text.ts'

// Only UP may get requests. An operator takes an instance out of service; STARTING, DOWN and UNKNOWN are what it, or its
// server, says of itself.
const HEALTH: Readonly<Record<string, EndpointHealth>> = { UP: 'passing', OUT_OF_SERVICE: 'maintenance' }

/** How instances become endpoints. */
export type InstanceOptions = Pick<EurekaOptions, 'host' | 'secure' | 'weightKey' | 'zoneKey' | 'tagsKey'>

/** One instance, or why it cannot be one. */
export function readInstance(row: Row, options: InstanceOptions): { readonly instance: Instance } | { readonly rejection: Rejection } {
  const id = keyOf(row)
  const port = options.secure ? row.securePort : row.port
  if (!port.enabled) return { rejection: { id, reason: options.secure ? 'has no secure port that is enabled' : `its port is not enabled${row.securePort.enabled ? '; its secure port is, which secure: true or ?secure=true uses' : ''}` } }
  const health = HEALTH[row.status] ?? 'critical'
  const hosts = options.host === 'ip' ? [row.ipAddr, row.hostName] : [row.hostName, row.ipAddr]
  const instance: Instance = {
    id,
    host: hosts.find((host) => typeof host === 'string' && host !== ''),
    port: port.number,
    weight: numeric(row.meta[options.weightKey]),
    zone: [row.meta[options.zoneKey], row.availabilityZone].find((zone) => zone !== undefined && zone !== ''),
    tags: tagsOf(row.meta[options.tagsKey]),
    meta: row.meta,
    health,
    draining: health === 'maintenance',
  }
  return { instance }
}
