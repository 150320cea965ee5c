// `npm run build`: the package's JavaScript and types, into dist/. `npm pack` runs it.
import { spawnSync } from 'node:child_process'
import { chmod, glob, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'

const ROOT = resolve(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')

await rm(DIST, { recursive: true, force: true })
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
const { status } = spawnSync(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' })
if (status !== 0) process.exit(1)
// The compiler rewrites these in JavaScript only; a reader of the types would look for sources that are not in the package.
for await (const file of glob(join(DIST, '**/*.d.ts'))) {
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replaceAll(/(from |import\()(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2'))
}
await chmod(join(DIST, 'src/cli/main.js'), 0o755)
