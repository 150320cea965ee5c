// Which folder may import which (ARCHITECTURE.md, invariants), and that the compiler and the linter keep platforms out of the core.
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const FEATURES = ['route', 'balance', 'policy', 'telemetry']

/** What each place may import besides itself. A place is a folder of `src`, `core` (src/core.ts), or `discovery`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  model: [],
  route: ['model'],
  balance: ['model'],
  policy: ['model'],
  telemetry: ['model'],
  store: ['model'],
  discovery: ['model'],
  config: ['model', ...FEATURES],
  tags: ['model', 'config', 'route'],
  proxy: ['model', ...FEATURES],
  core: ['model', 'config', 'route', 'proxy'],
  node: ['model', 'config', 'store', 'tags', 'proxy', 'discovery', ...FEATURES],
  edge: ['model', 'config', 'store', 'proxy', ...FEATURES],
  cli: ['model', 'config', 'store', 'proxy', 'discovery', 'node', ...FEATURES],
}

/** Single imports against the direction, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/config/check.ts > src/proxy/pools.ts': 'whether a subset can have an endpoint is asked of the rule that fills it',
  'src/config/run-tests.ts > src/proxy/arrival.ts': 'tests in a table arrive where explain says',
  'src/config/run-tests.ts > src/proxy/described-head.ts': 'tests in a table make their requests as explain does',
}

interface Import {
  readonly from: string
  readonly to: string
}

/** Relative imports of one file, types among them: a type, too, ties two folders together. */
function importsOf(file: string, text: string): Import[] {
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g)
  return [...found].map((match) => ({ from: file, to: posix.normalize(posix.join(posix.dirname(file), match[1] as string)) }))
}

function placeOf(file: string): string {
  const [top = '', second = '', ...rest] = file.split('/')
  return top !== 'src' ? top : rest.length === 0 ? second.replace(/\.ts$/, '') : second
}

/** Imports that neither the direction nor an exception allows. */
function forbidden(imports: readonly Import[]): string[] {
  const isFine = ({ from, to }: Import): boolean => {
    const place = placeOf(from)
    return place === placeOf(to) || (ALLOWED[place]?.includes(placeOf(to)) ?? false) || `${from} > ${to}` in EXCEPTIONS
  }
  return imports.filter((each) => !isFine(each)).map(({ from, to }) => `${from} > ${to}`)
}

const sources = globSync('{src,discovery}/**/*.ts', { cwd: ROOT }).map((file) => file.split('\\').join('/'))
const imports = sources.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')))

describe('the direction of imports', () => {
  test('holds in every file', () => {
    expect(imports.length).toBeGreaterThan(400)
    expect(forbidden(imports)).toEqual([])
  })

  test('has no exception that nobody needs', () => {
    const used = new Set(imports.map(({ from, to }) => `${from} > ${to}`))
    expect(Object.keys(EXCEPTIONS).filter((exception) => !used.has(exception))).toEqual([])
  })

  test.each([
    ['src/model/route.ts', "import { decide } from '../route/decide.ts'"],
    ['src/route/decide.ts', "import type { Gateway } from '../proxy/gateway.ts'"],
    ['src/balance/ewma.ts', "import { x } from '../policy/retry.ts'"],
    ['src/proxy/gateway.ts', "export { x } from '../node/log.ts'"],
    ['src/edge/entry.ts', "const x = await import('../node/log.ts')"],
    ['src/node/log.ts', "import '../edge/entry.ts'"],
    ['discovery/consul.ts', "import { trustOf } from '../src/proxy/client-address.ts'"],
    ['src/store/redis.ts', "import { x } from '../../test/support/temp.ts'"],
    ['src/nowhere/new.ts', "import { x } from '../proxy/gateway.ts'"],
  ])('is broken by %s with %s', (file, text) => {
    expect(forbidden(importsOf(file, text))).toHaveLength(1)
  })
})

describe('every part of the core is fenced', () => {
  /** What only some platforms have is for these alone. */
  const RUNTIMES = ['src/node', 'src/edge', 'src/cli']
  const parts = [...new Set(sources.map((file) => (file.startsWith('src/') ? file.split('/').slice(0, 2).join('/') : 'discovery')))].filter((part) => !RUNTIMES.includes(part)).sort()

  test('by the compiler', () => {
    const { include } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8').replace(/^\/\/.*$/m, '')) as { readonly include: readonly string[] }
    expect(include.toSorted()).toEqual(parts)
  })

  test('by the linter', () => {
    const { overrides } = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8')) as { readonly overrides: readonly { readonly files: readonly string[]; readonly rules: object }[] }
    const fence = overrides.find(({ rules }) => 'no-restricted-globals' in rules)
    expect(fence?.files.map((pattern) => pattern.replace(/\/\*\*$/, '')).sort()).toEqual(parts)
  })
})

/** One line of core each, and what must be said of it. */
const REACHES = {
  'node-import': "import { readFileSync } from 'node:fs'\nexport const text = readFileSync\n",
  'node-global': 'export const id: number = process.pid\n',
  clock: 'export const at: number = Date.now()\n',
  chance: 'export const roll: number = Math.random()\n',
  timer: 'export const timer: unknown = setTimeout(() => undefined, 1)\n',
  network: "export const answer: unknown = fetch('http://127.0.0.1/')\n",
}

describe('the core reaches past Platform', () => {
  let copy = ''
  let linted = ''
  let compiled = ''

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'fairlead-core-'))
    await mkdir(join(copy, 'src/route'), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'tsconfig.base.json', 'package.json']) await writeFile(join(copy, file), readFileSync(join(ROOT, file)))
    await writeFile(join(copy, 'src/route/clean.ts'), "export const clean = 'of everything'\n")
    for (const [name, text] of Object.entries(REACHES)) await writeFile(join(copy, `src/route/${name}.ts`), text)
    ;[linted, compiled] = await Promise.all([run('oxlint', ['--format=unix'], copy), run('tsc', ['-p', 'tsconfig.json', '--pretty', 'false'], copy)])
  }, 30_000)
  afterAll(() => rm(copy, { recursive: true, force: true }))

  test.each(['node-import', 'node-global', 'clock', 'chance', 'timer', 'network'])('with %s: the linter refuses it', (name) => {
    expect(linted).toMatch(new RegExp(`src/route/${name}\\.ts.*no-restricted-`))
  })

  test.each(['node-import', 'node-global'])('with %s: the compiler refuses it', (name) => {
    expect(compiled).toContain(`src/route/${name}.ts`)
  })

  test('a file that does not is left alone', () => {
    expect(`${linted}${compiled}`).not.toContain('clean.ts')
  })
})

/** What a tool prints; both end with an exit code of their own when they find something. */
function run(tool: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(join(ROOT, 'node_modules/.bin', tool), args, { cwd }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`))
  })
}
