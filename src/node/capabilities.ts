// What Node has for registry adapters beyond the platform.
import type { Capabilities } from '../../discovery/adapter.ts'
import { connectStream } from './byte-stream.ts'
import { nodeDns } from './dns.ts'
import { nodeFiles } from './files.ts'

export const nodeCapabilities: Capabilities = { files: nodeFiles, dns: nodeDns, connect: connectStream, ...apiServerIn(process.env) }

/** What Kubernetes writes into the environment of every pod, whatever its network and its DNS policy are. */
export function apiServerIn({ KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' }: NodeJS.ProcessEnv): Pick<Capabilities, 'apiServer'> {
  return host === '' || port === '' ? {} : { apiServer: { host, port } }
}
