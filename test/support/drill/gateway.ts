// The gateway of a drill: the real one, in this process, with its admin server. Registries live in faster time, so that a hold
// of 30 s needs not 30 s; requests live in real time.
import { adapters } from '../../../discovery/list.ts'
import { parseConfig, parseTable } from '../../../src/config/parse.ts'
import type { Config } from '../../../src/model/config.ts'
import type { Platform } from '../../../src/model/platform.ts'
import type { ParsedTable } from '../../../src/model/store.ts'
import { startAdmin } from '../../../src/node/admin/server.ts'
import { ControlPlane } from '../../../src/node/control-plane.ts'
import { LocalServing } from '../../../src/node/local-serving.ts'
import { openStore } from '../../../src/node/open-store.ts'
import { nodePlatform, type LogSink } from '../../../src/node/platform.ts'
import { memoryStore } from '../memory-store.ts'
import { until } from './until.ts'

export interface DrillGateway {
  readonly port: number
  /** What the admin server says at this path, or to this question. */
  admin<T>(path: string, question?: object): Promise<T>
  /** The admin server's answer at this path, whatever its status. */
  answer(path: string): Promise<{ readonly status: number; readonly body: unknown }>
  /** Metrics in the text format of Prometheus. */
  metrics(): Promise<string>
  /** Puts the table of this configuration in force, unless tables come from a store. Resolves when requests are decided by it. */
  useTable(config: object): Promise<void>
  stop(): Promise<void>
}

/** Starts it from a configuration as a user would write it (an object here; YAML holds JSON). `lookedFor` as in `Config`, which no user writes. */
export async function startDrillGateway(config: object, speed: number, log: LogSink, lookedFor: readonly string[] = []): Promise<DrillGateway> {
  const parsed = { ...read(config), lookedFor }
  const real = nodePlatform(log)
  const fast = faster(real, speed)
  const memory = memoryStore(fast, parsed.table)
  const store = parsed.store === undefined ? memory : await openStore(parsed, fast, { gatewayId: 'drill', parseFile: parseStored, parseStored })
  const serving = new LocalServing(real)
  const control = new ControlPlane(parsed, fast, serving, store, () => undefined)
  await control.start()
  const admin = await startAdmin(parsed.admin, control.source, real)
  const ask = (path: string, question?: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${admin.port}${path}`, { signal: AbortSignal.timeout(10_000), ...(question === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(question) }) })
  return {
    port: Object.values(control.ports)[0] ?? 0,
    admin: async <T>(path: string, question?: object) => (await (await ask(path, question)).json()) as T,
    async answer(path) {
      const answer = await ask(path)
      return { status: answer.status, body: await answer.json() }
    },
    metrics: async () => (await ask('/metrics')).text(),
    async useTable(next) {
      const before = serving.workers()[0]?.revision
      memory.set(read(next).table)
      await until('the new table is in force', () => serving.workers()[0]?.revision !== before)
    },
    async stop() {
      await control.stop(500)
      await admin.close()
    },
  }
}

const parseStored = (text: string): ParsedTable => parseTable(text, { file: '' })

function read(config: object): Config {
  const { config: parsed, problems } = parseConfig(JSON.stringify(config), { file: '', env: process.env, adapters })
  if (parsed === undefined) throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return parsed
}

/**
 * The same world, where waiting is `speed` times shorter, also at the registry: what a blocking query or a watch may last is
 * divided, since the gateway would give up before its end otherwise. The wall clock stays, so ages are true.
 */
function faster(platform: Platform, speed: number): Platform {
  return { ...platform, now: () => platform.now() * speed, sleep: (ms, signal) => platform.sleep(ms / speed, signal), fetch: (url, init) => platform.fetch(sooner(url, speed), init) }
}

function sooner(url: string, speed: number): string {
  return url
    .replace(/([?&]wait=)(\d+)(ms|s)/, (_, name: string, count: string, unit: string) => `${name}${Math.ceil((Number(count) * (unit === 's' ? 1000 : 1)) / speed)}ms`)
    .replace(/([?&]timeoutSeconds=)(\d+)/, (_, name: string, count: string) => `${name}${Math.ceil(Number(count) / speed)}`)
}
