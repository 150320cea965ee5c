// The estate of the bench at scale: services and their instances as EndpointSlices, and the changes that happen to them.

export interface EstateSize {
  readonly services: number
  /** Instances of each service. */
  readonly instances: number
}

/** A service whose one ready instance can be told from its answers: it moves between two. */
export interface Probed {
  readonly service: number
  ready: 0 | 1
}

const NAMESPACE = 'bench'

/** A slice of each service, every instance at an address of its own on loopback. */
export class Estate {
  readonly size: EstateSize
  version = 1
  private readonly port: number
  private readonly slices: Slice[]

  constructor(size: EstateSize, port: number, probed: readonly Probed[]) {
    this.size = size
    this.port = port
    this.slices = Array.from({ length: size.services }, (_, service) => this.slice(service, 1, (instance) => !probed.some((each) => each.service === service) || instance === 0))
  }

  all(): readonly Slice[] {
    return this.slices
  }

  /** Sets which instances of a service are ready; gives its new slice. */
  change(service: number, ready: (instance: number, now: boolean) => boolean): Slice {
    const before = this.slices[service]?.endpoints ?? []
    const next = this.slice(service, ++this.version, (instance) => ready(instance, before[instance]?.conditions.ready ?? true))
    this.slices[service] = next
    return next
  }

  private slice(service: number, version: number, ready: (instance: number) => boolean): Slice {
    return {
      metadata: { name: `${serviceName(service)}-x7k2p`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': serviceName(service), app: serviceName(service) }, resourceVersion: String(version) },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: this.port, protocol: 'TCP' }],
      endpoints: Array.from({ length: this.size.instances }, (_, instance) => ({
        addresses: [addressOf(service, instance)],
        conditions: { ready: ready(instance), serving: ready(instance), terminating: false },
        nodeName: `node-${instance % 40}`,
        zone: `zone-${instance % 3}`,
        targetRef: { kind: 'Pod', namespace: NAMESPACE, name: `${serviceName(service)}-6d5f8c9b7d-${instance.toString(36).padStart(5, 'x')}` },
      })),
    }
  }
}

export interface Slice {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly addressType: 'IPv4'
  readonly ports: readonly object[]
  readonly endpoints: readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready: boolean }; readonly [more: string]: unknown }[]
}

function serviceName(service: number): string {
  return `service-${service}`
}

/** All of 127.0.0.0/8 is this machine. */
export function addressOf(service: number, instance: number): string {
  return `127.${1 + (service >> 8)}.${service & 255}.${1 + instance}`
}

/** The gateway's configuration: one route to each service, in a Kubernetes registry. */
export function configuration(size: EstateSize, registry: string, port: number, workers: number, stateDir: string, admin: number): object {
  return {
    listeners: { web: { port, host: '127.0.0.1' } },
    admin: { port: admin },
    accessLog: 'off',
    workers,
    stateDir,
    registries: { k8s: { address: registry } },
    routes: Array.from({ length: size.services }, (_, service) => ({ name: serviceName(service), match: `${hostOf(service)}/**`, to: `k8s/${NAMESPACE}/${serviceName(service)}:http` })),
  }
}

export function hostOf(service: number): string {
  return `${serviceName(service)}.bench`
}
