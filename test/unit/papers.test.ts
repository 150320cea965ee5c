// The papers at the top of the tree name files and types; what they name must exist, or they lead people astray.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { normalizePath } from '../../src/proxy/normalize.ts'

const ROOT = new URL('../../', import.meta.url)
/** Each with a number of paths and types that it surely names, so that a reader of this file that finds none is seen. */
const PAPERS = [
  { paper: 'ARCHITECTURE.md', paths: 80, types: 8 },
  { paper: 'GLOSSARY.md', paths: 2, types: 30 },
  { paper: 'CONTRIBUTING.md', paths: 15, types: 6 },
  { paper: 'SECURITY.md', paths: 2, types: 0 },
]
const FOLDERS = ['src', 'discovery', 'scripts', 'bench', 'examples', 'test', 'docs']

/** Words in the form of a type's name that are no types of ours. */
const OTHERS = new Set(['Connection', 'Date', 'Expect', 'Forwarded', 'Host', 'Map'])

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8')
}

/** What stands in backticks, outside of fenced blocks. */
function quoted(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string)
}

/** Paths into the tree, in backticks or as the target of a link. */
function pathsIn(text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)#\s]+)\)/g)].map((match) => match[1] as string).filter((target) => !target.includes('://'))
  const inTree = new RegExp(`^(?:${FOLDERS.join('|')})(?:/[\\w.-]+)+$`)
  // NAME stands for a file that a reader is to write.
  return [...quoted(text).filter((word) => inTree.test(word) && !word.includes('NAME')), ...links]
}

function typesIn(text: string): string[] {
  return quoted(text).filter((word) => /^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$/.test(word) && !OTHERS.has(word))
}

function declaredTypes(): Set<string> {
  const files = globSync('{src,discovery}/**/*.ts', { cwd: fileURLToPath(ROOT) })
  return new Set(files.flatMap((file) => [...read(file).matchAll(/^(?:export )?(?:abstract )?(?:interface|type|class) (\w+)/gm)].map((match) => match[1] as string)))
}

describe.each(PAPERS)('$paper', ({ paper, paths: leastPaths, types: leastTypes }) => {
  const text = read(paper)

  test('names only files and folders that exist', () => {
    const paths = pathsIn(text)
    expect(paths.length).toBeGreaterThanOrEqual(leastPaths)
    expect(paths.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([])
  })

  test('names only types that exist', () => {
    const declared = declaredTypes()
    const types = typesIn(text)
    expect(types.length).toBeGreaterThanOrEqual(leastTypes)
    expect(types.filter((name) => !declared.has(name))).toEqual([])
  })
})

test('every folder of the sources is on the map', () => {
  const folders = new Set(globSync('src/**/*.ts', { cwd: fileURLToPath(ROOT) }).map((file) => file.replace(/\/[^/]+$/, '')))
  folders.delete('src')
  const map = new Set(quoted(read('ARCHITECTURE.md')))
  expect([...folders].filter((folder) => !map.has(folder))).toEqual([])
})

test('every term of the glossary has two sentences and the words to avoid', () => {
  const terms = read('GLOSSARY.md').split(/^(?=\*\*)/m).slice(1)
  expect(terms.length).toBeGreaterThan(30)
  const wrong = terms.filter((term) => !/\*Avoid:\* \S/.test(term) || (term.split('*Avoid:*')[0]?.match(/[.)](?:\s|$)/g)?.length ?? 0) < 2)
  expect(wrong).toEqual([])
})

test('a name that does not exist would be seen', () => {
  const text = 'See `src/route/nowhere.ts` and `NoSuchType`, [here](docs/gone.md).'
  expect(pathsIn(text)).toEqual(['src/route/nowhere.ts', 'docs/gone.md'])
  expect(typesIn(text)).toEqual(['NoSuchType'])
  expect(declaredTypes().has('NoSuchType')).toBe(false)
})

describe('docs/reference/paths.md', () => {
  const text = read('docs/reference/paths.md')
  const [changed = '', refused = ''] = text.split('## What is refused')
  const rows = (part: string, column: number): string[][] =>
    [...part.matchAll(/^\| .*`.*$/gm)].map((row) => [...(row[0].split(' | ')[column]?.matchAll(/`([^`]+)`/g) ?? [])].map((match) => match[1] as string))

  test('says what is changed, and into what', () => {
    const before = rows(changed, 0).flat()
    const after = rows(changed, 1)
    expect(before.length).toBeGreaterThan(8)
    const expected = rows(changed, 0).flatMap((paths, i) => paths.map((_, j) => after[i]?.[j] ?? after[i]?.[0]))
    expect(before.map((path) => normalizePath(path)?.path)).toEqual(expected)
  })

  test('says what is refused', () => {
    const paths = rows(refused.split('## ')[0] ?? '', 1).flat()
    expect(paths.length).toBeGreaterThan(10)
    expect(paths.filter((path) => normalizePath(path) !== undefined)).toEqual([])
  })

  test('says what rules see of parameters', () => {
    expect(normalizePath('/users;v=1/42')).toEqual({ path: '/users;v=1/42', matchPath: '/users/42' })
  })
})
