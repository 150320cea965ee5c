// From what a registry wrote to endpoints: checked, bounded, each malformed entry refused alone.
import { ANY_LABEL, type Endpoint, type EndpointHealth } from '../src/model/endpoint.ts'
import type { Rejection } from '../src/model/discoverer.ts'
import { addressOf, readHost } from './host.ts'
import type { Instance } from './reading.ts'
import { isText, MAX_TAG, printable } from './text.ts'

export const MAX_INSTANCES = 10_000
const MAX_WEIGHT = 65_535
const MAX_LABELS = 128
/** Labels left out whose beginnings are kept, and how much of each. */
const MAX_CUT = 256
const CUT_TEXT = 100

/** Entries that passed, in the order of their ids, and what was refused. */
export interface Admitted {
  readonly endpoints: readonly Endpoint[]
  readonly rejected: readonly Rejection[]
  /** Ids of endpoints whose `critical` is only presumed. */
  readonly presumed: ReadonlySet<string>
}

export interface AdmitOptions {
  readonly registry: string
  readonly allowLinkLocal: boolean
  /** Wall clock, milliseconds; `learnedAt` of what is new. */
  readonly at: number
}

/** Checks every instance. */
export function admit(instances: readonly Instance[], options: AdmitOptions): Admitted {
  const rejected: Rejection[] = []
  const presumed = new Set<string>()
  const byId = new Map<string, Endpoint>()
  const refuse = ({ id }: Instance, reason: string): void => void rejected.push({ id: printable(id), reason })
  for (const instance of instances) {
    const endpoint = lastingOf(instance, options) ?? readNew(instance, options, (reason) => refuse(instance, reason))
    if (endpoint === undefined) continue
    if (byId.has(endpoint.id)) {
      refuse(instance, 'has the id of another entry')
      continue
    }
    byId.set(endpoint.id, endpoint)
    if (instance.presumed === true && endpoint.health === 'critical') presumed.add(endpoint.id)
  }
  return { endpoints: onePerAddress([...byId.values()]), rejected, presumed }
}

/** What instances that last were admitted as, those of which nothing was refused. */
const lasting = new WeakMap<Instance, { readonly registry: string; readonly allowLinkLocal: boolean; readonly endpoint: Endpoint }>()

function lastingOf(instance: Instance, { registry, allowLinkLocal }: AdmitOptions): Endpoint | undefined {
  const known = instance.lasting === true ? lasting.get(instance) : undefined
  return known?.registry === registry && known.allowLinkLocal === allowLinkLocal ? known.endpoint : undefined
}

function readNew(instance: Instance, options: AdmitOptions, refuse: (reason: string) => void): Endpoint | undefined {
  if (instance.lasting !== true) return read(instance, options, refuse)
  const { registry, allowLinkLocal } = options
  let isWhole = true
  const endpoint = read(instance, options, (reason) => {
    isWhole = false
    refuse(reason)
  })
  if (endpoint !== undefined && isWhole) lasting.set(instance, { registry, allowLinkLocal, endpoint })
  return endpoint
}

function read(instance: Instance, options: AdmitOptions, refuse: (reason: string) => void): Endpoint | undefined {
  if (!isText(instance.id) || instance.id === '') return void refuse('has an id that is empty, too long or has control characters')
  const host = readHost(instance.host, options.allowLinkLocal)
  if ('reason' in host) return void refuse(host.reason)
  const port = instance.port
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) return void refuse(`has no usable port: ${printable(JSON.stringify(port))}`)
  const cut: string[] = []
  const tags = readTags(instance.tags, cut, refuse)
  const meta = readMeta(instance.meta, cut, refuse)
  const zone = instance.zone ?? undefined
  const badZone = zone !== undefined && (!isText(zone) || zone === '')
  if (badZone) refuse('its zone is not a usable text and is left out')
  return {
    id: `${options.registry}/${instance.id}`,
    host: host.host,
    port,
    weight: readWeight(instance.weight, refuse),
    ...((instance.priority ?? 0) === 0 ? {} : { priority: instance.priority }),
    ...(zone === undefined || badZone ? {} : { zone }),
    tags,
    meta,
    ...(cut.length === 0 ? {} : { cut: cut.length > MAX_CUT ? [ANY_LABEL] : cut }),
    health: instance.health,
    draining: instance.draining ?? false,
    origin: options.registry,
    learnedAt: options.at,
  }
}

