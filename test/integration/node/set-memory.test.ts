// Last good endpoint sets on a real disk, under virtual time.
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Endpoint } from '../../../src/model/endpoint.ts'
import type { Platform } from '../../../src/model/platform.ts'
import { createSetMemory } from '../../../src/node/set-memory.ts'
import { fakePlatform, START } from '../../support/fake-platform.ts'
import { soon } from '../../support/soon.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fairlead-memory-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const path = (): string => join(directory, 'state', 'endpoints.json')
const open = (platform: Platform = fakePlatform()) => createSetMemory(join(directory, 'state'), platform)
const endpoint: Endpoint = { id: 'consul/n1/a', host: '10.0.0.1', port: 80, weight: 2, zone: 'z', tags: ['v1'], meta: { a: 'b' }, health: 'passing', draining: false, origin: 'consul', learnedAt: 1 }
const set = (at: number, port = 80) => ({ at, endpoints: [{ ...endpoint, port }] })
const written = async (): Promise<{ sets: Record<string, { at: number }> }> => JSON.parse(await readFile(path(), 'utf8')) as { sets: Record<string, { at: number }> }

test('what is saved is loaded by the next run, whole', async () => {
  const first = open()
  expect(await first.load()).toEqual(new Map())
  first.save('consul/a', set(1))
  first.save('consul/b', set(2))
  first.save('consul/b', undefined)
  await first.flush()
  expect(await open().load()).toEqual(new Map([['consul/a', set(1)]]))
  expect((await stat(path())).mode & 0o777).toBe(0o600)
  expect(await readdir(join(directory, 'state'))).toEqual(['endpoints.json'])
})

test('what was loaded and not touched stays', async () => {
  const first = open()
  first.save('consul/a', set(1))
  await first.flush()
  const second = open()
  await second.load()
  second.save('consul/b', set(2))
  await second.flush()
  expect([...(await open().load()).keys()].sort()).toEqual(['consul/a', 'consul/b'])
})

test('writes at once, then at most each 5 s', async () => {
  const platform = fakePlatform()
  const memory = open(platform)
  memory.save('a', set(1))
  await soon(async () => expect((await written()).sets['a']?.at).toBe(1))
  for (let at = 2; at < 50; at++) memory.save('a', set(at))
  await platform.advance(4900)
  expect((await written()).sets['a']?.at).toBe(1)
  await platform.advance(200)
  await soon(async () => expect((await written()).sets['a']?.at).toBe(49))
  await memory.flush()
})

test('the time of a set that stays the same is written each few minutes, and a change meanwhile at once', async () => {
  const platform = fakePlatform()
  const memory = open(platform)
  let confirmed = 1
  memory.save('a', { ...set(0), get at() { return confirmed } })
  await soon(async () => expect((await written()).sets['a']?.at).toBe(1))
  confirmed = 2
  await platform.advance(290_000)
  expect((await written()).sets['a']?.at).toBe(1)
  await platform.advance(20_000)
  await soon(async () => expect((await written()).sets['a']?.at).toBe(2))
  await platform.advance(60_000)
  memory.save('b', set(3))
  await soon(async () => expect((await written()).sets['b']?.at).toBe(3))
  await memory.flush()
})

test.each([
  [undefined, ['new', 'old']],
  [3_600_000, ['new']],
  [1, []],
])('with a limit of %s ms to their age %j are loaded, and what is left out is said', async (limit, names) => {
  const first = open()
  first.save('old', set(START - 7_200_000))
  first.save('new', set(START - 60_000))
  await first.flush()
  const platform = fakePlatform()
  const loaded = await createSetMemory(join(directory, 'state'), platform, limit).load()
  expect([...loaded.keys()].sort()).toEqual(names)
  expect(platform.lines.map(({ level, message }) => `${level} ${message}`)).toEqual(names.length === 2 ? [] : [`warn endpoints of ${2 - names.length} services in ${path()} are older than stateMaxAge and are not used`])
})

test('a write that took long is followed by a long rest', async () => {
  const platform = fakePlatform()
  // Each look at the clock finds it a tenth of a second later: that is how long a write takes.
  let looks = 0
  const memory = open({ ...platform, now: () => platform.now() + 100 * looks++ })
  memory.save('a', set(1))
  await soon(async () => expect((await written()).sets['a']?.at).toBe(1))
  memory.save('a', set(2))
  await platform.advance(9900)
  expect((await written()).sets['a']?.at).toBe(1)
  await platform.advance(200)
  await soon(async () => expect((await written()).sets['a']?.at).toBe(2))
  await memory.flush()
})

test.each([
  ['half a file', '{"version":1,"sets":{"a":', 0],
  ['another version', '{"version":2,"sets":{}}', 0],
  ['one bad set among good ones', JSON.stringify({ version: 1, sets: { good: set(1), bad: { at: 1, endpoints: [{ id: 1 }] } } }), 1],
])('%s', async (_, content, count) => {
  const first = open()
  first.save('x', set(1))
  await first.flush()
  await writeFile(path(), content)
  const platform = fakePlatform()
  const loaded = await open(platform).load()
  expect(loaded.size).toBe(count)
  expect(platform.lines).toHaveLength(count === 0 ? 1 : 0)
})

test('a write that fails leaves the file as it was: the next one is made beside it, and put in its place when it is whole', async () => {
  const platform = fakePlatform()
  const memory = open(platform)
  memory.save('a', set(1))
  await memory.flush()
  await mkdir(`${path()}.next`)
  memory.save('a', set(2))
  await memory.flush()
  expect((await written()).sets['a']?.at).toBe(1)
  expect(platform.lines).toMatchObject([{ level: 'warn' }])
})

test('a disk that cannot be written is logged and nothing else', async () => {
  await writeFile(join(directory, 'state'), 'a file where the directory should be')
  const platform = fakePlatform()
  const memory = open(platform)
  memory.save('a', set(1))
  await memory.flush()
  expect(platform.lines).toMatchObject([{ level: 'warn' }])
  expect(platform.lines[0]?.message).toMatch(/cannot be written to .*endpoints\.json; they will be missing after a restart/)
})
