// A real Nomad on free ports of 127.0.0.1: one process that is server and client, with the raw_exec and mock_driver drivers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'
import { callNomad, type NomadAt } from './nomad-client.ts'
import { endRemains } from './nomad-remains.ts'

/** The management token where ACLs are on. */
const MANAGEMENT = '11111111-2222-3333-4444-555555555555'

export interface NomadSetup {
  /** Turns ACLs on; `token` of the server is a management token then. Default false. */
  readonly acl?: boolean
  /** Keeps its state on disk, so that it has snapshots and remembers over a restart. Default false: development mode, which keeps it in memory. */
  readonly durable?: boolean
  /** More of the agent's configuration, in HCL. */
  readonly config?: string
}

/**
 * Starts a Nomad. Unless it is durable, `kill` and `restart` forget everything, while the tasks that ran go on until `endTasks` or
 * `stop`. Needs root.
 */
export async function startNomad({ acl = false, durable = false, config = '' }: NomadSetup = {}): Promise<RealServer & NomadAt & { /** Ends what the tasks of a killed agent left running. */ endTasks(): void }> {
  const [http = 0, rpc = 0, serf = 0] = await freePorts(3)
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-nomad-'))
  const file = join(directory, 'agent.hcl')
  writeFileSync(file, `${nomadConfig(http, rpc, serf)}acl {\n  enabled = ${acl}\n}\n${config}\n`)
  const at: NomadAt = { url: `http://127.0.0.1:${http}`, ...(acl ? { token: MANAGEMENT } : {}) }
  const endTasks = (): void => endRemains(directory)
  // A test process that ends without `stop` kills the agent, and what ran below it would go on.
  process.on('exit', endTasks)
  const server = await startServer({
    // A certificate bundle that a cloud client of Nomad's cannot read stops the agent.
    program: 'env',
    args: ['-u', 'AWS_CA_BUNDLE', programOf('nomad'), 'agent', ...(durable ? ['-server', '-client', '-bootstrap-expect=1'] : ['-dev']), '-log-level', 'WARN', '-data-dir', join(directory, 'data'), '-config', file],
    address: `127.0.0.1:${http}`,
    ready: () => hasReadyClient(at),
    async cleanUp() {
      endTasks()
      process.off('exit', endTasks)
      rmSync(directory, { recursive: true, force: true })
    },
  })
  return { ...server, ...at, endTasks }
}

/** An agent on these ports. Instances are at 127.0.0.1, and there is more compute and memory than any machine has, so that nothing waits for room. */
export const nomadConfig = (http: number, rpc: number, serf: number): string => `bind_addr = "127.0.0.1"
ports {
  http = ${http}
  rpc = ${rpc}
  serf = ${serf}
}
advertise {
  http = "127.0.0.1:${http}"
  rpc = "127.0.0.1:${rpc}"
  serf = "127.0.0.1:${serf}"
}
client {
  network_interface = "lo"
  cpu_total_compute = 1000000
  memory_total_mb = 1000000
}
plugin "raw_exec" {
  config {
    enabled = true
  }
}
`

/** Whether a client of this agent, or of its servers, takes jobs. */
export async function hasReadyClient(at: NomadAt): Promise<boolean> {
  // Refused but for the first time.
  if (at.token !== undefined) await callNomad({ url: at.url }, 'POST', 'acl/bootstrap', { BootstrapSecret: at.token }).catch(() => undefined)
  const nodes = (await (await callNomad(at, 'GET', 'nodes')).json()) as { readonly Status: string }[]
  return nodes.some((node) => node.Status === 'ready')
}
