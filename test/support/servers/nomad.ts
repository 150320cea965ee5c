// A real Nomad on free ports of 127.0.0.1: one process that is server and client, with the raw_exec driver.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, startServer, type RealServer } from '../server-process.ts'
import { programOf } from '../servers.ts'

/** Starts a Nomad in development mode: it keeps everything in memory, so `kill` and `restart` forget it. Needs root. */
export async function startNomad(): Promise<RealServer & { readonly url: string }> {
  const [http = 0, rpc = 0, serf = 0] = await freePorts(3)
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-nomad-'))
  const config = join(directory, 'agent.hcl')
  writeFileSync(config, `bind_addr = "127.0.0.1"\nports {\n  http = ${http}\n  rpc = ${rpc}\n  serf = ${serf}\n}\nplugin "raw_exec" {\n  config {\n    enabled = true\n  }\n}\n`)
  const server = await startServer({
    // A certificate bundle that a cloud client of Nomad's cannot read stops the agent.
    program: 'env',
    args: ['-u', 'AWS_CA_BUNDLE', programOf('nomad'), 'agent', '-dev', '-log-level', 'WARN', '-data-dir', join(directory, 'data'), '-config', config],
    address: `127.0.0.1:${http}`,
    ready: hasReadyClient,
    cleanUp: async () => rmSync(directory, { recursive: true, force: true }),
  })
  return { ...server, url: `http://127.0.0.1:${http}` }
}

async function hasReadyClient(address: string): Promise<boolean> {
  const answer = await fetch(`http://${address}/v1/nodes`, { signal: AbortSignal.timeout(2000) })
  return answer.ok && ((await answer.json()) as { Status: string }[]).some((node) => node.Status === 'ready')
}
