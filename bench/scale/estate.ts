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

/** A slice of each service, every instance at an address of its own on loopback. Slices are made when they are asked for: what the estate keeps would be garbage to collect on the cores that are measured. */
export class Estate {
  readonly size: EstateSize
  version = 1
  private readonly port: number
  /** Of each instance, service by service: 1 where it is ready. */
  private readonly ready: Uint8Array
  private readonly versions: Uint32Array

  constructor(size: EstateSize, port: number, probed: readonly Probed[]) {
    this.size = size
    this.port = port
    this.ready = new Uint8Array(size.services * size.instances).fill(1)
    this.versions = new Uint32Array(size.services).fill(1)
    for (const { service } of probed) this.set(service, (instance) => instance === 0)
  }

  /** The slices of so many services from a place on. */
  page(from: number, length: number): readonly Slice[] {
    return Array.from({ length: Math.max(0, Math.min(length, this.size.services - from)) }, (_, index) => this.slice(from + index))
  }

  /** Sets which instances of a service are ready; gives its new slice. */
  change(service: number, ready: (instance: number, now: boolean) => boolean): Slice {
    this.set(service, ready)
    this.versions[service] = ++this.version
    return this.slice(service)
  }

  private set(service: number, ready: (instance: number, now: boolean) => boolean): void {
    const from = service * this.size.instances
    for (let instance = 0; instance < this.size.instances; instance++) this.ready[from + instance] = ready(instance, this.ready[from + instance] === 1) ? 1 : 0
  }

  private slice(service: number): Slice {
    const isReady = (instance: number): boolean => this.ready[service * this.size.instances + instance] === 1
    return {
      metadata: { name: `${serviceName(service)}-x7k2p`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': serviceName(service), app: serviceName(service) }, resourceVersion: String(this.versions[service]) },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: this.port, protocol: 'TCP' }],
      endpoints: Array.from({ length: this.size.instances }, (_, instance) => ({
        addresses: [addressOf(service, instance)],
        conditions: { ready: isReady(instance), serving: isReady(instance), terminating: false },
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
