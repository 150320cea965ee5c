// The Node runtime as a library: what `import … from 'fairlead/node'` gives.
import type { AccessRecord } from '../model/access.ts'
import type { Config } from '../model/config.ts'
import type { Platform } from '../model/platform.ts'
import { tableStore } from '../store/table.ts'
import { type AdminServer, startAdmin } from './admin/server.ts'
import { ControlPlane } from './control-plane.ts'
import { LocalServing } from './local-serving.ts'
import { stderrLog } from './log.ts'
import { nodePlatform } from './platform.ts'
import type { RouteStore } from '../model/store.ts'

export { DataPlane } from './data-plane.ts'
export { nodePlatform } from './platform.ts'
export { parseConfig } from '../config/parse.ts'
export { adapters } from '../../discovery/list.ts'
export type { Config }

export interface StartOptions {
  /** Default: the real clock and network, warnings and errors on stderr. */
  readonly platform?: Platform
  /** Where tables come from; default the table of the configuration, for good. */
  readonly store?: RouteStore
  /** Gets the record of each finished request. */
  readonly onAccess?: (access: AccessRecord) => void
  /** Whether to open the admin server of the configuration. Default false. */
  readonly admin?: boolean
}

export interface RunningGateway {
  /** By name of listener. */
  readonly ports: Readonly<Record<string, number>>
  readonly adminPort: number | undefined
  /** Lets requests finish for at most `limit` milliseconds (default `drainTimeout`), then ends everything. */
  stop(limit?: number): Promise<void>
}

/** Starts a gateway in this process. Rejects with a message for people when a port cannot be opened. */
export async function startGateway(config: Config, options: StartOptions = {}): Promise<RunningGateway> {
  const platform = options.platform ?? nodePlatform(stderrLog('warn', 'gateway'))
  const stop = async (limit: number = config.drainTimeout): Promise<void> => {
    await control.stop(limit)
    await admin?.close()
  }
  let admin: AdminServer | undefined
  const control = new ControlPlane(config, platform, new LocalServing(platform, options.onAccess), options.store ?? tableStore(platform, config.table), () => void stop())
  try {
    await control.start()
    if (options.admin === true) admin = await startAdmin(config.admin, control.source, platform)
  } catch (error) {
    // Nobody gets anything to stop it by.
    await stop(0)
    throw error
  }
  return { ports: control.ports, adminPort: admin?.port, stop }
}
