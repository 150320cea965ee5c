// What is the file adapter's own: both forms, half-written files, names that lead elsewhere.
import { afterEach, expect, test } from 'vitest'
import { file } from '../../../discovery/file.ts'
import { parseEndpointsFile } from '../../../discovery/file/format.ts'
import { endpointsOf } from '../../../src/model/endpoint.ts'
import { read, summary, type Reader } from '../../suites/discoverer.ts'
import { fakeFiles, type FakeFiles } from '../../support/fake-files.ts'
import { fakePlatform, START, type FakePlatform } from '../../support/fake-platform.ts'

const readers: Reader[] = []
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()))
})

function open(name = 'web', path = '/e', options: object = {}): { readonly platform: FakePlatform; readonly files: FakeFiles; readonly reader: () => Reader } {
  const platform = fakePlatform()
  const files = fakeFiles(platform, ['/e', '/e/deep'])
  const start = (): Reader => {
    const reader = read({ platform, ref: { registry: 'f', name, options: {} } }, file.create('f', { path, ...options }, platform, { files }))
    readers.push(reader)
    return reader
  }
  return { platform, files, reader: start }
}

const addresses = (text: string): string[] => {
  const content = parseEndpointsFile(text, 'web', false)
  return content.kind === 'instances' ? content.instances.map(({ host, port, weight }) => `${String(host)} ${String(port)} ${String(weight)}`) : [content.kind === 'bad' ? content.reason : content.kind]
}

test.each([
  ['10.0.0.1 80', ['10.0.0.1 80 1']],
  ['10.0.0.1 80 * 2\r\n\r\nb.example\t8080*0.5 # slow\n# all of it\n', ['10.0.0.1 80 2', 'b.example 8080 0.5']],
  ['[::1] 80\n::2 81', ['::1 80 1', '::2 81 1']],
  ['# empty', []],
  ['  #empty  \n', []],
  ['', ['it lists nothing; write a line `# empty` when that is meant']],
  ['# nothing here', ['it lists nothing; write a line `# empty` when that is meant']],
  ['a 80\n  b', ['line 2, column 3: expected `host port` or `host port * weight`, found `b`']],
  ['a 80 * -1', ['line 1, column 1: expected `host port` or `host port * weight`, found `a 80 * -1`']],
  ['a 0', ['line 1, column 1: the port 0 is not from 1 to 65535']],
  ['a 80 * 70000', ['line 1, column 1: the weight 70000 is over 65535']],
  ['a:80', ['line 1, column 1: expected `host port` or `host port * weight`, found `a:80`']],
  ['0x7f000001 80', ['line 1, column 1: it has an address that is neither a host name nor an IP address: "0x7f000001"']],
])('lines %j', (text, wanted) => {
  expect(addresses(text)).toEqual(wanted)
})

test.each([
  ['{"version":1,"instances":[{"host":"a","port":80,"weight":2}]}', ['a 80 2']],
  ['{"version":1,"services":{"web":{"instances":[{"host":"a","port":80}]},"other":{"instances":[]}}}', ['a 80 1']],
  ['{"version":1,"services":{"other":{"instances":[]}}}', ['absent']],
  ['{"version":1,"instances":[],"empty":true}', []],
  ['{"version":1,"instances":[]}', ['it lists nothing; write `"empty": true` beside `instances` when that is meant']],
  ['{"version":1,"instances":[{"host":"a","port":"80"}]}', ['instances.0.port: Invalid input: expected number, received string']],
  ['{"version":1,"instances":[{"host":"a","port":80,"wieght":2}]}', ['instances.0: Unrecognized key: "wieght"']],
  ['{"version":1,"services":{"__proto__":{"instances":[]}}}', ['absent']],
])('JSON %j', (text, wanted) => {
  expect(addresses(text)).toEqual(wanted)
})

test('JSON that is cut says so', () => {
  expect(addresses('{"version":1,"instances":[')[0]).toMatch(/^no valid JSON: /)
})

