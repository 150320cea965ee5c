// From the slices of a service to instances: which port, which addresses, what their conditions mean, each pod once.
import type { Rejection } from '../../src/model/discoverer.ts'
import { recordOf, textOf } from '../json.ts'
import type { K8sRef } from './ref.ts'
import { addressOf, type Slice } from './slice.ts'
import type { Instance } from '../reading.ts'
import { printable } from '../text.ts'

/** An instance, and what decides between it and another reading of the same pod. */
interface Row {
  readonly instance: Instance
  /** The zones that the cluster gives its traffic to; none without a hint. */
  readonly hinted: readonly unknown[]
}

interface Rows {
  readonly rows: readonly Row[]
  readonly rejected: readonly Rejection[]
}

/** Instances, and what was refused; or why there can be none. */
export type Found = { readonly instances: readonly Instance[]; readonly rejected: readonly Rejection[] } | { readonly problem: string }

/** Reads the slices of a service, in the order in which they were written. `zone` is the gateway's own. */
export function readEndpoints(all: readonly Slice[], ref: K8sRef, zone?: string): Found {
  const slices = ofFamily(all, ref.family)
  // A service without pods has a placeholder, a slice without endpoints and without ports (both are written as null): nothing is missing from it.
  const used = slices.filter(({ endpoints }) => (Array.isArray(endpoints) ? endpoints.length > 0 : (endpoints ?? undefined) !== undefined))
  const problem = used.length > 0 ? portProblem(used, ref) : undefined
  if (problem !== undefined) return { problem }
  const byPod = new Map<string, Row>()
  const rejected: Rejection[] = []
  for (const slice of slices) {
    const read = rowsOf(slice, ref.port)
    rejected.push(...read.rejected)
    // A pod that moves between slices is in both for a while: the one that was written last knows.
    for (const row of read.rows) byPod.set(row.instance.id, row)
  }
  const rows = [...byPod.values()]
  const hinted = areHintsOfUse(rows, zone)
  return { instances: rows.map(({ instance, hinted: zones }) => (hinted && zones.length > 0 ? withZone(instance, zones.includes(zone) ? zone : zones[0]) : instance)), rejected }
}

// Made for this reading alone: the next may find the hints of no use.
function withZone(instance: Instance, zone: unknown): Instance {
  return { ...instance, zone, lasting: false }
}

// As kube-proxy does: hints count once every endpoint that is ready has one, and the own zone is among them. One that is not ready or
// leaves has none as a rule, and a rolling update would send everybody's traffic elsewhere.
function areHintsOfUse(rows: readonly Row[], zone: string | undefined): boolean {
  const ready = rows.filter(({ instance }) => instance.health === 'passing' && instance.draining !== true)
  if (ready.length === 0 || ready.some(({ hinted }) => hinted.length === 0)) return false
  return zone === undefined || ready.some(({ hinted }) => hinted.includes(zone))
}

// A service of two families has each pod once in each: one of them is used, or every pod would get twice its share.
function ofFamily(slices: readonly Slice[], family: K8sRef['family']): readonly Slice[] {
  if (family !== undefined) return slices.filter((slice) => slice.family === family)
  const others = slices.filter((slice) => slice.family !== 'IPv6')
  return others.some(({ endpoints }) => Array.isArray(endpoints) && endpoints.length > 0) ? others : slices
}

// --- ports

interface Port {
  readonly name: string
  /** Null for any port. */
  readonly port: unknown
}

function portsOf({ ports }: Slice): readonly Port[] {
  const all = Array.isArray(ports) ? ports.map(recordOf).filter((port) => port !== undefined) : []
  return all.filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP').map(({ name, port }) => ({ name: typeof name === 'string' ? name : '', port: port ?? null }))
}

function portIn(slice: Slice, wanted: K8sRef['port']): unknown {
  const ports = portsOf(slice)
  if (wanted === undefined) return ports[0]?.port ?? undefined
  if (typeof wanted === 'string') return ports.find(({ name }) => name === wanted)?.port ?? undefined
  // A slice without ports, or with one that says any, leaves the choice to us.
  const open = ports.length === 0 || ports.some(({ port }) => port === null)
  return open || ports.some(({ port }) => port === wanted) ? wanted : undefined
}

