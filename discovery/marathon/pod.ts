// A pod's status (Marathon 1.4 and later) as instances: each is a group of containers on one agent, with named endpoints.
import type { EndpointHealth } from '../../src/model/endpoint.ts'
import type { Rejection } from '../../src/model/discoverer.ts'
import type { View } from './app.ts'
import { countOf, recordOf, recordsOf, textOf } from '../json.ts'
import { readLabels, type Labels } from './labels.ts'
import { preferred, speaksTcp } from './ports.ts'
import type { Instance, Reading } from '../reading.ts'
import { printable } from '../text.ts'

type Json = Readonly<Record<string, unknown>>

/** The endpoint that is wanted, as the definition of the pod has it. */
interface Wanted {
  readonly container: string
  readonly name: string
  readonly containerPort: number | undefined
  /** True when the endpoint has a health check, which Mesos makes: no change of leader forgets its results. */
  readonly checked: boolean
}

/** Reads the pod `id` as `place` answered it. */
export function readPod(value: unknown, id: string, place: string, view: View): Reading {
  const pod = recordOf(value)
  const spec = recordOf(pod?.['spec'])
  const failed = (message: string): Reading => ({ kind: 'failed', message: `${place}: ${message}` })
  // Without instances the list is left out.
  const list = pod?.['instances'] ?? []
  if (pod === undefined || spec === undefined || pod['id'] !== id || !Array.isArray(list)) return failed('the answer is not the status of the pod; is this a Marathon of 1.4 or later?')
  const wanted = chooseEndpoint(spec, view.port)
  if ('reason' in wanted && list.length > 0) return failed(`the pod ${id} ${wanted.reason}`)
  const labels = readLabels(id, spec['labels'], view)
  const rejected: Rejection[] = []
  const instances: Instance[] = []
  for (const [position, each] of (list as readonly unknown[]).entries()) {
    const read = 'reason' in wanted ? undefined : readInstance(recordOf(each), position, wanted, spec, labels, view)
    if (read !== undefined && 'reason' in read) rejected.push(read)
    else if (read !== undefined) instances.push(read)
  }
  const asked = countOf(recordOf(spec['scaling'])?.['instances'])
  const stated = asked !== undefined && instances.filter((instance) => instance.draining !== true && instance.presumed !== true).length >= asked
  return { kind: 'listed', instances, rejected, notes: labels.notes, stated }
}

function chooseEndpoint(spec: Json, port: string | undefined): Wanted | { readonly reason: string } {
  const all = recordsOf(spec['containers']).flatMap((container) => recordsOf(container['endpoints']).map((endpoint) => ({ container, endpoint })))
  const found = port === undefined ? all.find(({ endpoint }) => speaksTcp(endpoint['protocol'])) : (all.find(({ endpoint }) => endpoint['name'] === port) ?? (/^\d{1,3}$/.test(port) ? all[Number(port)] : undefined))
  const container = textOf(found?.container['name'])
  const name = textOf(found?.endpoint['name'])
  if (found === undefined || container === undefined || name === undefined) {
    const names = all.map(({ endpoint }) => textOf(endpoint['name']) ?? '?').join(', ')
    return { reason: all.length === 0 ? 'defines no endpoint' : `has no endpoint ${port ?? 'for tcp'}; it has ${names}` }
  }
  const check = recordOf(found.container['healthCheck'])
  const checked = [check?.['http'], check?.['tcp']].some((each) => recordOf(each)?.['endpoint'] === name)
  return { container, name, containerPort: countOf(found.endpoint['containerPort']), checked }
}

function readInstance(instance: Json | undefined, position: number, wanted: Wanted, spec: Json, labels: Labels, view: View): Instance | Rejection | undefined {
  const id = textOf(instance?.['id'])
  if (instance === undefined || id === undefined) return { id: `#${position}`, reason: 'is not an instance with an id' }
  const container = recordsOf(instance['containers']).find((each) => each['name'] === wanted.container)
  const endpoint = recordsOf(container?.['endpoints']).find((each) => each['name'] === wanted.name)
  // Containers that do not run (yet, or any more) have no endpoints.
  if (endpoint === undefined || instance['status'] === 'PENDING' || instance['status'] === 'STAGING') return undefined
  const address = addressOf(instance, endpoint, wanted, spec, view)
  if ('reason' in address) return { id: printable(id), reason: address.reason }
  const region = textOf(instance['agentRegion'])
  const meta = region === undefined ? labels.meta : Object.assign(Object.create(null) as Record<string, string>, { region }, labels.meta)
  const state = stateOf(instance, container, endpoint, wanted)
  return { id, ...address, ...state, zone: textOf(instance['agentZone']), tags: labels.tags, meta, ...(labels.weight === undefined ? {} : { weight: labels.weight }) }
}

function stateOf(instance: Json, container: Json | undefined, endpoint: Json, wanted: Wanted): Pick<Instance, 'health' | 'draining' | 'presumed'> {
  const state = container?.['status']
  if (state === 'TASK_KILLING' || instance['status'] === 'TERMINAL') return { health: 'maintenance', draining: true }
  if (state === 'TASK_UNREACHABLE' || state === 'TASK_LOST') return { health: 'critical', presumed: true }
  const healthy: EndpointHealth = endpoint['healthy'] === true ? 'passing' : endpoint['healthy'] === false ? 'critical' : 'unknown'
  return { health: wanted.checked ? healthy : 'unknown' }
}

function addressOf(instance: Json, endpoint: Json, wanted: Wanted, spec: Json, view: View): { readonly host: unknown; readonly port: unknown } | { readonly reason: string } {
  const hostPort = countOf(endpoint['allocatedHostPort'])
  const own = recordsOf(spec['networks']).some((network) => network['mode'] === 'container')
  const ip = own ? preferred(recordsOf(instance['networks']).flatMap((network) => (Array.isArray(network['addresses']) ? (network['addresses'] as readonly unknown[]) : [])), view.family) : undefined
  const onHost = hostPort === undefined ? undefined : { host: instance['agentHostname'], port: hostPort }
  const onTask = ip === undefined ? undefined : { host: ip, port: wanted.containerPort === undefined || wanted.containerPort === 0 ? hostPort : wanted.containerPort }
  return (view.via === 'host' ? (onHost ?? onTask) : (onTask ?? onHost)) ?? { reason: `has neither a host port nor an address of its own for ${wanted.name}` }
}