function readWeight(weight: unknown, refuse: (reason: string) => void): number {
  if (weight === undefined || weight === null) return 1
  if (typeof weight === 'number' && weight >= 0 && weight <= MAX_WEIGHT) return weight
  refuse(`its weight ${printable(JSON.stringify(weight))} is not a number from 0 to ${MAX_WEIGHT}; 1 is used`)
  return 1
}

function readTags(tags: unknown, cut: string[], refuse: (reason: string) => void): readonly string[] {
  if (tags === undefined || tags === null) return []
  const good = new Set<string>()
  let isWhole = Array.isArray(tags)
  for (const [place, tag] of (Array.isArray(tags) ? tags : []).entries()) {
    if (place < MAX_LABELS && isText(tag, MAX_TAG)) good.add(tag)
    else {
      isWhole = false
      if (typeof tag === 'string') cut.push(beginning(tag))
    }
  }
  if (!isWhole) refuse('some of its tags are too many, too long or have control characters, and are left out')
  return [...good]
}

// Without a prototype, so that a key `__proto__` is a key like any other.
function readMeta(meta: unknown, cut: string[], refuse: (reason: string) => void): Readonly<Record<string, string>> {
  const good = Object.create(null) as Record<string, string>
  if (meta === undefined || meta === null) return good
  const isRecord = typeof meta === 'object' && !Array.isArray(meta)
  let isWhole = isRecord
  for (const [place, [key, value]] of (isRecord ? Object.entries(meta) : []).entries()) {
    if (place < MAX_LABELS && isText(key) && isText(value, MAX_TAG)) good[key] = value
    else {
      isWhole = false
      cut.push(beginning(`${key}=`))
    }
  }
  if (!isWhole) refuse('some of its metadata is not text, too much, too long or has control characters, and is left out')
  return good
}

function beginning(label: string): string {
  return printable(label).slice(0, CUT_TEXT)
}

/** What drains and still serves is between the two kinds. */
const HEALTH_ORDER: Readonly<Record<EndpointHealth, number>> = { passing: 0, unknown: 1, warning: 2, critical: 10, maintenance: 11 }
const DRAINING = 5

// Two entries of one address are one server. It keeps its healthiest entry (an old registration may linger as critical),
// then the one that is to be used first, then the first id, with the tags and metadata of all.
function onePerAddress(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  // Where each has a host of its own no text needs to be made of any: thousands of lists a minute are read in a large estate.
  const isOneEach = (key: (endpoint: Endpoint) => string): boolean => new Set(endpoints.map(key)).size === endpoints.length
  if (isOneEach(({ host }) => host) || isOneEach(addressOf)) return [...endpoints].sort((a, b) => compare(a.id, b.id))
  const order = [...endpoints].sort((a, b) => rank(a) - rank(b) || (a.priority ?? 0) - (b.priority ?? 0) || compare(a.id, b.id))
  const byAddress = new Map<string, Endpoint>()
  for (const endpoint of order) {
    const address = addressOf(endpoint)
    const first = byAddress.get(address)
    byAddress.set(address, first === undefined ? endpoint : merge(first, endpoint))
  }
  return [...byAddress.values()].sort((a, b) => compare(a.id, b.id))
}

function rank(endpoint: Endpoint): number {
  return HEALTH_ORDER[endpoint.health] + (endpoint.draining ? DRAINING : 0)
}

function merge(first: Endpoint, other: Endpoint): Endpoint {
  const meta = Object.assign(Object.create(null) as Record<string, string>, other.meta, first.meta)
  const cut = [...new Set([...(first.cut ?? []), ...(other.cut ?? [])])]
  return { ...first, tags: [...new Set([...first.tags, ...other.tags])], meta, ...(cut.length === 0 ? {} : { cut }) }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
