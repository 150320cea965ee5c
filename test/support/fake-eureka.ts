// Eureka's REST API at the level of its wire, under virtual time: lists, changes of the last 180 s, hashes, and the ways in
// which it fails. Several servers, each with a registry of its own. Written against answers of eureka-core 2.0.3 in Spring Cloud 4.1.3.
import type { FetchInit } from '../../src/model/platform.ts'
import type { FakePlatform } from './fake-platform.ts'

/** An instance as a test builds it. */
export interface Lease {
  readonly id: string
  readonly app?: string
  readonly host?: string
  readonly ip?: string
  readonly port?: number | string
  readonly portEnabled?: boolean
  readonly securePort?: number
  readonly secureEnabled?: boolean
  readonly status?: string
  readonly meta?: Readonly<Record<string, unknown>>
  readonly vip?: string
  readonly svip?: string
  /** Fields written over the whole row. */
  readonly raw?: Readonly<Record<string, unknown>>
}

/** One question as it arrived. */
interface Seen {
  readonly origin: string
  /** Path after the base. */
  readonly path: string
  readonly headers: Headers
  readonly at: number
}

type Override = (seen: Seen, init: FetchInit) => Response | undefined | Promise<Response | undefined>

/** How long a server tells a change. */
const RETENTION = 180_000

/** One server. */
export interface FakeServer {
  /** Makes these the instances: what is new, different or gone is told as a change. */
  put(leases: readonly Lease[]): void
  /** The same without telling: what a restart or a lost change looks like. */
  become(leases: readonly Lease[]): void
  /** Changes that are told besides the real ones. */
  tell(rows: readonly Record<string, unknown>[]): void
  /** Puts something that is not even an instance into the list of an application. */
  litter(entry: unknown): void
}

export interface FakeEureka {
  readonly seen: Seen[]
  /** The server at an origin (`http://e1:8761`). */
  at(origin: string): FakeServer
  answerWith(answer: Override): void
  recover(): void
  /** Paths that were asked since the last call. */
  asked(): string[]
}

/** Puts Eureka servers behind the platform's `fetch`: every origin is one. */
export function fakeEureka(platform: FakePlatform): FakeEureka {
  const servers = new Map<string, Server>()
  let override: Override | undefined
  let told = 0
  const serverAt = (origin: string): Server => {
    const server = servers.get(origin) ?? new Server(platform)
    servers.set(origin, server)
    return server
  }
  const fake: FakeEureka = {
    seen: [],
    at: serverAt,
    answerWith: (answer) => void (override = answer),
    recover: () => void (override = undefined),
    asked() {
      const paths = fake.seen.slice(told).map(({ origin, path }) => `${origin.replace(/^https?:\/\/|:\d+$/g, '')} ${path}`)
      told = fake.seen.length
      return paths
    },
  }
  platform.onFetch(async (url, init) => {
    const { origin, pathname } = new URL(url)
    const seen: Seen = { origin, path: pathname.replace(/^\/eureka(\/v2)?/, ''), headers: new Headers(init.headers), at: platform.now() }
    fake.seen.push(seen)
    const overridden = await override?.(seen, init)
    if (overridden !== undefined) return overridden
    if (seen.headers.get('accept') !== 'application/json') return new Response('<applications></applications>', { headers: { 'content-type': 'application/xml' } })
    if (seen.path === '/apps') return json(serverAt(origin).list())
    if (seen.path === '/apps/delta') return json(serverAt(origin).delta())
    return new Response(null, { status: 404 })
  })
  return fake
}

class Server implements FakeServer {
  readonly #platform: FakePlatform
  #rows = new Map<string, Record<string, unknown>>()
  #content = new Map<string, string>()
  #changes: { readonly at: number; readonly row: Record<string, unknown> }[] = []
  #litter: unknown[] = []

  constructor(platform: FakePlatform) {
    this.#platform = platform
  }

