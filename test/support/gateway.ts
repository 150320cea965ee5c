// The one seam between the socket tests and the gateway under test: a configuration text goes in, a running gateway comes out.
// FAIRLEAD_TEST_GATEWAY names a module whose `startGateway` is used instead, so that the same tests can be run against another gateway for comparison.
import { adapters } from '../../discovery/list.ts'
import { parseConfig } from '../../src/config/parse.ts'
import type { AccessRecord } from '../../src/model/access.ts'
import type { Platform } from '../../src/model/platform.ts'
import { DataPlane } from '../../src/node/data-plane.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { createLiveExplain } from '../../src/proxy/signed-explain.ts'

export interface TestGateway {
  /** Port of a listener; the first one without a name. */
  port(listener?: string): number
  /** Records of finished requests, in order. */
  readonly records: readonly AccessRecord[]
  /** Lines of the process log. */
  readonly logs: readonly string[]
  readonly plane?: DataPlane
  /** Drains and stops; resolves when nothing is left open. */
  stop(): Promise<void>
}

/** Starts a gateway in this process from YAML, with ports chosen by the system where the text says 0. `world` takes the place of parts of its platform. */
export async function startGateway(configText: string, world: Partial<Platform> = {}): Promise<TestGateway> {
  const other = process.env['FAIRLEAD_TEST_GATEWAY']
  if (other !== undefined) return ((await import(other)) as { startGateway: typeof startGateway }).startGateway(configText, world)
  const { config, problems } = parseConfig(configText, { file: 'test.yaml', env: process.env, adapters })
  if (config === undefined) throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  const records: AccessRecord[] = []
  const logs: string[] = []
  const platform = { ...nodePlatform((level, message, fields) => void logs.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`)), ...world }
  const plane = new DataPlane({ platform, record: (access) => void records.push(access), ...(config.explainSecret === undefined ? {} : { explain: createLiveExplain(config.explainSecret, platform) }) })
  plane.useTable(config.table, { number: 1, hash: 'test', origin: 'test', at: platform.wallClock() })
  const ports = new Map<string, number>()
  for (const listener of config.listeners) ports.set(listener.name, await plane.listen({ ...listener, host: listener.host ?? '127.0.0.1' }, false))
  return {
    port: (name) => (name === undefined ? [...ports.values()][0] : ports.get(name)) ?? 0,
    records,
    logs,
    plane,
    stop: () => plane.stop(200),
  }
}

/** False while there is nothing to test. */
export const gatewayAvailable = true
