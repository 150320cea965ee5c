// Links between documents lead somewhere, and README.md names only scripts that there are.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'nomad/*.md', 'discovery/*.md', 'bench/*.md'], { cwd: ROOT })

/** Links of a document that lead nowhere in the tree. */
function broken(document: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '')
  return targets.filter((target) => !existsSync(join(ROOT, dirname(document), target)))
}

it.each(documents)('links of %s lead to files', (document) => {
  expect(broken(document, read(document))).toEqual([])
})

it('a link that leads nowhere would be seen', () => {
  expect(broken('docs/operate/README.md', '[a](../reference/redis.md) [b](gone.md) [c](https://example.com/)')).toEqual(['gone.md'])
})

it('README.md names only npm scripts that there are', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = [...read('README.md').matchAll(/\bnpm (?:run )?(?:-s )?([a-z][\w:-]*)/g)].map((match) => match[1] ?? '')
  expect(named).toEqual(expect.arrayContaining(['start', 'test', 'fairlead', 'edge', 'bench']))
  const builtIn = ['ci', 'install', 'pack', 'start', 'test']
  expect(named.filter((name) => !(name in scripts) && !builtIn.includes(name))).toEqual([])
})