function portProblem(slices: readonly Slice[], { namespace, service, port }: K8sRef): string | undefined {
  const isOffered = slices.some((slice) => portIn(slice, port) !== undefined)
  if (isOffered && port !== undefined) return undefined
  const ports = slices.flatMap(portsOf)
  const names = [...new Set(ports.map(({ name }) => name))]
  const offered = [...new Set(ports.map(({ name, port }) => printable(name === '' ? String(port) : `${name} (${port})`)))].join(', ') || 'none'
  if (port === undefined && names.length > 1) return `${namespace}/${service} has several ports: ${offered}; name one, such as ${namespace}/${service}:${printable(names[0])}`
  if (isOffered) return undefined
  if (port === undefined) return `${namespace}/${service} says no port; write its number: ${namespace}/${service}:8080`
  return `${namespace}/${service} has no TCP port ${port}; its endpoints have ${offered}`
}

// --- endpoints

const cache = new WeakMap<Slice, Map<K8sRef['port'], Rows>>()

// A change touches one slice of many: the others are not read again.
function rowsOf(slice: Slice, wanted: K8sRef['port']): Rows {
  const known = cache.get(slice) ?? new Map<K8sRef['port'], Rows>()
  cache.set(slice, known)
  const rows = known.get(wanted) ?? readRows(slice, portIn(slice, wanted))
  known.set(wanted, rows)
  return rows
}

function readRows(slice: Slice, port: unknown): Rows {
  const endpoints = slice.endpoints ?? []
  if (!Array.isArray(endpoints)) return { rows: [], rejected: [{ id: printable(slice.name), reason: 'has endpoints that are no list' }] }
  if (port === undefined) return { rows: [], rejected: endpoints.length === 0 ? [] : [{ id: printable(slice.name), reason: 'is a slice without the port' }] }
  const labels = labelsOf(slice)
  const rejected: Rejection[] = []
  const rows: Row[] = []
  endpoints.forEach((endpoint: unknown, position) => {
    const record = recordOf(endpoint)
    const row = record === undefined ? undefined : rowOf(record, port, slice, labels)
    if (row === undefined) rejected.push({ id: printable(`${slice.name}#${position}`), reason: 'is no endpoint with addresses' })
    else rows.push(row)
  })
  return { rows, rejected }
}

/** How each endpoint was read last. */
const lastRows = new WeakMap<Record<string, unknown>, { readonly port: unknown; readonly labels: Slice['labels']; readonly row: Row }>()

// A change of a slice is of one endpoint mostly: the others are the objects of the state before (`renewed`), and so are their rows.
function rowOf(endpoint: Record<string, unknown>, port: unknown, slice: Slice, labels: Readonly<Record<string, string>>): Row | undefined {
  const known = lastRows.get(endpoint)
  if (known !== undefined && known.port === port && known.labels === slice.labels) return known.row
  const row = readRow(endpoint, port, labels)
  if (row !== undefined) lastRows.set(endpoint, { port, labels: slice.labels, row })
  return row
}

function readRow(endpoint: Record<string, unknown>, port: unknown, labels: Readonly<Record<string, string>>): Row | undefined {
  const host = addressOf(endpoint)
  if (host === undefined) return undefined
  const target = recordOf(endpoint['targetRef'])
  const zones = recordOf(endpoint['hints'])?.['forZones']
  return {
    instance: {
      id: textOf(target?.['uid']) ?? String(host),
      host,
      port,
      zone: endpoint['zone'] ?? undefined,
      meta: { ...labels, ...named('pod', target?.['kind'] === 'Pod' ? target['name'] : undefined), ...named('node', endpoint['nodeName']), ...named('hostname', endpoint['hostname']) },
      ...conditionsOf(recordOf(endpoint['conditions'])),
      lasting: true,
    },
    hinted: Array.isArray(zones) ? zones.map((hint) => recordOf(hint)?.['name'] ?? undefined).filter((name) => name !== undefined) : [],
  }
}

/** What is not said counts as ready, serving and not terminating. */
function conditionsOf(conditions: Record<string, unknown> = {}): Pick<Instance, 'health' | 'draining'> {
  const ready = conditions['ready'] ?? true
  const serving = conditions['serving'] ?? ready
  // Ready although it terminates: somebody asked for it, by publishNotReadyAddresses.
  if (ready === true) return { health: 'passing', draining: false }
  const draining = conditions['terminating'] === true
  return { health: draining && serving === true ? 'passing' : 'critical', draining }
}

const OWN_LABEL = /^((endpointslice|service)\.)?kubernetes\.io\//

// A slice carries the labels of its service: they are the metadata that there is.
function labelsOf(slice: Slice): Readonly<Record<string, string>> {
  const labels = Object.create(null) as Record<string, string>
  for (const [key, value] of Object.entries(slice.labels)) if (typeof value === 'string' && !OWN_LABEL.test(key)) labels[key] = value
  return labels
}

function named(key: string, value: unknown): Readonly<Record<string, unknown>> {
  return value === undefined || value === null ? {} : { [key]: value }
}