test('a file that is still being written is read when it is still', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  for (let size = 1; size <= 10; size++) {
    files.write('/e/web', Array.from({ length: size }, (_, n) => `10.0.0.${n + 1} 80\n`).join(''))
    await platform.advance(50)
  }
  await platform.advance(1500)
  expect(started.sets.map((set) => endpointsOf(set).length)).toEqual([1, 10])
})

test('a writer that rests inside of a port makes no endpoint of its beginning', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  for (let turn = 0; turn < 50; turn++) {
    files.write('/e/web', '10.0.0.1 80\n10.0.0.2 80')
    // Another moment of the second between two looks each time.
    await platform.advance(850)
    files.write('/e/web', '10.0.0.1 80\n10.0.0.2 8080\n')
    await platform.advance(1500)
    expect(summary(started.last())).toBe('ready 10.0.0.1:80 10.0.0.2:8080')
    await platform.advance(turn * 20)
  }
  expect(started.sets).toHaveLength(2)
})

test('a file whose last line has no end is read once it has been still for a second', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80')
  const started = reader()
  await platform.advance(1100)
  expect(summary(started.last())).toBe('ready 10.0.0.1:80')
  files.write('/e/web', '10.0.0.1 80\n10.0.0.2 80')
  await platform.advance(2200)
  expect(summary(started.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80')
})

test('a bad file keeps what was known and says where it is bad; the next good one is taken', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  files.write('/e/web', '10.0.0.1 80\n10.0.0.2 eighty\n')
  await platform.advance(1500)
  expect(summary(started.last())).toBe('stale failed 10.0.0.1:80')
  expect(started.attempts.at(-1)?.message).toBe('/e/web: line 2, column 1: expected `host port` or `host port * weight`, found `10.0.0.2 eighty`')
  files.write('/e/web', '10.0.0.2 80\n')
  await platform.advance(1500)
  expect(summary(started.last())).toBe('ready 10.0.0.2:80')
})

test('lines may have been cut: a large shrink is held; the mark `# empty` is believed', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n10.0.0.2 80\n10.0.0.3 80\n10.0.0.4 80\n')
  const started = reader()
  await platform.advance(200)
  files.write('/e/web', '10.0.0.1 80\n')
  await platform.advance(1500)
  expect(summary(started.last())).toBe('stale guarded 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80')
  files.write('/e/web', '# empty\n')
  await platform.advance(3000)
  expect(summary(started.last())).toBe('ready')
})

test('an editor that renames is not noticed', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  files.remove('/e/web')
  await platform.advance(50)
  files.write('/e/web', '10.0.0.1 80\n10.0.0.2 80\n')
  await platform.advance(3000)
  expect(started.sets.every((set) => endpointsOf(set).length >= 1)).toBe(true)
  expect(summary(started.last())).toBe('ready 10.0.0.1:80 10.0.0.2:80')
})

test('a file that is gone says nothing: what it had is kept for as long as that lasts, and the reader is told what to do', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n10.0.0.2 80\n')
  const started = reader()
  await platform.advance(200)
  files.remove('/e/web')
  await platform.advance(3_600_000)
  expect(summary(started.last())).toBe('stale failed 10.0.0.1:80 10.0.0.2:80')
  expect(endpointsOf(started.last()).some(({ held }) => held)).toBe(false)
  expect(started.attempts.at(-1)?.message).toBe('/e has no file web or web.json; what it had is kept. A file with `# empty`, or "empty": true, says that there is none')
  files.write('/e/web.json', '{"version":1,"instances":[{"host":"10.0.0.3","port":80}]}')
  await platform.advance(3000)
  expect(summary(started.last())).toBe('ready 10.0.0.3:80')
  files.remove('/e/web.json')
  await platform.advance(3000)
  files.write('/e/web', '# empty\n')
  await platform.advance(3000)
  expect(summary(started.last())).toBe('ready')
  // There is nothing to be kept any more.
  files.remove('/e/web')
  await platform.advance(3000)
  expect(summary(started.last())).toBe('absent')
})

