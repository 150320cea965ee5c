// `npm run edge -- FILE`: serves the table of a configuration from workerd, through `wrangler dev`. The table is written in normal
// form into a configuration for wrangler beside its other state, and again whenever FILE changes; wrangler then reloads.
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { unstable_readConfig } from 'wrangler'
import { adapters } from '../discovery/list.ts'
import { namesOfGateway } from '../src/config/names.ts'
import { parseConfig, parseTable } from '../src/config/parse.ts'
import { formatProblem } from '../src/cli/problem.ts'
import { unsupportedBecause } from '../src/edge/transport.ts'
import type { Config } from '../src/model/config.ts'
import type { TableConfig } from '../src/model/table-config.ts'
import { stderrLog } from '../src/node/log.ts'
import { nodePlatform } from '../src/node/platform.ts'
import { openFileStore } from '../src/node/store/file.ts'
import { sha256OfText } from '../src/store/digest.ts'

const ROOT = resolve(import.meta.dirname, '..')
const path = resolve(process.argv[2] ?? resolve(ROOT, 'examples/edge.yaml'))
/** One for each file, so that several can be served at a time. */
const STATE = resolve(ROOT, '.wrangler/fairlead', (await sha256OfText(path)).slice(0, 12))

const config = await readConfigOf(path)
if (config === undefined) process.exitCode = 1
else await serve(config)

async function readConfigOf(file: string): Promise<Config | undefined> {
  const text = await readFile(file, 'utf8').catch((error: Error) => console.error(`${file} cannot be read: ${error.message}`))
  if (text === undefined) return undefined
  const { config, problems } = parseConfig(text, { file, env: process.env, adapters })
  for (const problem of problems) console.error(formatProblem(problem, file))
  return config
}

async function serve(config: Config): Promise<void> {
  await mkdir(STATE, { recursive: true })
  await writeWorker(config, config.table)
  const ended = new AbortController()
  const [listener] = config.listeners
  const args = ['dev', '--local', '--config', resolve(STATE, 'wrangler.json'), '--ip', listener?.host ?? '127.0.0.1', '--port', String(listener?.port ?? 8787)]
  // Nothing leaves this machine: no usage figures, no look-up of where it stands.
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_LOG_PATH: resolve(STATE, 'logs') }
  const wrangler = spawn(resolve(ROOT, 'node_modules/.bin/wrangler'), args, { stdio: 'inherit', env })
  wrangler.once('exit', (code) => {
    process.exitCode = code ?? 0
    ended.abort()
  })
  // The terminal sends these to wrangler as well, which ends by itself.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void wrangler.kill(signal))
  await follow(config, ended.signal)
}

/** Writes the table anew whenever the file changes to a valid one. */
async function follow(config: Config, signal: AbortSignal): Promise<void> {
  const names = namesOfGateway(config, adapters)
  const platform = nodePlatform(stderrLog('warn', 'edge'))
  const store = openFileStore({ path, platform, parse: (text) => parseTable(text, { file: path, env: process.env, ofConfig: true, ...names }) })
  let first = true
  for await (const event of store.watch(signal)) {
    if (event.kind === 'rejected') for (const problem of event.problems) console.error(formatProblem(problem, path))
    if (event.kind === 'table' && !first) await writeWorker(config, event.table)
    first = false
  }
}

async function writeWorker(config: Config, table: TableConfig): Promise<void> {
  for (const service of table.services) {
    const unsupported = unsupportedBecause(service) ?? (service.from.length > 0 ? `a worker watches no registry (${service.from.join(', ')})` : undefined)
    if (unsupported !== undefined) console.error(`service ${service.name} has no endpoints at the edge: ${unsupported}`)
  }
  const { name, main, compatibility_date } = unstable_readConfig({ config: resolve(ROOT, 'wrangler.toml') }, { hideWarnings: true })
  const vars = { FAIRLEAD_TABLE: table, FAIRLEAD_LISTENER: config.listeners[0]?.name ?? 'edge' }
  await writeFile(resolve(STATE, 'wrangler.json'), JSON.stringify({ name, main, compatibility_date, vars }))
}
