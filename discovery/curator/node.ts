// One instance of Curator's service discovery, as ServiceInstance is written in JSON.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import type { CuratorOptions } from './options.ts'
import { recordOf } from '../json.ts'
import type { Instance } from '../reading.ts'
import { tagsOf } from '../text.ts'
import { fieldOf, parseJson } from '../zookeeper/json.ts'
import type { Decoded } from '../zookeeper/nodes.ts'

/** An instance with both of its ports; which is used, the reference says. */
export interface CuratorInstance {
  readonly instance: Omit<Instance, 'port'>
  readonly port: unknown
  readonly sslPort: unknown
}

const BRACE = 0x7b
/** What every instance is written with. */
const FIELDS = ['id', 'name', 'address', 'serviceType']

/** Reads a node. One without data is none of ours: locks, folders and configuration stand there too, with data of their own. */
export function decodeCuratorNode(name: string, data: Uint8Array, options: CuratorOptions): Decoded<CuratorInstance> {
  if (data.byteLength === 0) return undefined
  const written = parseJson(data)
  // An instance is an object, also one that is half written.
  if (written === undefined) return { reason: 'is no JSON', foreign: data[0] !== BRACE }
  if (typeof fieldOf(written, 'address') !== 'string') return { reason: 'is no instance: it has no address', foreign: FIELDS.every((field) => fieldOf(written, field) === undefined) }
  const payload = fieldOf(written, 'payload')
  const { health, draining } = stateOf(written, payload)
  const instance = {
    id: name,
    host: fieldOf(written, 'address'),
    weight: numberOf(lookUp(payload, options.weightField)),
    zone: lookUp(payload, options.zoneField),
    tags: tagsOf(lookUp(payload, options.tagsField)),
    meta: metaOf(payload),
    health,
    draining,
  }
  return { value: { instance, port: fieldOf(written, 'port'), sslPort: fieldOf(written, 'sslPort') } }
}

// `enabled` is written only outside Curator's compatible mode, and absent means true. Spring Cloud Zookeeper has a status of its own.
function stateOf(written: unknown, payload: unknown): { readonly health: EndpointHealth; readonly draining: boolean } {
  const status = fieldOf(fieldOf(payload, 'metadata'), 'instance_status')
  if (fieldOf(written, 'enabled') === false || status === 'OUT_OF_SERVICE') return { health: 'maintenance', draining: true }
  if (status === 'UP') return { health: 'passing', draining: false }
  return { health: typeof status === 'string' ? 'critical' : 'unknown', draining: false }
}

// Payloads are data only: an `@class` in them names a Java class, and is never acted on.
function lookUp(payload: unknown, path: string): unknown {
  const walk = (from: unknown): unknown => path.split('.').reduce<unknown>((value, key) => fieldOf(value, key), from)
  return walk(payload) ?? walk(fieldOf(payload, 'metadata'))
}

// Maps from text to text, such as Spring's metadata, write numbers as text.
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,5}(?:\.\d{1,9})?$/.test(value) ? Number(value) : value
}

// Plain values only, of the payload and of its `metadata`.
function metaOf(payload: unknown): Readonly<Record<string, string>> {
  const meta = Object.create(null) as Record<string, string>
  for (const holder of [payload, fieldOf(payload, 'metadata')]) {
    for (const [key, value] of Object.entries(recordOf(holder) ?? {})) {
      if (key !== '@class' && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')) meta[key] = String(value)
    }
  }
  return meta
}
