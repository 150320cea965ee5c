// What a failure drill is given, and what it may do with the running gateway.
import type { AnnouncementView } from '../../../src/model/admin.ts'
import type { RefStatus } from '../../../src/model/ref-status.ts'
import type { StoreStatus } from '../../../src/model/store.ts'
import type { Backend } from './backend.ts'
import type { FaultProxy } from './fault-proxy.ts'
import type { Result } from './load.ts'
import type { ShownState } from './state.ts'
import type { until } from './until.ts'

export interface DrillService {
  /** One reference or several, in order of preference; with `[]` its backends are written into the table itself. */
  readonly from: string | readonly string[]
  readonly merge?: boolean
  /** `to` of its route; default the service itself. */
  readonly to?: readonly { readonly service: string; readonly weight: number }[]
  /** Names of its backends: started before the gateway, registered by the test. */
  readonly backends: readonly string[]
}

export interface DrillPlan {
  /** Addresses of registries; each gets a fault proxy. */
  readonly upstreams?: Readonly<Record<string, string>>
  /** `registries` of the configuration; gets the `host:port` of each upstream's proxy. */
  readonly registries: (addresses: Readonly<Record<string, string>>) => object
  readonly services: Readonly<Record<string, DrillService>>
  /** `store` of the configuration, where tables come from one; the first is the plan's own. */
  readonly store?: (addresses: Readonly<Record<string, string>>) => object
  /** Address that the backends listen on, for registries that take no loopback address. Default 127.0.0.1. */
  readonly host?: string
  /** How many times faster registries' time runs: a guard's hold of 30 s takes 30 s / `speed`. Default 5. */
  readonly speed?: number
  /** Called with the running backends and the proxies before the gateway starts: what is registered here is there from the start. */
  readonly before?: (backend: (name: string) => Backend, fault: (upstream: string) => FaultProxy) => Promise<void>
}

export interface Drill {
  backend(name: string): Backend
  fault(upstream: string): FaultProxy
  /**
   * Waits until the admin server shows this of a service (see `ShownState.text`), with a matching cause. With `since` (wall clock,
   * taken once nothing could be confirmed any more) its age must reach back to then: what was cut off must not look confirmed later.
   */
  sees(service: string, text: string | RegExp, more?: { readonly cause?: RegExp; readonly since?: number }): Promise<ShownState>
  /** Waits for this many further answers of a service, and gives them. */
  next(service: string, count?: number): Promise<readonly Result[]>
  /** Waits until 20 requests in a row were answered by exactly these backends, each of them at least once. */
  uses(service: string, names: readonly string[]): Promise<void>
  /** Like `uses`, for the very next 20 requests: nothing may have to settle. */
  serves(service: string, names: readonly string[]): Promise<void>
  /** Requests to this service may fail while `during` runs. */
  excuse(service: string, during: () => Promise<void>): Promise<void>
  until: typeof until
  /** Puts a table in force in which these services are described anew, and the others as before. */
  reroute(services: Readonly<Record<string, Partial<Omit<DrillService, 'backends'>>>>): Promise<void>
  /** A table in which these services are described anew, and the others as before, as text for a store. */
  table(services: Readonly<Record<string, Partial<Omit<DrillService, 'backends'>>>>): string
  /** Where the table in force came from, such as `redis:v2`. */
  origin(): Promise<string>
  /** Waits until the admin server and the metrics say that the store is in this mode. */
  store(mode: StoreStatus['mode']): Promise<StoreStatus>
  /** What is known of one reference, such as failures in a row and what the last error was. */
  watch(ref: string): Promise<RefStatus>
  metrics(): Promise<string>
  /** The admin server's answer at this path: its status, and what it says. */
  admin(path: string): Promise<{ readonly status: number; readonly body: unknown }>
  /** Of the running gateway's listener. */
  readonly port: number
  /** How the gateway stands where it announces itself. */
  announcements(): Promise<readonly AnnouncementView[]>
  /** Lines of the gateway's log. */
  readonly logs: readonly string[]
  /** Stops the gateway, and starts it again with its state directory; `during` runs while it stops, `between` in between. The load pauses meanwhile. */
  restart(between?: () => Promise<void>, during?: () => Promise<void>): Promise<void>
}
