// What Node has for registry adapters beyond the platform.
import type { Capabilities } from '../../discovery/adapter.ts'
import { nodeFiles } from './files.ts'

export const nodeCapabilities: Capabilities = { files: nodeFiles }
