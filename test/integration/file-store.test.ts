// The file route store on a real file system: what editors, half-done saves, mounts and hands do to a file.
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lastGoodFile } from '../../src/node/store/disk.ts'
import { openFileStore } from '../../src/node/store/file.ts'
import { fileView } from '../../src/node/store/file-view.ts'
import type { LastGood } from '../../src/store/last-good.ts'
import { drill, eventually, loggedPlatform, parse, yamlOf, type Drill } from '../support/store-drill.ts'
import { makeTempDirectory } from '../support/temp.ts'

let directory: string
let remove: () => Promise<void>
let path: string
let origin: string
let gw: Drill | undefined

beforeEach(async () => {
  ;({ directory, remove } = await makeTempDirectory())
  path = join(directory, 'routes.yaml')
  origin = `file:${path}`
})

afterEach(async () => {
  await gw?.stop()
  gw = undefined
  await remove()
})

async function watching(text: string): Promise<Drill> {
  await writeFile(path, text)
  gw = drill(openFileStore({ path, platform: loggedPlatform(), parse }))
  await gw.sees(/^(table|rejected)/)
  return gw
}

describe('a change of the file', () => {
  it('written in place is taken', async () => {
    const gw = await watching(yamlOf('a'))
    await writeFile(path, yamlOf('a', 'b'))
    await gw.sees(`table ${origin} a b`)
  })

  it('renamed into place is taken, many times', async () => {
    const gw = await watching(yamlOf('a'))
    for (const name of ['b', 'c', 'd', 'e']) {
      await writeFile(`${path}.new`, yamlOf(name))
      await rename(`${path}.new`, path)
      await gw.sees(`table ${origin} ${name}`)
    }
    expect(gw.lines).toHaveLength(5)
  })

  it('reaches a gateway soon after it is made', async () => {
    const gw = await watching(yamlOf('a'))
    const times: number[] = []
    for (const name of ['b', 'c', 'd', 'e', 'f']) {
      const start = performance.now()
      await writeFile(path, yamlOf(name))
      await gw.sees(`table ${origin} ${name}`)
      times.push(performance.now() - start)
    }
    // By the hint: the poll is a second away. The median, since this machine may be busy.
    expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(500)
  })

  it('by a swapped link, as mounted ConfigMaps do it, is taken', async () => {
    const mounted = join(directory, 'mount')
    for (const [version, name] of [['v1', 'a'], ['v2', 'b']] as const) {
      await mkdir(join(mounted, version), { recursive: true })
      await writeFile(join(mounted, version, 'routes.yaml'), yamlOf(name))
    }
    await symlink('v1', join(mounted, '..data'))
    await symlink('..data/routes.yaml', join(mounted, 'routes.yaml'))
    const linked = join(mounted, 'routes.yaml')
    gw = drill(openFileStore({ path: linked, platform: loggedPlatform(), parse }))
    await gw.sees(`table file:${linked} a`)
    await symlink('v2', join(mounted, '..data_tmp'))
    await rename(join(mounted, '..data_tmp'), join(mounted, '..data'))
    await gw.sees(`table file:${linked} b`)
  })

  it('of the time alone is none', async () => {
    const gw = await watching(yamlOf('a'))
    await utimes(path, new Date(), new Date())
    await writeFile(path, yamlOf('a'))
    await writeFile(path, yamlOf('b'))
    await gw.sees(`table ${origin} b`)
    expect(gw.lines).toEqual([`table ${origin} a`, `table ${origin} b`])
  })
})

