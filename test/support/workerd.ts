// The worker in a real workerd: bundled from what wrangler.toml names, with its compatibility date, listening on a loopback port.
// Without wrangler's own proxies in between, requests arrive as they do on a workerd that stands alone.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { builtinModules, createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { build, type Plugin } from 'esbuild'
import { parseTable } from '../../src/config/parse.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import { makeTempDirectory } from './temp.ts'

export interface TestWorker {
  readonly port: number
  /** What the runtime and the worker wrote. */
  readonly output: () => string
  stop(): Promise<void>
}

export interface TestWorkerOptions {
  readonly token?: string
  readonly explainSecret?: string
  /** Another worker, as TypeScript in the root of the project, in place of what wrangler.toml names. */
  readonly source?: string
}

const ROOT = resolve(import.meta.dirname, '../..')
const WORKERD = (createRequire(import.meta.url)('workerd') as { readonly default: string }).default

/** The table of a configuration text. */
export function tableOf(text: string): TableConfig {
  const { table, problems } = parseTable(text, { file: '', ofConfig: true })
  if (table === undefined) throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'))
  return table
}

/** Starts a worker with this table; requests arrive on a listener `web`. */
export async function startWorker(table: TableConfig, options: TestWorkerOptions = {}): Promise<TestWorker> {
  const temp = await makeTempDirectory()
  const [main, date] = await wranglerSettings()
  await writeFile(join(temp.directory, 'worker.js'), await (options.source === undefined ? (bundle ??= bundleOf({ entryPoints: [join(ROOT, main)] })) : bundleOf({ stdin: { contents: options.source, resolveDir: ROOT, loader: 'ts' } })))
  const texts = { FAIRLEAD_LISTENER: 'web', FAIRLEAD_TOKEN: options.token ?? '', FAIRLEAD_EXPLAIN_SECRET: options.explainSecret ?? '' }
  const bindings = [`(name = "FAIRLEAD_TABLE", json = ${quoted(JSON.stringify(table))})`, ...Object.entries(texts).map(([name, value]) => `(name = "${name}", text = ${quoted(value)})`)]
  await writeFile(join(temp.directory, 'config.capnp'), capnp(date, bindings))
  const child = spawn(WORKERD, ['serve', 'config.capnp', '--control-fd=3'], { cwd: temp.directory, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const port = await listening(child, () => output)
  return {
    port,
    output: () => output,
    async stop() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      await temp.remove()
    },
  }
}

/** Made once for all workers of a test file. */
let bundle: Promise<string> | undefined

async function bundleOf(of: { readonly entryPoints: string[] } | { readonly stdin: { readonly contents: string; readonly resolveDir: string; readonly loader: 'ts' } }): Promise<string> {
  const { outputFiles } = await build({ ...of, bundle: true, format: 'esm', target: 'esnext', write: false, plugins: 'stdin' in of ? [ofRuntime] : [] })
  return outputFiles[0]?.text ?? ''
}

/** Modules of Node that the runtime has, for another worker than ours, which asks for none. It takes them by `import` only, and CommonJS asks by `require`. */
const ofRuntime: Plugin = {
  name: 'of-runtime',
  setup(bundle) {
    bundle.onResolve({ filter: /.*/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      if (!builtinModules.includes(name)) return undefined
      return kind === 'require-call' ? { path: name, namespace: 'required' } : { path: `node:${name}`, external: true }
    })
    bundle.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({ contents: `export * from 'node:${path}'\nexport { default } from 'node:${path}'` }))
  },
}

async function wranglerSettings(): Promise<[main: string, date: string]> {
  const toml = await readFile(join(ROOT, 'wrangler.toml'), 'utf8')
  const setting = (name: string): string => new RegExp(`^${name} = "(.*)"$`, 'm').exec(toml)?.[1] ?? ''
  return [setting('main'), setting('compatibility_date')]
}

function capnp(date: string, bindings: readonly string[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "${date}", globalOutbound = "loopback", bindings = [${bindings.join(', ')}])),
    # By itself workerd refuses private addresses.
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`
}

/** A text of Cap'n Proto's schema language. */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

async function listening(child: ChildProcess, output: () => string): Promise<number> {
  const lines = createInterface(child.stdio[3] as Readable)
  for await (const line of lines) {
    const { port } = JSON.parse(line) as { port?: number }
    if (port !== undefined) return port
  }
  throw new Error(`workerd did not start:\n${output()}`)
}
