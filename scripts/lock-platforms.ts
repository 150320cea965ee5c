// node scripts/lock-platforms.ts: completes package-lock.json with the packages of other platforms. npm leaves out optional
// packages that it could not find (a registry that mirrors only some platforms), and `npm ci` then refuses the file everywhere.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** The parts of package-lock.json that matter here. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>
}

const SYSTEMS: Readonly<Record<string, string>> = { android: 'android', darwin: 'darwin', freebsd: 'freebsd', linux: 'linux', openharmony: 'openharmony', win32: 'win32', windows: 'win32' }
const ARCHITECTURES = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64']

/** Entries for every platform package that some entry wants and the file has not, by their path. */
export function missingPlatforms({ packages }: Lockfile): Record<string, object> {
  const missing: Record<string, object> = {}
  for (const [path, entry] of Object.entries(packages)) {
    const wanted = Object.entries(entry.optionalDependencies ?? {})
    const found = wanted.map(([name, version]) => find(packages, path, name, version))
    // Beside its sibling for this machine, which npm has placed already.
    const beside = found.find((place) => place !== undefined)
    for (const [index, [name, version]] of wanted.entries()) {
      const platform = platformOf(name)
      if (found[index] !== undefined || platform === undefined) continue
      const directory = beside === undefined ? '' : beside.slice(0, beside.lastIndexOf('node_modules/'))
      missing[`${directory}node_modules/${name}`] = { version, cpu: platform.cpu, ...(entry.dev === true ? { dev: true } : {}), ...platform.libc, optional: true, os: platform.os }
    }
  }
  return missing
}

/** Where a package is resolved to from a place in the tree, when it is there in that version. */
function find(packages: Lockfile['packages'], from: string, name: string, version: string): string | undefined {
  for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    const path = `${base === '' ? '' : `${base}/`}node_modules/${name}`
    if (packages[path] !== undefined) return packages[path].version === version ? path : undefined
    if (base === '') return undefined
  }
}

function platformOf(name: string): { readonly os: string[]; readonly cpu: string[]; readonly libc: object } | undefined {
  const words = name.split('/').at(-1)?.split('-') ?? []
  const os = words.map((word) => SYSTEMS[word]).find((word) => word !== undefined)
  if (os === undefined) return undefined
  const cpu = ARCHITECTURES.find((each) => words.includes(each)) ?? 'x64'
  const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : os === 'linux' && words.some((word) => word.startsWith('gnu')) ? { libc: ['glibc'] } : {}
  return { os: [os], cpu: [cpu], libc }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = fileURLToPath(new URL('../package-lock.json', import.meta.url))
  const lock = JSON.parse(readFileSync(path, 'utf8')) as Lockfile
  const missing = missingPlatforms(lock)
  const packages = Object.fromEntries(Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`)
  console.log(`${Object.keys(missing).length} packages of other platforms added`)
}
