// Commands that bring a server: run with a sign of life, and what several recipes share (Debian's packages, builds with Go).
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from './recipe.ts'

/** Between two lines of progress, milliseconds. */
const PROGRESS = 15_000

/** Whether a program answers. */
function has(program: string, argument = '--version'): boolean {
  return spawnSync(program, [argument], { stdio: 'ignore' }).status === 0
}

/** First line of what a command prints, on its error output where the other is empty. */
export function firstLine(program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  return (stdout || stderr || '').split('\n')[0]?.trim() ?? 'unknown version'
}

/** Installs packages of Debian's. `what` says what is missing, for people on other systems. */
export async function installPackages(what: string, packages: readonly string[]): Promise<void> {
  if (!has('apt-get')) throw new Error(`${what} is missing, and there is no apt-get to install it with; install it by the means of your system`)
  if (process.getuid?.() !== 0) throw new Error(`${what} is missing; run \`sudo apt-get install ${packages.join(' ')}\` (this script is not root)`)
  // Run level 1 keeps a package from starting a server of its own.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run(`${what}: updating the package lists`, 'apt-get', ['-q', 'update'], { env })
  await run(`${what}: installing ${packages.join(' ')}`, 'apt-get', ['-q', '-y', 'install', '--no-install-recommends', ...packages], { env })
}

/** A program that is built from the Go module proxy. */
export interface GoBuild {
  /** Name of the binary in the cache. */
  readonly program: string
  /** Module with its version, and the package of its main. */
  readonly module: string
  readonly version: string
  readonly package?: string
  /** Lines of `go.mod` after the module's name: the Go version, `replace` lines. */
  readonly mod: string
  readonly flags?: readonly string[]
}

/** Builds a Go program into the cache. */
export async function buildGo(build: GoBuild): Promise<void> {
  const { program, module, version, mod, flags = [] } = build
  if (!has('go', 'version')) throw new Error(`${program} is built from its source, which needs Go 1.23 or newer on PATH (Debian: golang-go from backports); install it, or put a ${program} binary on PATH`)
  const cache = cacheDirectory()
  mkdirSync(cache, { recursive: true })
  // A directory of its own: two runs at once build twice and the last one wins, but neither sees half a binary.
  const directory = mkdtempSync(join(cache, `build-${program}-`))
  const main = build.package ?? module
  try {
    writeFileSync(join(directory, 'go.mod'), `module fairlead-servers\n\n${mod}`)
    await run(`${program}: fetching ${version} and its modules`, 'go', ['get', '-tool', `${main}@${version}`], { cwd: directory })
    await run(`${program}: building, which takes several minutes`, 'go', ['build', '-v', '-trimpath', ...flags, '-o', program, main], { cwd: directory })
    renameSync(join(directory, program), join(cache, program))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A jar that is built from Maven Central. */
export interface MavenBuild {
  /** Directory of the pom. */
  readonly project: string
  /** What it builds, inside the project. */
  readonly built: string
  /** Name of it in the cache. */
  readonly name: string
}

/** Builds with Maven into the cache; installs Maven and Java where they are missing and can be had. */
export async function buildMaven({ project, built, name }: MavenBuild): Promise<void> {
  if (!has('mvn') || !has('javac')) await installPackages('maven', ['maven', 'openjdk-17-jdk-headless'])
  const cache = cacheDirectory()
  mkdirSync(cache, { recursive: true })
  const directory = mkdtempSync(join(cache, `build-${name}-`))
  try {
    cpSync(project, directory, { recursive: true })
    await run(`${name}: fetching its libraries and building`, 'mvn', ['-B', '-ntp', 'package'], { cwd: directory })
    renameSync(join(directory, built), join(cache, name))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Runs a command, shows that it is alive, and throws with the end of its output when it fails. */
function run(title: string, program: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<void> {
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
