// What the adapters bring into a bundle for a runtime that is not Node: those over HTTP nothing that such a runtime has not.
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')
const ADAPTERS = [...readFileSync(resolve(ROOT, 'discovery/list.ts'), 'utf8').matchAll(/^import \{ .* from '\.\/(.+)\.ts'$/gm)].map(([, name = '']) => name)

/** Modules of Node that a bundle of this file would ask its runtime for, by name. */
async function builtinsOf(file: string): Promise<string[]> {
  const found = new Set<string>()
  const note: Plugin = {
    name: 'note',
    setup(bundle) {
      bundle.onResolve({ filter: /.*/ }, ({ path }) => {
        const name = path.replace(/^node:/, '')
        if (!path.startsWith('node:') && !builtinModules.includes(name)) return undefined
        found.add(name)
        return { path, external: true }
      })
    },
  }
  await build({ absWorkingDir: ROOT, entryPoints: [file], bundle: true, write: false, platform: 'neutral', format: 'esm', target: 'es2024', mainFields: ['module', 'main'], conditions: ['worker'], logLevel: 'silent', plugins: [note] })
  return [...found].toSorted()
}

test('these are all adapters', () => {
  expect(ADAPTERS).toEqual(expect.arrayContaining(['consul', 'nomad', 'marathon', 'eureka', 'k8s']))
})

test.each(ADAPTERS.filter((name) => name !== 'consul'))('%s asks for nothing of Node', async (name) => {
  expect(await builtinsOf(`discovery/${name}.ts`)).toEqual([])
})

// They are there with the compatibility flag nodejs_compat, which is the default at dates from 2026-08-04 on; test/edge/consul.test.ts reads Consul in a worker.
test('consul asks for these alone, for its client', async () => {
  expect(await builtinsOf('discovery/consul.ts')).toEqual(['events', 'http', 'https', 'querystring', 'util'])
})
