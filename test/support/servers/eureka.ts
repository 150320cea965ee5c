// Real Eureka servers on free ports of 127.0.0.1, alone or as peers of each other.
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { findProgram } from '../../../scripts/servers/recipe.ts'

/** One server with its base URL. */
export type EurekaServer = RealServer & { readonly url: string }

export interface EurekaServerOptions {
  /** Default false: instances whose heartbeats stop are evicted. */
  readonly selfPreservation?: boolean
  /** Further properties, `eureka.server.…=…` without the dashes. */
  readonly properties?: readonly string[]
  /** Answers 403 for so many milliseconds after its start where there was no peer to copy from, as Netflix' server (300,000) and unlike Spring's (0, the default). */
  readonly closedFor?: number
}

// What a server does in minutes it does here in a second or two. Two heartbeats a minute for each instance are expected.
const QUICK = [
  'eureka.server.eviction-interval-timer-in-ms=500',
  'eureka.server.response-cache-update-interval-ms=200',
  'eureka.server.response-cache-auto-expiration-in-seconds=1',
  'eureka.server.delta-retention-timer-interval-in-ms=1000',
  'eureka.server.max-time-for-replication=2000',
  'eureka.client.registry-fetch-interval-seconds=1',
  'logging.level.root=error',
  'spring.main.banner-mode=off',
]

/** Starts `count` servers, each a peer of the others; they register nothing of their own. */
export async function startEureka(count: number, options: EurekaServerOptions = {}): Promise<readonly EurekaServer[]> {
  const ports = await freePorts(count)
  const urls = ports.map((port) => `http://127.0.0.1:${port}/eureka`)
  return Promise.all(ports.map((port, index) => startOne(port, urls.filter((_, other) => other !== index), options)))
}

async function startOne(port: number, peers: readonly string[], { selfPreservation = false, properties = [], closedFor = 0 }: EurekaServerOptions): Promise<EurekaServer> {
  const all = [
    `server.port=${port}`,
    'server.address=127.0.0.1',
    // A server takes a peer whose host has its own name for itself.
    `eureka.instance.hostname=eureka-${port}`,
    'eureka.client.register-with-eureka=false',
    `eureka.client.fetch-registry=${peers.length > 0}`,
    `eureka.client.service-url.defaultZone=${(peers.length > 0 ? peers : ['http://127.0.0.1:1/eureka']).join(',')}/`,
    `eureka.server.enable-self-preservation=${selfPreservation}`,
    `eureka.server.wait-time-in-ms-when-sync-empty=${closedFor}`,
    // Spring counts one instance more than it copied, and so is never closed.
    ...(closedFor > 0 ? ['eureka.instance.registry.default-open-for-traffic-count=0'] : []),
    ...QUICK,
    ...properties,
  ]
  const server = await startServer({
    program: findProgram('java') ?? 'java',
    args: ['-Xmx200m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', programOf('eureka'), ...all.map((property) => `--${property}`)],
    address: `127.0.0.1:${port}`,
    // A JVM starts in eight seconds alone, and in a minute beside builds.
    readyWithin: 110_000,
    ready: (address) => answers(address, closedFor > 0 ? 403 : 200),
  })
  return { ...server, url: `http://127.0.0.1:${port}/eureka` }
}

async function answers(address: string, wanted: number): Promise<boolean> {
  return (await fetch(`http://${address}/eureka/apps`, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(2000) })).status === wanted
}
