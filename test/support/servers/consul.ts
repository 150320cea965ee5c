// A real Consul on free ports of 127.0.0.1.
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'

export interface ConsulServerOptions {
  /** Turns on ACLs with default policy `deny`; this is the token that may do everything (a UUID). */
  readonly managementToken?: string
  /** Further arguments of `consul agent`. */
  readonly args?: readonly string[]
}

/** Starts a Consul in development mode: one server that keeps everything in memory, so `kill` and `restart` forget it. */
export async function startConsul(options: ConsulServerOptions = {}): Promise<RealServer & { readonly url: string }> {
  const [http = 0, dns = 0, rpc = 0, lan = 0, wan = 0, grpc = 0] = await freePorts(6)
  const ports = ['-http-port', http, '-dns-port', dns, '-server-port', rpc, '-serf-lan-port', lan, '-serf-wan-port', wan, '-grpc-port', grpc, '-grpc-tls-port', -1]
  const token = options.managementToken
  const acl = token === undefined ? [] : ['-hcl', `acl { enabled = true default_policy = "deny" tokens { initial_management = "${token}" agent = "${token}" } }`]
  const server = await startServer({
    program: programOf('consul'),
    args: ['agent', '-dev', '-node', 'n1', '-bind', '127.0.0.1', '-client', '127.0.0.1', '-log-level', 'warn', ...ports.map(String), ...acl, ...(options.args ?? [])],
    address: `127.0.0.1:${http}`,
    ready: (address) => knowsItself(address, token),
  })
  return { ...server, url: `http://127.0.0.1:${http}` }
}

// A leader alone is not enough: the agent registers itself a moment later, and reads before that see an empty catalogue.
async function knowsItself(address: string, token: string | undefined): Promise<boolean> {
  const headers = token === undefined ? {} : { 'x-consul-token': token }
  const answer = await fetch(`http://${address}/v1/health/service/consul?passing`, { headers, signal: AbortSignal.timeout(2000) })
  return answer.ok && ((await answer.json()) as unknown[]).length > 0
}
