// Part of `npm pack`: what the package carries with it (`bundleDependencies`) names the dependencies that `overrides` gave it. npm honours
// overrides in the project itself only; where the package is installed it would find the carried ones to be of a wrong version, and `npm ci`
// would ask for those of the original.
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

interface Manifest {
  dependencies: Record<string, string>
  readonly bundleDependencies?: readonly string[]
  readonly overrides?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const ROOT = resolve(import.meta.dirname, '..')
const read = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, 'utf8')) as Manifest

const { bundleDependencies = [], overrides = {} } = await read(join(ROOT, 'package.json'))
for (const name of bundleDependencies) {
  const path = join(ROOT, 'node_modules', name, 'package.json')
  const manifest = await read(path)
  for (const [dependency, version] of Object.entries(overrides[name] ?? {})) {
    if (dependency in manifest.dependencies) manifest.dependencies[dependency] = version
  }
  await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`)
}
