// The demo as a new user meets it: started by its one command, every line that it prints typed into a shell, stopped by Ctrl-C.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const hasCurl = spawnSync('curl', ['--version']).status === 0
if (!hasCurl) console.warn('SKIPPED: the lines that the demo prints, since there is no curl')

let demo: ChildProcess
let printed = ''

beforeAll(async () => {
  demo = spawn(process.execPath, ['examples/demo/start.ts'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  demo.stdout?.setEncoding('utf8')
  await new Promise<void>((resolve, reject) => {
    demo.once('exit', (code) => reject(new Error(`the demo ended (${code}): ${printed}`)))
    demo.stdout?.on('data', (text: string) => {
      printed += text
      if (printed.includes('Ctrl-C')) resolve()
    })
  })
}, 60_000)

afterAll(() => {
  demo.kill('SIGKILL')
})

/** Types the printed line that holds `part`. */
async function type(part: string): Promise<string> {
  const lines = printed.split('\n').filter((line) => line.startsWith('  $ ') && line.includes(part))
  expect(lines, printed).not.toHaveLength(0)
  const { stdout } = await promisify(execFile)('sh', ['-c', (lines[0] ?? '').slice(4)], { cwd: ROOT })
  return stdout
}

/** Where the gateway listens. */
function gateway(): string {
  return /serves on (\S+),/.exec(printed)?.[1] ?? ''
}

describe.runIf(hasCurl)('npm start', () => {
  it('lets simon say a word through the gateway', async () => {
    expect(await type("curl -H 'Host: simon.local' http")).toMatch(/^Simon says: [A-Z]+ \(words v[12](, the canary)?\)\n$/)
  })

  it('has no failed request although one of its services fails now and then', async () => {
    const said = (await Promise.all(Array.from({ length: 4 }, () => type('for i in')))).join('')
    expect(said.match(/^Simon says: [A-Z]+ \(words v/gm)).toHaveLength(40)
    expect(said.trim().split('\n')).toHaveLength(40)
  })

  it('sends testers to the canary', async () => {
    for (let i = 0; i < 5; i++) expect(await type('x-user: tester-1')).toContain('(words v2, the canary)')
  })

  it('redirects, answers itself, and knows no other host', async () => {
    const moved = await type('says.local')
    expect(moved).toMatch(/^HTTP\/1\.1 302 /)
    expect(moved).toMatch(/^location: http:\/\/simon\.local\/say\r$/im)
    expect(await type('/hello')).toBe('Hello from the gateway itself.\n')
    expect(await type('nobody.local')).toMatch(/^HTTP\/1\.1 404 [^]*fairlead-error: no_route/i)
  })

  it('explains itself', async () => {
    expect(await type('explain')).toMatch(/^winner +words-for-testers\n/m)
    expect(await type('-- routes')).toMatch(/^ *words +words\.local\/\*\* +-> words\/v1 90, words\/v2 10 +\d+ requests$/m)
    expect(await type('-- endpoints words')).toMatch(/127\.0\.0\.1:\d+ .*tags v2/)
  })

  it('counts what it serves', async () => {
    const { readCounts } = await import('../../examples/demo/live-counts.ts')
    const admin = /admin page is (\S+)\/$/m.exec(printed)?.[1] ?? ''
    const before = Number(/\| simon (\d+)/.exec(await readCounts(admin))?.[1])
    const { stdout } = await promisify(execFile)('curl', ['-s', '-H', 'Host: simon.local', `${gateway()}/say`])
    expect(stdout).toContain('Simon says')
    await expect.poll(async () => Number(/\| simon (\d+)/.exec(await readCounts(admin))?.[1]), { timeout: 10_000 }).toBe(before + 1)
    expect(await readCounts(admin)).toMatch(/^\d+ requests \| .*words v1 \d+, v2 [1-9]\d* \| \d+ retries \| 0 errors$/)
  })

  it('ends at once on Ctrl-C, and leaves nothing behind', async () => {
    const url = gateway()
    const exit = once(demo, 'exit')
    demo.kill('SIGINT')
    expect(await exit).toEqual([0, null])
    await expect(fetch(`${url}/hello`)).rejects.toThrow('fetch failed')
  })
})
