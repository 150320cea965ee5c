// Where a task can be reached: the networking modes of Marathon 0.7 to 1.10, and the ports that an app defines.
import ipaddr from 'ipaddr.js'
import { countOf, recordOf, recordsOf, textOf } from '../json.ts'

type Json = Readonly<Record<string, unknown>>

/** A port as the app defines it. */
export interface PortDefinition {
  readonly name: string | undefined
  readonly tcp: boolean
  /** Position in the task's list of host ports; undefined when it has none there. */
  readonly hostIndex: number | undefined
  /** Port on the task's own address; undefined when it has none there. */
  readonly containerPort: number | undefined
}

/** How the tasks of an app are connected. */
export interface Network {
  /** True when each task has an address of its own. */
  readonly ownAddress: boolean
  readonly ports: readonly PortDefinition[]
}

/** Which port and address is wanted. */
export interface Wanted {
  /** Name or position of a port; undefined for the first with tcp. */
  readonly port: string | undefined
  readonly via: 'task' | 'host'
  readonly family: 'ipv4' | 'ipv6'
}

/** A host and a port, unchecked, or why there is none. */
export type Address = { readonly host: unknown; readonly port: unknown } | { readonly reason: string }

/** Reads the networking of an app, whatever version wrote it. */
export function networkOf(app: Json): Network {
  const container = recordOf(app['container'])
  const docker = recordOf(container?.['docker'])
  const mode = modeOf(app, docker)
  if (mode === 'host') return { ownAddress: false, ports: hostPorts(app) }
  // Up to 1.4 in `docker`, from 1.5 on in `container`.
  const mapped = recordsOf(container?.['portMappings'] ?? docker?.['portMappings'])
  const discovered = recordsOf(recordOf(recordOf(app['ipAddress'])?.['discovery'])?.['ports'])
  const mappings = mode === 'container' && mapped.length === 0 ? discovered : mapped
  return { ownAddress: mode === 'container', ports: mappedPorts(mappings, mode) }
}

type Mode = 'host' | 'bridge' | 'container'

function modeOf(app: Json, docker: Json | undefined): Mode {
  const modes = recordsOf(app['networks']).map((network) => network['mode'])
  if (modes.includes('container')) return 'container'
  if (modes.includes('container/bridge')) return 'bridge'
  if (modes.length > 0) return 'host'
  if (docker?.['network'] === 'BRIDGE') return 'bridge'
  if (docker?.['network'] === 'USER') return 'container'
  return recordOf(app['ipAddress']) === undefined ? 'host' : 'container'
}

function hostPorts(app: Json): readonly PortDefinition[] {
  const definitions = recordsOf(app['portDefinitions'])
  // Before 1.0 there are only numbers, one for each host port.
  if (definitions.length === 0 && Array.isArray(app['ports'])) return app['ports'].map((_, index) => ({ name: undefined, tcp: true, hostIndex: index, containerPort: undefined }))
  return definitions.map((definition, index) => ({ name: textOf(definition['name']), tcp: speaksTcp(definition['protocol']), hostIndex: index, containerPort: undefined }))
}

// On a network of its own a mapping with a null host port has no place in the task's list of ports: those after it move up.
function mappedPorts(mappings: readonly Json[], mode: Mode): readonly PortDefinition[] {
  let next = 0
  return mappings.map((mapping) => {
    const onHost = mode === 'bridge' || typeof mapping['hostPort'] === 'number'
    const hostIndex = onHost ? next++ : undefined
    // A container port of 0 means the one that was allocated on the host.
    const containerPort = countOf(mapping['containerPort'] ?? mapping['number'])
    return { name: textOf(mapping['name']), tcp: speaksTcp(mapping['protocol']), hostIndex, containerPort: containerPort === 0 ? undefined : containerPort }
  })
}

/** `tcp`, `udp`, `udp,tcp`, or a list in pods; absent means tcp. */
export function speaksTcp(protocol: unknown): boolean {
  const protocols = typeof protocol === 'string' ? protocol.split(',') : Array.isArray(protocol) ? protocol : []
  return protocols.length === 0 || protocols.some((each) => typeof each === 'string' && each.trim().toLowerCase() === 'tcp')
}

/** The port that is wanted, or why there is none. */
export function choosePort({ ports, ownAddress }: Network, { port: wanted }: Wanted): PortDefinition | { readonly reason: string } {
  // An app that defines none may still have been given one on the host.
  if (ports.length === 0 && !ownAddress && (wanted === undefined || /^\d{1,3}$/.test(wanted))) return { name: undefined, tcp: true, hostIndex: Number(wanted ?? 0), containerPort: undefined }
  const found = wanted === undefined ? ports.find((port) => port.tcp) : (ports.find((port) => port.name === wanted) ?? (/^\d{1,3}$/.test(wanted) ? ports[Number(wanted)] : undefined))
  if (found !== undefined) return found
  const known = ports.map((port, index) => port.name ?? String(index)).join(', ')
  if (ports.length === 0) return { reason: 'defines no port' }
  return { reason: wanted === undefined ? `has no port for tcp: ${known}` : `has no port ${wanted}; it has ${known}` }
}

/** Where a task offers a port. */
export function addressOf(task: Json, port: PortDefinition, { ownAddress }: Network, wanted: Wanted): Address {
  const ports: readonly unknown[] = Array.isArray(task['ports']) ? task['ports'] : []
  const hostPort = port.hostIndex === undefined ? undefined : ports[port.hostIndex]
  const onHost: Address = hostPort === undefined ? { reason: `has no host port for ${port.name === undefined ? 'it' : `port ${port.name}`}` } : { host: task['host'], port: hostPort }
  if (!ownAddress || (wanted.via === 'host' && hostPort !== undefined)) return onHost
  const ip = preferred(recordsOf(task['ipAddresses']).map((each) => each['ipAddress']), wanted.family)
  if (ip === undefined) return 'reason' in onHost ? { reason: 'has no address of its own and no host port' } : onHost
  return { host: ip, port: port.containerPort ?? hostPort }
}

/** The first address of a family, else the first. */
export function preferred(addresses: readonly unknown[], family: Wanted['family']): unknown {
  const kind = (address: unknown): string => (typeof address === 'string' && ipaddr.isValid(address) ? ipaddr.parse(address).kind() : '')
  return addresses.find((address) => kind(address) === family) ?? addresses[0]
}
