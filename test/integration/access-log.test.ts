// The access log writer on real files, pipes and sockets: order, rotation, readers that stall, several writers on one pipe.
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openAccessLog } from '../../src/node/access-log.ts'
import type { AccessLog, AccessLogOptions } from '../../src/node/access-log.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { accessJson } from '../../src/telemetry/access-json.ts'
import { accessRecord } from '../support/access.ts'
import { makeTempDirectory } from '../support/temp.ts'

const CHILD = fileURLToPath(new URL('../support/access-log-child.ts', import.meta.url))
const logged: string[] = []
let clock = 0
let temp: Awaited<ReturnType<typeof makeTempDirectory>>
let path = ''

beforeEach(async () => {
  temp = await makeTempDirectory()
  path = join(temp.directory, 'access.log')
  logged.length = 0
  clock = 0
})
afterEach(() => temp.remove())

/** A log whose clock the test moves; sleeping is real. */
function openLog(fields: Partial<AccessLogOptions> = {}): Promise<AccessLog> {
  const platform = { ...nodePlatform((_level, message) => void logged.push(message)), now: () => clock }
  return openAccessLog({ format: accessJson, to: path, platform, ...fields })
}

function writeLines(log: AccessLog, from: number, to: number): void {
  for (let i = from; i < to; i++) log.write(accessRecord({ requestId: `r${i}` }))
}

function idsOf(content: string): string[] {
  return content === '' ? [] : content.trimEnd().split('\n').map((line) => (JSON.parse(line) as { requestId: string }).requestId)
}

const idsIn = async (file: string): Promise<string[]> => idsOf(await readFile(file, 'utf8'))
const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `r${from + i}`)

/** Resolves when the file holds this many lines. */
async function hasLines(file: string, count: number): Promise<void> {
  for (let lines = -1; lines !== count; await turn()) lines = (await idsIn(file).catch(() => [])).length
}

describe('a file', () => {
  test('gets every line in order, behind what it held', async () => {
    for (const [from, to] of [[0, 500], [500, 1200]] as const) {
      const log = await openLog()
      writeLines(log, from, to)
      await log.close()
      expect(log.dropped).toBe(0)
    }
    expect(await idsIn(path)).toEqual(range(0, 1200))
  })

  test('gets lines without being closed', async () => {
    const log = await openLog()
    writeLines(log, 0, 3)
    await hasLines(path, 3)
    await log.close()
  })

  test('that was moved away is followed within a second of the clock', async () => {
    const log = await openLog()
    writeLines(log, 0, 2)
    await hasLines(path, 2)
    await rename(path, `${path}.1`)
    clock += 1001
    writeLines(log, 2, 5)
    await log.close()
    expect([await idsIn(`${path}.1`), await idsIn(path)]).toEqual([range(0, 2), range(2, 5)])
  })

  test('is opened anew when told to, and not before', async () => {
    const log = await openLog()
    writeLines(log, 0, 2)
    await hasLines(path, 2)
    await rename(path, `${path}.1`)
    writeLines(log, 2, 3)
    await hasLines(`${path}.1`, 3)
    log.reopen()
    writeLines(log, 3, 4)
    await log.close()
    expect([await idsIn(`${path}.1`), await idsIn(path)]).toEqual([range(0, 3), range(3, 4)])
  })

  test('whose directory went away keeps its open file, and says so', async () => {
    const directory = join(temp.directory, 'deep')
    await mkdir(directory)
    const log = await openLog({ to: join(directory, 'access.log') })
    await rename(directory, `${directory}.old`)
    log.reopen()
    writeLines(log, 0, 2)
    await log.close()
    expect(await idsIn(join(`${directory}.old`, 'access.log'))).toEqual(range(0, 2))
    expect(logged).toEqual(['the access log cannot be opened again; lines go on to the old file'])
    expect(log.dropped).toBe(0)
  })

  test('that cannot be opened is refused at the start', async () => {
    await expect(openLog({ to: join(temp.directory, 'missing', 'access.log') })).rejects.toThrow('ENOENT')
  })

  test.skipIf(process.platform !== 'linux')('on a full disk costs the lines, which are counted, and one complaint', async () => {
    const log = await openLog({ to: '/dev/full' })
    writeLines(log, 0, 30)
    await turn()
    writeLines(log, 30, 50)
    await log.close()
    expect(log.dropped).toBe(50)
    expect(logged).toEqual(['the access log cannot be written; its lines are dropped'])
  })

  test('takes nothing after it is closed', async () => {
    const log = await openLog()
    await log.close()
    writeLines(log, 0, 2)
    expect(log.dropped).toBe(2)
    expect(await idsIn(path)).toEqual([])
  })
})