describe('what must not blank the table', () => {
  it('a save in pieces', async () => {
    const gw = await watching(yamlOf('a', 'b', 'c'))
    const whole = yamlOf('a', 'b', 'c', 'd')
    const handle = await open(path, 'w')
    for (let at = 0; at < whole.length; at += 40) {
      await handle.write(whole.slice(at, at + 40))
      await sleep(30)
    }
    await handle.close()
    await gw.sees(`table ${origin} a b c d`)
    expect(gw.lines).toHaveLength(2)
  })

  it('a truncated file', async () => {
    const gw = await watching(yamlOf('a', 'b'))
    await truncate(path, 0)
    await gw.sees(`rejected ${origin} the document is empty`)
    await truncate(path, 0)
    await writeFile(path, yamlOf('a', 'b').slice(0, -20))
    await gw.sees(/^rejected .*YAML/)
    await writeFile(path, yamlOf('a', 'b'))
    await gw.sees(`confirmed ${origin}`)
    expect(gw.lines.filter((line) => line.startsWith('table'))).toHaveLength(1)
  })

  it('an editor that moves the file away and writes another', async () => {
    const gw = await watching(yamlOf('a'))
    await rename(path, `${path}~`)
    await sleep(100)
    await writeFile(path, yamlOf('b'))
    await gw.sees(`table ${origin} b`)
    expect(gw.lines).toHaveLength(2)
  })

  it('a file that is taken away', async () => {
    const gw = await watching(yamlOf('a'))
    await rm(path)
    await gw.sees(/^unavailable .* is gone; going on with the last table$/)
    await writeFile(path, yamlOf('a'))
    await gw.sees(`confirmed ${origin}`)
  })

  it('a directory in its place', async () => {
    const gw = await watching(yamlOf('a'))
    await rm(path)
    await mkdir(path)
    await gw.sees(/^unavailable .* is not a file$/)
    await rm(path, { recursive: true })
    await writeFile(path, yamlOf('b'))
    await gw.sees(`table ${origin} b`)
  })

  it('a document that is wrong, with every reason and its line', async () => {
    const gw = await watching(yamlOf('a'))
    await writeFile(path, 'routes:\n  - { name: x, match: a/**, respond: { status: 2000 } }\n  - { nam: y, match: b/**, respond: { status: 200 } }\n')
    await gw.sees(/^rejected/)
    const event = gw.events.at(-1)
    expect(event?.kind === 'rejected' ? event.problems.map(({ path, line }) => [path, line]) : []).toEqual([
      ['routes[0].respond.status', 2],
      ['routes[1].nam', 3],
    ])
  })

  it('bytes that are no text', async () => {
    const gw = await watching(yamlOf('a'))
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x72, 0x00]))
    await gw.sees(/^rejected .* it is not UTF-8 text$/)
  })

  it.skipIf(process.getuid?.() === 0)('a file that may not be read any more', async () => {
    const gw = await watching(yamlOf('a'))
    await writeFile(path, yamlOf('b'))
    await chmod(path, 0)
    await gw.sees(/^unavailable .*may not be read by this user/)
  })
})

describe('fileView', () => {
  it('reads one byte more than the limit and no further', async () => {
    await writeFile(path, 'x'.repeat(1000))
    expect(await fileView(path).read(10)).toHaveLength(11)
    expect(await fileView(path).read(1000)).toHaveLength(1000)
    expect(await fileView(path).read(5000)).toHaveLength(1000)
  })

  it.runIf(process.platform === 'linux')('reads what says nothing of its size', async () => {
    const text = new TextDecoder().decode(await fileView('/proc/self/status').read(100_000))
    expect(text).toContain('Name:')
  })
})

describe('the last good table on disk', () => {
  const last: LastGood = { origin: 'redis:v12', savedAt: 1_700_000_000_000, mark: '{"kind":"plain"}', text: yamlOf('ä') }
  const kept = (): string => join(directory, 'state', 'last-good-table.json')

  it('comes back as it was', async () => {
    const file = lastGoodFile(join(directory, 'state'))
    expect(await file.load()).toBeUndefined()
    await file.save({ ...last, text: 'older' })
    await file.save(last)
    expect(await lastGoodFile(join(directory, 'state')).load()).toEqual(last)
    expect(await readdir(join(directory, 'state'))).toEqual(['last-good-table.json'])
    expect((await stat(kept())).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['text', (text: string) => text.replace('ä', 'ö'), /was changed after it was written/],
    ['mark', (text: string) => text.replace('plain', 'plaim'), /was changed after it was written/],
    ['origin', (text: string) => text.replace('v12', 'v13'), /was changed after it was written/],
    ['end', (text: string) => text.slice(0, -30), /it is not JSON/],
    ['format', (text: string) => text.replace('"format":1', '"format":2'), /format 2/],
    ['fields', () => '{"format":1}', /a field is missing/],
    ['content', () => '', /it is not JSON/],
    ['root', () => 'null', /format undefined/],
  ])('is not believed when its %s was changed', async (_what, change, says) => {
    const file = lastGoodFile(join(directory, 'state'))
    await file.save(last)
    await writeFile(kept(), change(await readFile(kept(), 'utf8')))
    await expect(file.load()).rejects.toThrow(says)
  })

  it('survives a save that fails, and leaves no draft', async () => {
    const file = lastGoodFile(join(directory, 'state'))
    await file.save(last)
    await mkdir(`${kept()}.${process.pid}.tmp`)
    await expect(file.save({ ...last, text: 'newer' })).rejects.toThrow()
    expect(await file.load()).toEqual(last)
  })

  it('says when its directory cannot be made', async () => {
    await writeFile(join(directory, 'state'), '')
    await expect(lastGoodFile(join(directory, 'state')).save(last)).rejects.toThrow(/EEXIST|ENOTDIR/)
    await eventually(async () => (await readFile(join(directory, 'state'), 'utf8')) === '')
  })
})
