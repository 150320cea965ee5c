// Three real Consul servers on 127.0.0.1 that elect a leader among them.
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { makeTempDirectory } from '../temp.ts'

interface ConsulServer extends RealServer {
  readonly url: string
}

/** A running cluster. */
export interface ConsulCluster {
  readonly servers: readonly ConsulServer[]
  /** The leader and the others now. Throws while there is no leader. */
  roles(): Promise<{ readonly leader: ConsulServer; readonly followers: readonly ConsulServer[] }>
  stop(): Promise<void>
}

/** Starts three servers that keep their data while the cluster lives, and elect as fast as Consul can. */
export async function startConsulCluster(): Promise<ConsulCluster> {
  const { directory, remove } = await makeTempDirectory()
  const ports = await Promise.all([1, 2, 3].map(() => freePorts(5)))
  const raft = new Map<string, ConsulServer>()
  const servers = await Promise.all(
    ports.map(async ([http = 0, dns = 0, rpc = 0, lan = 0, grpc = 0], index) => {
      const numbers = ['-http-port', http, '-dns-port', dns, '-server-port', rpc, '-serf-lan-port', lan, '-serf-wan-port', -1, '-grpc-port', grpc, '-grpc-tls-port', -1]
      const peers = ports.flatMap(([, , , port]) => ['-retry-join', `127.0.0.1:${port}`])
      const server = await startServer({
        program: programOf('consul'),
        args: ['agent', '-server', '-bootstrap-expect', '3', '-node', `n${index}`, '-data-dir', join(directory, String(index)), '-bind', '127.0.0.1', '-client', '127.0.0.1', '-log-level', 'warn', '-hcl', 'performance { raft_multiplier = 1 }', ...numbers.map(String), ...peers],
        address: `127.0.0.1:${http}`,
        ready: async (address) => (await leaderOf(`http://${address}`)) !== '',
      })
      const known = { ...server, url: `http://127.0.0.1:${http}` }
      raft.set(`127.0.0.1:${rpc}`, known)
      return known
    }),
  )
  return {
    servers,
    async roles() {
      const leaders = await Promise.all(servers.map(({ url }) => leaderOf(url).catch(() => '')))
      const leader = raft.get(leaders.find((each) => each !== '') ?? '')
      if (leader === undefined) throw new Error('the cluster has no leader')
      return { leader, followers: servers.filter((each) => each !== leader) }
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
      await remove()
    },
  }
}

async function leaderOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/v1/status/leader`, { signal: AbortSignal.timeout(2000) })
  return answer.ok ? ((await answer.json()) as string) : ''
}