test('what a file had is kept over a restart in which it is gone, and a file that there never was is absent', async () => {
  const { platform, files, reader } = open()
  const none = reader()
  await platform.advance(1500)
  expect(summary(none.last())).toBe('absent')
  await none.stop()
  files.write('/e/web', '10.0.0.1 80\n')
  const first = reader()
  await platform.advance(200)
  files.remove('/e/web')
  const second = read({ platform, ref: { registry: 'f', name: 'web', options: {} } }, file.create('f', { path: '/e' }, platform, { files }), { endpoints: endpointsOf(first.last()), at: START })
  readers.push(second)
  await platform.advance(60_000)
  expect(summary(second.last())).toBe('stale failed 10.0.0.1:80')
})

test('with allowEmpty a file that is gone is believed at once', async () => {
  const { platform, files, reader } = open('web', '/e', { allowEmpty: true })
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  files.remove('/e/web')
  await platform.advance(1500)
  expect(summary(started.last())).toBe('absent')
})

test.each(['../secret', 'a/../../secret', './web', '/etc/passwd', 'a//b', 'nul\0'])('the name %j is refused', async (name) => {
  const { platform, reader } = open(name)
  const started = reader()
  await platform.advance(1500)
  expect(summary(started.last())).toBe('pending failed')
  expect(started.attempts[0]?.message).toMatch(/is no name of a file/)
})

test('a link that leads out of the directory is refused, one within it is followed', async () => {
  const { platform, files, reader } = open()
  files.write('/etc/secret', '10.0.0.1 80\n')
  files.link('/e/web', '/etc/secret')
  const started = reader()
  await platform.advance(1500)
  expect(started.attempts[0]?.message).toBe('/e/web leads out of /e')
  files.write('/e/deep/v2', '10.0.0.2 80\n')
  files.link('/e/web', '/e/deep/v2')
  await platform.advance(2500)
  expect(summary(started.last())).toBe('ready 10.0.0.2:80')
})

test.each([
  ['in the directory', '/e', '/e/web'],
  ['as the path of the registry', '/pipe', '/pipe'],
])('a pipe %s is refused and not opened, since that would wait without end', async (_name, registry, pipe) => {
  const { platform, files, reader } = open('web', registry)
  files.special(pipe)
  Object.assign(files, { read: () => new Promise(() => {}) })
  const started = reader()
  await platform.advance(1500)
  expect(summary(started.last())).toBe('pending failed')
  expect(started.attempts[0]?.message).toBe(`${pipe} is neither a file nor a directory`)
})

test('one file holds several services, and names are looked up in it', async () => {
  const { platform, files, reader } = open('web', '/one.json')
  files.write('/one.json', '{"version":1,"services":{"web":{"instances":[{"host":"10.0.0.1","port":80}]}}}')
  const started = reader()
  await platform.advance(1500)
  expect(summary(started.last())).toBe('ready 10.0.0.1:80')
})

test('a directory that does not exist is a failure, not an empty one', async () => {
  const { platform, reader } = open('web', '/nowhere')
  const started = reader()
  await platform.advance(1500)
  expect(summary(started.last())).toBe('pending failed')
  expect(started.attempts[0]?.message).toBe('/nowhere does not exist')
})

// The drills of a directory under fire that the shared suite does not have.

test('a file system that never answers is late after 10 s, and asked once at a time', async () => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  const { stat } = files
  const waiting: (() => void)[] = []
  Object.assign(files, { stat: async (path: string) => new Promise<void>((resolve) => waiting.push(resolve)).then(() => stat(path)) })
  await platform.advance(60_000)
  expect(summary(started.last())).toBe('stale failed 10.0.0.1:80')
  expect(started.attempts.at(-1)?.message).toBe('no answer within 10 s')
  expect(waiting).toHaveLength(1)
  Object.assign(files, { stat })
  waiting.forEach((resolve) => resolve())
  await platform.advance(12_000)
  expect(summary(started.last())).toBe('ready 10.0.0.1:80')
})

