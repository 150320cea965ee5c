// npm run servers [redis] [consul]: brings the real servers that tests drive, where the machine lacks them. Redis comes from
// Debian's packages, Consul is built from the Go module proxy into a cache outside the checkout. Safe to run again.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory, findServer, PROGRAMS, type ServerKind } from './server-cache.ts'

const CONSUL = 'v1.21.0'
// The version that Consul itself requires is not served by the module proxy; this one is, and is not used at run time.
const AWSAUTH = 'v0.0.0-20220713182709-05ac1c5c2706'
/** Between two lines of progress, milliseconds. */
const PROGRESS = 15_000

const BRING: Readonly<Record<ServerKind, () => Promise<void>>> = { redis: installRedis, consul: buildConsul }

const kinds = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BRING)
let missing = 0
for (const kind of kinds) if (!(await bring(kind))) missing++
process.exitCode = missing > 0 ? 1 : 0

/** Makes sure that one server is there; says what it found or why it could not. */
async function bring(kind: string): Promise<boolean> {
  if (!isKnown(kind)) {
    console.error(`there is no server ${kind}; known are ${Object.keys(BRING).join(', ')}`)
    return false
  }
  try {
    if (findServer(kind) === undefined) await BRING[kind]()
    const path = findServer(kind)
    if (path === undefined) throw new Error(`${PROGRAMS[kind]} is still not found after installing`)
    console.log(`${kind}: ${version(path)}, ${path}`)
    return true
  } catch (error) {
    console.error(`${kind}: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

function isKnown(kind: string): kind is ServerKind {
  return Object.hasOwn(BRING, kind)
}

function version(path: string): string {
  const { stdout } = spawnSync(path, [path.endsWith('consul') ? 'version' : '--version'], { encoding: 'utf8' })
  return stdout.split('\n')[0]?.trim() ?? 'unknown version'
}

async function installRedis(): Promise<void> {
  if (!has('apt-get')) throw new Error('no redis-server on PATH, and no apt-get to install it with; install Redis 7 by the means of your system')
  if (process.getuid?.() !== 0) throw new Error('no redis-server on PATH; run `sudo apt-get install redis-server` (this script is not root)')
  // Run level 1 keeps the package from starting a server of its own on port 6379.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('redis: updating the package lists', 'apt-get', ['-q', 'update'], { env })
  await run('redis: installing', 'apt-get', ['-q', '-y', 'install', '--no-install-recommends', 'redis-server'], { env })
}

async function buildConsul(): Promise<void> {
  if (!has('go', 'version')) throw new Error('Consul is built from its source, which needs Go 1.23 or newer on PATH (Debian: golang-go from backports); install it, or put a consul binary on PATH')
  const cache = cacheDirectory()
  mkdirSync(cache, { recursive: true })
  // A directory of its own: two runs at once build twice and the last one wins, but neither sees half a binary.
  const directory = mkdtempSync(join(cache, 'build-consul-'))
  try {
    writeFileSync(join(directory, 'go.mod'), `module fairlead-servers\n\ngo 1.23\n\nreplace github.com/hashicorp/consul-awsauth => github.com/hashicorp/consul-awsauth ${AWSAUTH}\n`)
    await run(`consul: fetching ${CONSUL} and its modules`, 'go', ['get', '-tool', `github.com/hashicorp/consul@${CONSUL}`], { cwd: directory })
    await run('consul: building, which takes several minutes', 'go', ['build', '-v', '-trimpath', '-o', 'consul', 'github.com/hashicorp/consul'], { cwd: directory })
    renameSync(join(directory, 'consul'), join(cache, 'consul'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function has(program: string, argument = '--version'): boolean {
  return spawnSync(program, [argument], { stdio: 'ignore' }).status === 0
}

/** Runs a command, shows that it is alive, and throws with the end of its output when it fails. */
function run(title: string, program: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }): Promise<void> {
  const started = Date.now()
  const lines: string[] = []
  let count = 0
  console.log(title)
  const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const seconds = (): number => Math.round((Date.now() - started) / 1000)
  const keep = (chunk: Buffer): void => {
    const fresh = chunk.toString().split('\n').filter((line) => line !== '')
    count += fresh.length
    lines.push(...fresh)
    lines.splice(0, Math.max(0, lines.length - 20))
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const progress = setInterval(() => console.log(`  ${seconds()} s, ${count} steps, now ${lines.at(-1) ?? 'waiting'}`), PROGRESS)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearInterval(progress)
      console.log(`  ${code === 0 ? 'done' : 'failed'} after ${seconds()} s`)
      if (code === 0) resolve()
      else reject(new Error(`\`${program} ${args.join(' ')}\` failed:\n${lines.join('\n')}`))
    })
  })
}