describe.skipIf(process.platform === 'win32')('a pipe whose reader stalls', () => {
  let reader: FileHandle
  beforeEach(async () => {
    await rm(path, { force: true })
    execFileSync('mkfifo', [path])
    reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  })
  afterEach(() => reader.close())

  async function readAvailable(): Promise<string> {
    let content = ''
    for (const chunk = Buffer.alloc(65_536); ; ) {
      const { bytesRead } = await reader.read(chunk, 0, chunk.length).catch(() => ({ bytesRead: 0 }))
      if (bytesRead === 0) return content
      content += chunk.toString('utf8', 0, bytesRead)
    }
  }

  test('never blocks: lines beyond the limit are dropped and counted, the others arrive whole when it reads again', async () => {
    const log = await openLog({ maxWaiting: 100_000 })
    for (let i = 0; i < 2000; i++) {
      writeLines(log, i, i + 1)
      if (i % 100 === 0) await turn()
    }
    expect(log.dropped).toBeGreaterThan(500)
    let content = ''
    const closed = log.close(60_000)
    for (let isClosed = false; !isClosed; isClosed = await Promise.race([closed.then(() => true), turn(false)])) content += await readAvailable()
    content += await readAvailable()
    const ids = idsOf(content)
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))))
    expect(ids.length + log.dropped).toBe(2000)
  })

  test('for good does not keep the gateway from closing', async () => {
    const log = await openLog()
    writeLines(log, 0, 2000)
    await log.close(1)
    const ids = idsOf(await readAvailable())
    expect(ids).toEqual(range(0, ids.length))
    expect(ids.length + log.dropped).toBe(2000)
    expect(log.dropped).toBeGreaterThan(0)
  })
})

describe('stdout', () => {
  const child = (name: string, lines: number, stdout: Socket | 'pipe' | number): ChildProcess => spawn(process.execPath, [CHILD, name, String(lines)], { stdio: ['ignore', stdout, 'pipe'] })

  test.skipIf(process.platform === 'win32')('as one pipe of several workers keeps every line whole', async () => {
    // A shell hands one pipe to three writers, as a supervisor does.
    const script = ['a', 'b', 'c'].map((name) => `"${process.execPath}" "${CHILD}" ${name} 1500 &`).join('\n')
    const shell = spawn('sh', ['-c', `${script}\nwait`], { stdio: ['ignore', 'pipe', 'ignore'] })
    const ids = idsOf(await text(shell.stdout))
    expect(ids).toHaveLength(4500)
    for (const name of ['a', 'b', 'c']) expect(ids.filter((id) => id.startsWith(name))).toEqual(Array.from({ length: 1500 }, (_, i) => `${name}-${i}`))
  })

  test.skipIf(process.platform !== 'linux')('that nobody reads does not keep a process from ending, and what it lost is counted', async () => {
    const stuck = child('s', 3000, 'pipe')
    const [dropped] = await Promise.all([text(stuck.stderr as NodeJS.ReadableStream), once(stuck, 'exit')])
    expect(Number(dropped)).toBeGreaterThan(0)
    stuck.stdout?.destroy()
  })

  test.skipIf(process.platform === 'win32')('as a socket, as under systemd, read or not', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    for (const isRead of [true, false]) {
      const accepted = once(server, 'connection') as Promise<[Socket]>
      const near = connect((server.address() as AddressInfo).port, '127.0.0.1')
      await once(near, 'connect')
      const [far] = await accepted
      const writer = child('k', isRead ? 800 : 20_000, near)
      const exit = once(writer, 'exit')
      near.destroy()
      if (isRead) expect(idsOf(await text(far))).toHaveLength(800)
      expect((await exit)[0]).toBe(0)
      far.destroy()
    }
    server.close()
  })
})
