// What Node has for registry adapters beyond the platform.
import type { Capabilities } from '../../discovery/adapter.ts'
import { connectStream } from './byte-stream.ts'
import { nodeDns } from './dns.ts'
import { nodeFiles } from './files.ts'

export const nodeCapabilities: Capabilities = { files: nodeFiles, dns: nodeDns, connect: connectStream }
