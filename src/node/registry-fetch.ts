// fetch for registries: undici's, with an agent of its own for each way of TLS and each Unix socket that a registry is configured with.
import { stat } from 'node:fs/promises'
import { Agent, fetch } from 'undici'
import type { UpstreamTlsConfig } from '../model/service-config.ts'
import type { Platform } from '../model/platform.ts'
import { readTls } from './tls-files.ts'

interface KeptAgent {
  /** Modification times of the files it was made from. */
  readonly stamp: string
  readonly agent: Agent
}

/** Makes the `fetch` of a Node platform. Certificates and keys are read again when their files change. */
export function createRegistryFetch(): Platform['fetch'] {
  const agents = new Map<string, KeptAgent>()
  return async (url, init = {}) => {
    const { tls, socketPath, ...rest } = init
    const dispatcher = tls === undefined && socketPath === undefined ? {} : { dispatcher: await agentFor(agents, tls, socketPath) }
    return (await fetch(url, { ...(rest as Parameters<typeof fetch>[1]), ...dispatcher })) as unknown as Response
  }
}

async function agentFor(agents: Map<string, KeptAgent>, tls: UpstreamTlsConfig | undefined, socketPath: string | undefined): Promise<Agent> {
  const key = JSON.stringify([tls, socketPath])
  const paths = [tls?.ca, tls?.cert, tls?.key].filter((path) => path !== undefined)
  const stamp = (await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs))).join(' ')
  const kept = agents.get(key)
  if (kept?.stamp === stamp) return kept.agent
  const files = tls === undefined ? {} : await readTls(tls)
  const agent = new Agent({
    connect: {
      rejectUnauthorized: tls?.verify ?? true,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
      ...files,
    },
  })
  agents.set(key, { stamp, agent })
  // Blocking queries under way end on the connections they have.
  void kept?.agent.close()
  return agent
}