test('a file system that never answers holds two accesses, however many services are watched', async () => {
  const platform = fakePlatform()
  const files = fakeFiles(platform, ['/e'])
  const names = Array.from({ length: 20 }, (_, index) => `web-${index}`)
  for (const name of names) files.write(`/e/${name}`, '10.0.0.1 80\n')
  const discoverer = file.create('f', { path: '/e' }, platform, { files })
  const started = names.map((name) => read({ platform, ref: { registry: 'f', name, options: {} } }, discoverer))
  readers.push(...started)
  await platform.advance(400)
  expect(started.map((each) => summary(each.last()))).toEqual(names.map(() => 'ready 10.0.0.1:80'))
  const { stat } = files
  const waiting: (() => void)[] = []
  Object.assign(files, { stat: async (path: string) => new Promise<void>((resolve) => waiting.push(resolve)).then(() => stat(path)) })
  await platform.advance(60_000)
  expect(started.map((each) => summary(each.last()))).toEqual(names.map(() => 'stale failed 10.0.0.1:80'))
  expect(new Set(started.map((each) => each.attempts.at(-1)?.message))).toEqual(new Set(['no answer within 10 s']))
  expect(waiting).toHaveLength(2)
  Object.assign(files, { stat })
  waiting.forEach((resolve) => resolve())
  await platform.advance(15_000)
  expect(started.map((each) => summary(each.last()))).toEqual(names.map(() => 'ready 10.0.0.1:80'))
})

test.each([
  ['cut to nothing', ''],
  ['longer than 4 MiB', `10.0.0.1 80\n${'#'.repeat(4 * 2 ** 20)}`],
])('a file that is %s keeps what was known', async (_name, content) => {
  const { platform, files, reader } = open()
  files.write('/e/web', '10.0.0.1 80\n')
  const started = reader()
  await platform.advance(200)
  files.write('/e/web', content)
  await platform.advance(60_000)
  expect(summary(started.last())).toBe('stale failed 10.0.0.1:80')
})

test('an instance in and out each 100 ms for a minute is a set a second at most, and the last one is right', async () => {
  const { platform, files, reader } = open()
  const five = Array.from({ length: 5 }, (_, n) => `10.0.0.${n + 1} 80\n`)
  files.write('/e/web', five.join(''))
  const started = reader()
  for (let step = 0; step < 600; step++) {
    files.write('/e/web', five.slice(step % 2).join(''))
    await platform.advance(100)
  }
  files.write('/e/web', five.join(''))
  await platform.advance(2500)
  expect(started.sets.length).toBeLessThan(62)
  expect(started.sets.every((set) => endpointsOf(set).length >= 4)).toBe(true)
  expect(summary(started.last())).toBe(`ready ${five.map((line) => line.trim().replace(' ', ':')).join(' ')}`)
})

test('5000 that change at once are one set', async () => {
  const { platform, files, reader } = open()
  const many = (port: number): string => Array.from({ length: 5000 }, (_, n) => `10.0.${n >> 8}.${n & 255} ${port}\n`).join('')
  files.write('/e/web', many(80))
  const started = reader()
  await platform.advance(200)
  files.write('/e/web', many(81))
  await platform.advance(32_000)
  // All ids are other ones, so the old are held for 30 s beside the new.
  expect(started.sets.map((set) => endpointsOf(set).length)).toEqual([5000, 5000])
  expect(started.sets.map((set) => set.kind)).toEqual(['ready', 'ready'])
})

test('a directory that is missing at the start is served from what was known, and read once it is there', async () => {
  const platform = fakePlatform()
  const files = fakeFiles(platform, ['/e'])
  files.write('/e/web', '10.0.0.1 80\n')
  const discoverer = file.create('f', { path: '/e' }, platform, { files })
  const first = read({ platform, ref: { registry: 'f', name: 'web', options: {} } }, discoverer)
  await platform.advance(200)
  await first.stop()
  const empty = fakeFiles(platform, [])
  const later = file.create('f', { path: '/e' }, platform, { files: empty })
  const second = read({ platform, ref: { registry: 'f', name: 'web', options: {} } }, later, { endpoints: endpointsOf(first.last()), at: 1 })
  readers.push(second)
  await platform.advance(1500)
  expect(summary(second.last())).toBe('stale failed 10.0.0.1:80')
  Object.assign(empty, files)
  await platform.advance(3000)
  expect(summary(second.last())).toBe('ready 10.0.0.1:80')
})
