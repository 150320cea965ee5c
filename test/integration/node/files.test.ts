// Node's files as discovery adapters see them, and the file adapter on a real disk.
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { file } from '../../../discovery/file.ts'
import { nodeFiles } from '../../../src/node/files.ts'
import { read, summary } from '../../suites/discoverer.ts'
import { fakePlatform } from '../../support/fake-platform.ts'
import { soon } from '../../support/soon.ts'

let directory: string
beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'fairlead-files-')))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const at = (name: string): string => join(directory, name)

test('what is there, what is missing, and what is not where a directory should be', async () => {
  await writeFile(at('a'), 'text')
  expect(await nodeFiles.stat(at('a'))).toMatchObject({ kind: 'file', size: 4 })
  expect(await nodeFiles.stat(directory)).toMatchObject({ kind: 'directory' })
  for (const missing of [at('b'), at('a/b')]) {
    expect([await nodeFiles.stat(missing), await nodeFiles.read(missing, 10), await nodeFiles.resolve(missing)]).toEqual([undefined, undefined, undefined])
  }
})

test('reads up to the limit, and UTF-8 only', async () => {
  await writeFile(at('a'), 'häuser')
  expect(await nodeFiles.read(at('a'), 7)).toBe('häuser')
  await expect(nodeFiles.read(at('a'), 6)).rejects.toThrow('is longer than 6 bytes')
  await expect(nodeFiles.read('/dev/zero', 6)).resolves.toMatch(/^.{0,6}$/su)
  await writeFile(at('b'), Buffer.from([0xff, 0xfe]))
  await expect(nodeFiles.read(at('b'), 10)).rejects.toThrow()
})

test('links are resolved, so that a name cannot lead out of its directory', async () => {
  await mkdir(at('e'))
  await writeFile(at('secret'), '10.0.0.1 80')
  await symlink(at('secret'), at('e/web'))
  expect(await nodeFiles.resolve(at('e/web'))).toBe(at('secret'))
  const platform = fakePlatform()
  const reader = read({ platform, ref: { registry: 'f', name: 'web', options: {} } }, file.create('f', { path: at('e') }, platform, { files: nodeFiles }))
  await soon(() => expect(summary(reader.last())).toBe('pending failed'))
  await rm(at('e/web'))
  await writeFile(at('e/web'), '10.0.0.2 80\n')
  await soon(async () => {
    await platform.advance(1000)
    expect(summary(reader.last())).toBe('ready 10.0.0.2:80')
  })
  await reader.stop()
})
