// Three real Nomad servers on 127.0.0.1 that elect a leader among them, and one client that runs the jobs.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { makeTempDirectory } from '../temp.ts'
import type { NomadAt } from './nomad-client.ts'
import { endRemains } from './nomad-remains.ts'
import { hasReadyClient, nomadConfig } from './nomad.ts'

/** One agent of a cluster. */
type NomadAgent = RealServer & NomadAt

/** A running cluster. */
export interface NomadCluster {
  /** It has no state of the servers of its own: it asks them. */
  readonly client: NomadAgent
  /** The leader and the others now. Throws while there is no leader. */
  roles(): Promise<{ readonly leader: NomadAgent; readonly followers: readonly NomadAgent[] }>
  stop(): Promise<void>
}

/** Starts three servers that keep their data while the cluster lives, and elect as fast as Nomad can; then the client. Needs root. */
export async function startNomadCluster(): Promise<NomadCluster> {
  const { directory, remove } = await makeTempDirectory()
  const ports = await Promise.all([1, 2, 3, 4].map(() => freePorts(3)))
  const raft = new Map<string, NomadAgent>()
  const start = async (index: number, args: readonly string[], ready: (at: NomadAt) => Promise<boolean>): Promise<NomadAgent> => {
    const [http = 0, rpc = 0, serf = 0] = ports[index] ?? []
    const file = join(directory, `${index}.hcl`)
    await writeFile(file, nomadConfig(http, rpc, serf))
    const at = { url: `http://127.0.0.1:${http}` }
    const server = await startServer({
      // A certificate bundle that a cloud client of Nomad's cannot read stops the agent.
      program: 'env',
      args: ['-u', 'AWS_CA_BUNDLE', programOf('nomad'), 'agent', '-node', `n${index}`, '-log-level', 'WARN', '-data-dir', join(directory, String(index)), '-config', file, ...args],
      address: `127.0.0.1:${http}`,
      ready: () => ready(at),
    })
    const agent = { ...server, ...at }
    raft.set(`127.0.0.1:${rpc}`, agent)
    return agent
  }
  const endTasks = (): void => endRemains(directory)
  process.on('exit', endTasks)
  const all = [0, 1, 2]
  const join3 = all.flatMap((index) => ['-retry-join', `127.0.0.1:${ports[index]?.[2]}`])
  const servers = await Promise.all(all.map((index) => start(index, ['-server', '-bootstrap-expect', '3', ...join3], async (at) => (await leaderOf(at)) !== '')))
  const client = await start(3, ['-client', '-servers', all.map((index) => `127.0.0.1:${ports[index]?.[1]}`).join(',')], hasReadyClient)
  return {
    client,
    async roles() {
      const leaders = await Promise.all(servers.map((server) => leaderOf(server).catch(() => '')))
      const leader = raft.get(leaders.find((each) => each !== '') ?? '')
      if (leader === undefined) throw new Error('the cluster has no leader')
      return { leader, followers: servers.filter((each) => each !== leader) }
    },
    async stop() {
      await client.stop()
      // One that has lost its quorum takes long to leave in order.
      await Promise.all(servers.map((server) => server.kill()))
      endTasks()
      process.off('exit', endTasks)
      await remove()
    },
  }
}

async function leaderOf({ url }: NomadAt): Promise<string> {
  const answer = await fetch(`${url}/v1/status/leader`, { signal: AbortSignal.timeout(2000) })
  return answer.ok ? ((await answer.json()) as string) : ''
}