  put(leases: readonly Lease[]): void {
    const before = this.#rows
    const content = this.#content
    this.become(leases)
    for (const [key, row] of this.#rows) {
      if (!before.has(key)) this.#change(row, 'ADDED')
      else if (content.get(key) === this.#content.get(key)) this.#rows.set(key, before.get(key) ?? row)
      else this.#change(row, 'MODIFIED')
    }
    // A deleted one keeps its last status.
    for (const [key, row] of before) if (!this.#rows.has(key)) this.#change({ ...row, lastUpdatedTimestamp: this.#stamp() }, 'DELETED')
  }

  become(leases: readonly Lease[]): void {
    this.#litter = []
    this.#rows = new Map(leases.map((lease) => [keyOf(lease), wire(lease, this.#stamp())]))
    this.#content = new Map(leases.map((lease) => [keyOf(lease), JSON.stringify(lease)]))
  }

  tell(rows: readonly Record<string, unknown>[]): void {
    for (const row of rows) this.#changes.push({ at: this.#platform.now(), row })
  }

  litter(entry: unknown): void {
    this.#litter.push(entry)
  }

  list(): object {
    return envelope([...this.#rows.values(), ...this.#litter], this.#hash())
  }

  delta(): object {
    const now = this.#platform.now()
    this.#changes = this.#changes.filter(({ at }) => now - at <= RETENTION)
    return envelope([...new Map(this.#changes.map(({ row }) => [`${row['app'] as string}/${row['instanceId'] as string}`, row])).values()], this.#hash())
  }

  #change(row: Record<string, unknown>, actionType: string): void {
    this.#changes.push({ at: this.#platform.now(), row: { ...row, actionType } })
  }

  #hash(): string {
    return hashOf([...this.#rows.values()])
  }

  #stamp(): string {
    return String(Math.round(this.#platform.wallClock()))
  }
}

/** `apps__hashcode` of rows. */
export function hashOf(rows: readonly Record<string, unknown>[]): string {
  const counts = new Map<string, number>()
  for (const { status } of rows) counts.set(String(status), (counts.get(String(status)) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([status, count]) => `${status}_${count}_`).join('')
}

/** Rows as an answer, application by application. */
export function envelope(rows: readonly unknown[], hash: string): object {
  const apps = new Map<string, unknown[]>()
  for (const row of rows) {
    const name = (row as { app?: string } | null)?.app ?? 'WEB'
    apps.set(name, [...(apps.get(name) ?? []), row])
  }
  return { applications: { versions__delta: '1', apps__hashcode: hash, application: [...apps].map(([name, instance]) => ({ name, instance })) } }
}

/** A healthy-looking JSON answer. */
export function json(body: unknown): Response {
  return new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })
}

/** The row as Eureka writes it. */
export function wire(lease: Lease, stamp = '1700000000000'): Record<string, unknown> {
  const app = lease.app ?? 'WEB'
  return {
    instanceId: lease.id,
    hostName: lease.host ?? 'h1.internal',
    app,
    ipAddr: lease.ip ?? '10.0.0.1',
    status: lease.status ?? 'UP',
    overriddenStatus: 'UNKNOWN',
    port: { $: lease.port ?? 8080, '@enabled': String(lease.portEnabled ?? true) },
    securePort: { $: lease.securePort ?? 443, '@enabled': String(lease.secureEnabled ?? false) },
    countryId: 1,
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90, registrationTimestamp: 1700000000000, lastRenewalTimestamp: 1700000300000, evictionTimestamp: 0, serviceUpTimestamp: 1700000000100 },
    metadata: lease.meta ?? { '@class': 'java.util.Collections$EmptyMap' },
    homePageUrl: 'http://h1.internal:8080/',
    vipAddress: lease.vip ?? app.toLowerCase(),
    secureVipAddress: lease.svip ?? app.toLowerCase(),
    isCoordinatingDiscoveryServer: 'false',
    lastUpdatedTimestamp: stamp,
    lastDirtyTimestamp: stamp,
    actionType: 'ADDED',
    ...lease.raw,
  }
}

function keyOf({ app = 'WEB', id }: Lease): string {
  return `${app}/${id}`
}
