// One row of Nomad's service API as an instance. Nomad has no fields for weight, zone and metadata: tags say them.
import type { Rejection } from '../../src/model/discoverer.ts'
import type { Instance } from '../reading.ts'

/** A registration: an instance whose health is not known yet, and where it can be asked for. */
export interface Registration {
  readonly instance: Instance
  readonly namespace: string
  /** Undefined for what no allocation stands behind. */
  readonly allocation: string | undefined
  /** The machine that runs it, Nomad's node. */
  readonly node: string | undefined
}

/** Reads a row that was listed in a namespace. */
export function readRegistration(row: unknown, position: number, namespace: string): { readonly registration: Registration } | { readonly rejection: Rejection } {
  const fields = typeof row === 'object' && row !== null && !Array.isArray(row) ? (row as Record<string, unknown>) : {}
  const { ID: id, AllocID: allocation, NodeID: node, Datacenter: datacenter } = fields
  if (typeof id !== 'string' || id === '') return { rejection: { id: `#${position}`, reason: 'is not a registration with an ID' } }
  const said = readTags(fields['Tags'])
  const instance: Instance = {
    // Ids of other namespaces may be the same: operators can restore them.
    id: instanceId(namespace, id),
    host: fields['Address'],
    port: fields['Port'],
    weight: said.weight,
    zone: said.zone ?? (typeof datacenter === 'string' && datacenter !== '' ? datacenter : undefined),
    tags: said.tags,
    meta: said.meta,
    health: 'unknown',
  }
  return { registration: { instance, namespace, allocation: nameOf(allocation), node: nameOf(node) } }
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w-]{1,128}$/.test(value) ? value : undefined
}

/** The id of an instance; events name its two parts as well. */
export function instanceId(namespace: string, registration: string): string {
  return `${namespace}/${registration}`
}

/** The namespace of an instance, by its id. */
export function namespaceOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf('/')))
}

/** Whether an instance carries a tag. */
export function hasTag(instance: Instance, tag: string): boolean {
  return Array.isArray(instance.tags) && instance.tags.includes(tag)
}

const OWN = /^fairlead\.(weight|zone|meta\.([^=]+))=([^]*)$/

// Our own tags say what Nomad has no field for and are taken out; all others stay as they are, with no meaning here. While an
// allocation is a canary, Nomad lists it with its `canary_tags` in place of its tags, so those say a canary's weight as well.
function readTags(written: unknown): { readonly tags: unknown; readonly weight?: unknown; readonly zone?: string; readonly meta: Readonly<Record<string, string>> } {
  const meta = Object.create(null) as Record<string, string>
  if (!Array.isArray(written)) return { tags: written, meta }
  const tags: unknown[] = []
  let weight: unknown
  let zone: string | undefined
  for (const tag of written) {
    const [, name, key, value = ''] = (typeof tag === 'string' ? OWN.exec(tag) : null) ?? []
    if (name === undefined) tags.push(tag)
    else if (key !== undefined) meta[key] = value
    else if (name === 'zone') zone = value
    // What is no number is refused by name where weights are checked.
    else weight = /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
  }
  return { tags, weight, meta, ...(zone === undefined ? {} : { zone }) }
}
