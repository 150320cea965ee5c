// Several Eureka servers: each has a copy of its own, so one is used while it works. The own zone comes first, and inside a
// zone chance decides, so that gateways spread over the servers.
import type { Platform } from '../../src/model/platform.ts'
import type { EurekaOptions } from './options.ts'

/** A server that failed is not gone back to before, milliseconds; and each so long, ± 20 %, it is seen whether one can be, or all gateways would come at once. */
const REST = 300_000

/** One server. */
export interface Server {
  /** Base without user and password: for messages, and to ask. */
  readonly base: string
  readonly authorization: string | undefined
  /** Whether it is in the zone of the gateway. */
  readonly near: boolean
}

/** Servers in the order in which they are tried. */
export interface Servers {
  /** All of them; the first is the one in use. */
  order(): readonly Server[]
  /** Moves a server behind the others. */
  failed(server: Server): void
  /** Puts a server first. */
  use(server: Server): void
  /** The same for one turn of questions: now and then first one of the own zone to go back to, when another zone's is in use and this one had time to recover. */
  turn(): readonly Server[]
}

/** The servers of a configuration. */
export function createServers(options: EurekaOptions, platform: Platform): Servers {
  const zones: [string | undefined, string | string[]][] = typeof options.address === 'string' || Array.isArray(options.address) ? [[undefined, options.address]] : Object.entries(options.address)
  const all = zones.flatMap(([zone, addresses]) => [addresses].flat().map((address) => serverOf(address, zone !== undefined && zone === options.zone)))
  const shuffled = all.map((server) => ({ server, draw: (server.near ? 0 : 1) + platform.random() }))
  let order: readonly Server[] = shuffled.sort((a, b) => a.draw - b.draw).map(({ server }) => server)
  const failures = new Map<Server, number>()
  let nearerAt = -Infinity
  return {
    order: () => order,
    failed(server) {
      failures.set(server, platform.now())
      order = [...order.filter((other) => other !== server), server]
    },
    use(server) {
      order = [server, ...order.filter((other) => other !== server)]
    },
    turn() {
      const now = platform.now()
      if (now < nearerAt) return order
      nearerAt = now + REST * (0.8 + 0.4 * platform.random())
      const nearer = order[0]?.near === false ? order.find((server) => server.near && now - (failures.get(server) ?? -Infinity) > REST) : undefined
      return nearer === undefined ? order : [nearer, ...order.filter((other) => other !== nearer)]
    },
  }
}

function serverOf(address: string, near: boolean): Server {
  const url = new URL(address)
  const authorization = url.username === '' && url.password === '' ? undefined : basic(`${decoded(url.username)}:${decoded(url.password)}`)
  return { base: `${url.origin}${url.pathname.replace(/\/+$/, '')}`, authorization, near }
}

// UTF-8, RFC 7617 section 2.1. A password is one text: Netflix' client splits the list of servers at commas and cuts it.
function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
