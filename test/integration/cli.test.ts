// The command line: what it prints, where, and how it ends. Most runs are in this process, since a process each would take
// half a minute; the last tests start the real one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { startAdmin, type AdminServer } from '../../src/node/admin/server.ts'
import { fakeAdminSource, NOW } from '../support/admin-source.ts'
import { compileTable } from '../../src/route/compile.ts'
import { path, route } from '../support/build-table.ts'
import { fakePlatform } from '../support/fake-platform.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const FIXTURES = fileURLToPath(new URL('../fixtures/config/', import.meta.url))

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line as if in the directory of the fixtures. */
async function fairlead(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await dispatch(args, {
    out: (line) => void (out += `${line}\n`),
    err: (line) => void (err += `${line}\n`),
    readText: async (path) => (path === '-' ? input : readFile(join(FIXTURES, path), 'utf8')),
    env,
  })
  return { code, out, err }
}

/** The same as a process of its own. */
async function realFairlead(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: FIXTURES, env: { PATH: process.env['PATH'], ...env } })
  child.stdin.end(input)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number]>])
  return { code, out, err }
}

describe('check', () => {
  test('prints every problem with its place, and how many there are', async () => {
    const { code, out, err } = await fairlead(['check', 'wrong.yaml'])
    expect(err).toBe('')
    expect(out).toContain("wrong.yaml:3:10: error: listeners.web.prt: unknown key 'prt' (did you mean port?)\n")
    expect(out).toContain('wrong.yaml:6:3: error: registries.etcd: ')
    expect(out).toMatch(/\nwrong\.yaml: \d+ errors\n$/)
    expect(code).toBe(1)
  })

  test('runs the tests of the table', async () => {
    const { code, out } = await fairlead(['check', 'checked.yaml'])
    expect(out.split('\n')).toEqual([
      'checked.yaml:11:3: warning: services.idle: no route goes to the service idle',
      'checked.yaml:19:9: error: routes[0].tests[1]: GET words.example.com/one: expected words/v2, but no route matches (testers does not match: header x-user must be /^tester-/, saw bob)',
      'checked.yaml: 1 error, 1 warning in 3 routes, 2 services, 2 tests',
      '',
    ])
    expect(code).toBe(1)
  })

  test('fails for warnings only when it is strict', async () => {
    const table = 'services: { idle: { endpoints: [a:1] } }\nroutes: [{ match: /**, to: http://127.0.0.1:1 }]'
    expect(await fairlead(['check', '-'], table)).toEqual({ code: 0, out: '-:1:13: warning: services.idle: no route goes to the service idle\n-: 1 warning in 1 route, 2 services\n', err: '' })
    expect(await fairlead(['check', '-', '--strict'], table)).toMatchObject({ code: 1 })
  })

  test('reads the environment, and says it as JSON', async () => {
    const { code, out } = await fairlead(['check', 'fuller.yaml', '--json'], '', { CONSUL_HTTP_TOKEN: 'x' })
    expect(JSON.parse(out)).toEqual({ ok: true, problems: [], routes: 2, services: 1, tests: 1 })
    expect(code).toBe(0)
    const missing = await fairlead(['check', 'fuller.yaml', '--json'])
    expect(JSON.parse(missing.out)).toMatchObject({ ok: false, problems: [{ severity: 'error', path: 'registries.consul.token', line: 5 }], routes: null })
  })

  test('a file that is not there is said in words', async () => {
    expect(await fairlead(['check', 'nowhere.yaml'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('nowhere.yaml cannot be read: ENOENT') as string })
  })
})

describe('explain from a file', () => {
  const explain = (...args: string[]): Promise<Ran> => fairlead(['explain', '--config', 'checked.yaml', ...args])

  test('tells the winner, where it goes, and why every other route lost', async () => {
    const { code, out, err } = await explain('words.example.com/one/two?q=1', '--from', 'simon', '--roll', '0.97')
    expect(err).toBe('')
    expect(out.replace(/table .*/, 'table').replaceAll(/\d+ s ago/g, 'N s ago')).toBe(`request   GET http://words.example.com/one/two?q=1  from 10.0.0.7  on web
table

winner    split
          host    words.example.com  saw words.example.com
          path    /{thing}/**        saw /one/two
          source  simon              saw 10.0.0.7
captured  thing=one  **=two
sent      /w/one/two?q=1 at words.example.com (rewritten)
split     roll 0.97
          words     weight 9500  0 to 0.95
          words/v2  weight 500   0.95 to 1  <- this one
to        words/v2, peak-ewma, ready as of N s ago; 1 of 1 endpoints used
          127.0.0.1:7002  unknown  weight 1    from static  live  known for 0 s  tags v2  subsets v2
retry     none: the route has no retry; 3 tries to connect; 15s over all tries

the others
  testers  header x-user must be /^tester-/, saw nothing
  secure   path must be /s, saw /one/two
`)
    expect(code).toBe(0)
  })

  test('takes headers and a listener', async () => {
    const { out } = await explain('POST', 'https://words.example.com/x', '-H', 'x-user: tester-1', '--json')
    expect(JSON.parse(out)).toMatchObject({ winner: { route: 'testers' }, request: { method: 'POST', scheme: 'https' }, retry: { attempts: 2, on: ['connect'] } })
    expect((await explain('a.test/s', '--listener', 'secure')).out).toContain('answer    redirect 308 to https://a.test/s\n')
  })

  test('ends with 1 when nothing matches or the request would be refused', async () => {
    expect(await explain('a.test/none')).toMatchObject({ code: 1, out: expect.stringContaining('no route matches: 404, reason no_route') as string })
    expect(await explain('a.test/x%2fy')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('the gateway refuses this request: ') as string })
    expect(JSON.parse((await explain('a.test/x%2fy', '--json')).out)).toMatchObject({ reason: 'bad_path' })
  })

  test('a request arrives at the listener that its URL is for', async () => {
    const listener = async (url: string): Promise<unknown> => (JSON.parse((await explain(url, '--json')).out) as { readonly request: unknown }).request
    expect(await listener('http://a.test/s')).toMatchObject({ listener: 'web' })
    expect(await listener('https://a.test/s')).toMatchObject({ listener: 'secure' })
    expect(await listener('a.test:8443/s')).toMatchObject({ listener: 'secure', scheme: 'https' })
    expect((await explain('https://a.test/s')).out).toContain('winner    secure\n')
  })

  test('listeners are read as the gateway reads them', async () => {
    const table = `
listeners: { web: { port: 8080 }, secure: { port: '\${SECURE_PORT}', tls: { cert: a.pem, key: a.key }, trustedProxies: ['\${PROXIES}'] } }
routes: [{ match: { path: /**, source: 10.0.0.0/8 }, respond: {} }]`
    const { out, err } = await fairlead(['explain', 'a.test:8443/x', '--config', '-', '--from', '192.0.2.1', '-H', 'x-forwarded-for: 10.1.1.1', '--json'], table, { SECURE_PORT: '8443', PROXIES: '192.0.2.0/24' })
    expect([err, JSON.parse(out)]).toMatchObject(['', { request: { listener: 'secure', scheme: 'https', source: { address: '10.1.1.1' } } }])
  })

  test('takes the time of the request, for routes that are open for a while only', async () => {
    const table = "routes: [{ match: { path: /**, when: { from: '22:00', to: '06:00' } }, respond: { status: 503 } }]"
    const at = (when: string): Promise<Ran> => fairlead(['explain', '/', '--config', '-', '--at', when], table)
    expect([(await at('2026-11-23T23:00:00Z')).code, (await at('2026-11-23T12:00:00Z')).code]).toEqual([0, 1])
    expect(await at('noon')).toEqual({ code: 2, out: '', err: "--at: 'noon' is not an instant: write 2026-11-23T08:00:00Z or 2026-11-23\n" })
  })

  test('ends with 1 for an upgrade that the route does not let through', async () => {
    const table = 'routes: [{ match: /**, to: http://127.0.0.1:1, upgrade: false, retry: { attempts: 2, on: [5xx] } }]'
    const { code, out } = await fairlead(['explain', '/', '--config', '-', '-H', 'connection: upgrade', '-H', 'upgrade: websocket'], table)
    expect(out).toContain('\nanswer    refused, reason upgrade_refused: route route-1 does not allow upgrades\n')
    expect(out).not.toMatch(/^(?:sent|to|retry) /m)
    expect(code).toBe(1)
  })

  test.each([
    [['--config', 'checked.yaml']],
    [['a', 'b', 'c']],
    [['/', '-H', 'nonsense']],
    [['/', '--roll', '1']],
    [['/', '--config', 'checked.yaml', '--listener', 'wbe']],
    [['/', '--config', 'checked.yaml', '--admin', 'http://127.0.0.1:1']],
    [['/', '--admin', 'nonsense']],
    [['/', '--unknown']],
  ])('%j is a mistake of usage', async (args) => {
    const { code, out, err } = await fairlead(['explain', ...args])
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toContain('    at ')
  })
})

describe('a running gateway', () => {
  const platform = fakePlatform({ start: NOW })
  let server: AdminServer
  let admin: string
  beforeAll(async () => {
    server = await startAdmin({ host: '127.0.0.1', port: 0 }, fakeAdminSource(platform), platform)
    admin = `http://127.0.0.1:${server.port}`
  })
  afterAll(() => server.close())

  test('explains', async () => {
    const { code, out } = await fairlead(['explain', 'POST', 'http://words.example.com/one', '-H', 'x-user: tester-1', '--admin', admin])
    expect(code).toBe(0)
    expect(out).toContain('table     revision 12, 3fa9c07be211 of redis:v12\n')
    expect(out).toContain('winner    words-for-testers\n')
    expect(out).toContain('10.1.0.13:8080  passing  weight 1  zone eu-1a  from consul/words  live  known for 40 s  tags v2,canary  subsets v2')
    expect(JSON.parse((await fairlead(['explain', 'https://words.example.com/one', '--json', '--admin', admin])).out)).toMatchObject({ request: { listener: 'secure' } })
    expect(await fairlead(['explain', '/', '--listener', 'wbe', '--admin', admin])).toMatchObject({ code: 1, err: expect.stringContaining('the listeners are web, secure') as string })
  })

  test('explains with every loser when asked for all', async () => {
    const many = { ...fakeAdminSource(platform) }
    const table = compileTable({ callers: [], services: [], routes: Array.from({ length: 150 }, (_, i) => route(`r${i}`, { path: [path(`/r${i}`)] }, { action: { kind: 'respond', status: 200, body: '', headers: [] } })) })
    const asked = await startAdmin({ host: '127.0.0.1', port: 0 }, { ...many, snapshot: () => ({ revision: { number: 1, hash: '', origin: 'test', at: 0 }, table, services: [] }) }, platform)
    const losers = async (...more: string[]): Promise<unknown[]> => {
      const told = JSON.parse((await fairlead(['explain', '/r7', '--json', '--admin', `http://127.0.0.1:${asked.port}`, ...more])).out) as { readonly losers: readonly unknown[]; readonly omitted: number }
      return [told.losers.length, told.omitted]
    }
    expect([await losers(), await losers('--all')]).toEqual([[100, 49], [149, 0]])
    await asked.close()
  })

  test('lists its routes, best first, and what it refused', async () => {
    const { code, out } = await fairlead(['routes', '--admin', admin])
    expect(code).toBe(0)
    expect(out).toMatch(/^revision 12, 3fa9c07be211 of redis:v12, .*; 6 routes, best first\n/)
    expect(out).toMatch(/\n {2}words +GET or HEAD words\.example\.com\/\*\* +-> words\/v1 95, words\/v2 5 +100 requests\n/)
    expect(out).toContain('1 later table was refused: fairlead routes --invalid')
    expect(out).toMatch(/\n\nthe route store redis holds a table that is refused \(refused for .*, last read .* ago\): redis:v13: routes\[2\]\.to: there is no service "biling"\n/)
    const invalid = await fairlead(['routes', '--invalid', '--admin', admin])
    expect(invalid).toMatchObject({ code: 1, out: expect.stringContaining('redis:v13:31:9: error: routes[2].to: there is no service "biling" (billing)') as string })
    expect(JSON.parse((await fairlead(['routes', '--invalid', '--json', '--admin', admin])).out)).toMatchObject({ rejected: [{ origin: 'redis:v13' }] })
  })

  test('lists its endpoints with origin, health and age', async () => {
    const { code, out } = await fairlead(['endpoints', '--admin', admin])
    expect(code).toBe(0)
    expect(out).toContain('billing  stale, last confirmed 11 min ago (failed: http://127.0.0.1:4646 refused the connection; endpoints are kept)\n')
    expect(out).toMatch(/\n {2}1\. +consul\/billing +absent +confirmed 30 s ago +0 of 0 usable +not used: the registry does not know it\n {2}2\. +nomad\/billing +stale +confirmed 11 min ago +1 of 1 usable +in use +\(http:\/\/127/)
    expect(out).toMatch(/10\.1\.0\.14:8080 +critical, not used +weight 1/)
    expect(out).toMatch(/10\.1\.0\.15:8080 +passing, not used: draining; used when nothing else is left/)
    expect(out).toMatch(/\[2001:db8::7\]:9000 +unknown +weight 5 +from nomad/)
    expect(await fairlead(['endpoints', 'nothing', '--admin', admin])).toMatchObject({ code: 1, err: 'there is no service "nothing" in the table\n' })
    expect(JSON.parse((await fairlead(['endpoints', 'words', '--json', '--admin', admin])).out)).toMatchObject({ services: [{ name: 'words' }] })
  })

  test('that does not run is said in words', async () => {
    const { code, err } = await fairlead(['routes', '--admin', 'http://127.0.0.1:1'])
    expect(code).toBe(1)
    expect(err).toMatch(/^no gateway answers at http:\/\/127\.0\.0\.1:1 \(.*\): is it running/)
  })

  test.each([
    ['routes', '--admin', 'http://127.0.0.1:1'],
    ['endpoints', '--admin', 'http://127.0.0.1:1'],
    ['explain', '/', '--admin', 'http://127.0.0.1:1'],
    ['explain', '/', '--config', 'wrong.yaml'],
    ['routes', 'history', '--redis', 'redis://127.0.0.1:1'],
    ['routes', 'push', 'smallest.yaml', '--redis', 'redis://127.0.0.1:1'],
    ['routes', 'rollback', '1', '--redis', 'redis://127.0.0.1:1'],
  ])('what fails is JSON where that was asked for: %s %s', async (...args) => {
    const { code, out, err } = await fairlead([...args, '--json'])
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: expect.stringMatching(/no gateway answers at|nothing listens there|is not valid/) as string })
    expect([code, err]).toEqual([1, ''])
  })
})

describe('help', () => {
  test('lists the commands, and has an example for each', async () => {
    const { code, out } = await fairlead(['help'])
    expect(code).toBe(0)
    const names = [...out.matchAll(/^ {2}(\w+(?: \w+)?) {2,}/gm)].map(([, name]) => name as string)
    expect(names).toEqual(expect.arrayContaining(['run', 'check', 'explain', 'routes', 'endpoints', 'routes push', 'version']))
    for (const name of names) {
      const help = await fairlead(['help', ...name.split(' ')])
      expect([name, help.code, help.out.startsWith('usage: fairlead '), /\nexample:\n {2}fairlead /.test(help.out)]).toEqual([name, 0, true, true])
    }
  })

  test('a wrong command gets the nearest right one', async () => {
    expect(await fairlead(['chekc'])).toMatchObject({ code: 2, err: expect.stringContaining("no command 'chekc', did you mean 'fairlead check'?") as string })
    expect(await fairlead(['routes', 'histroy'])).toMatchObject({ code: 2, err: expect.stringContaining("no command 'routes histroy', did you mean 'fairlead routes history'?") as string })
    expect(await fairlead(['help', 'routes', 'psuh'])).toMatchObject({ code: 2, err: expect.stringContaining("did you mean 'fairlead routes push'?") as string })
    expect(await fairlead(['version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^fairlead \d+\.\d+\.\d+/) as string })
  })
})

describe('the real process', () => {
  test('reads files and standard input, and ends with the code', async () => {
    expect(await realFairlead(['check', 'smallest.yaml'])).toEqual({ code: 0, out: 'smallest.yaml: no problems in 1 route, 1 service\n', err: '' })
    expect(await realFairlead(['check', '-'], 'routes: [')).toMatchObject({ code: 1, out: expect.stringContaining('-:1:10: error: the text is not YAML') as string, err: '' })
  })

  test.each<[string, string[], Record<string, string>, string]>([
    ['a file that is not there', ['nowhere.yaml'], {}, 'nowhere.yaml cannot be read: ENOENT'],
    ['a variable that names no Redis', ['smallest.yaml'], { FAIRLEAD_REDIS: 'nonsense' }, 'FAIRLEAD_REDIS: this is not a Redis URL'],
    ['the same without a file', [], { FAIRLEAD_REDIS: 'nonsense' }, 'FAIRLEAD_REDIS: this is not a Redis URL'],
    ['a prefix without a Redis', ['smallest.yaml', '--prefix', 'p'], {}, '--prefix is for routes from Redis'],
  ])('run says what is wrong before it starts: %s', async (_name, args, env, message) => {
    expect(await realFairlead(['run', ...args], '', env)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) as string })
  })

  test('says mistakes on standard error', async () => {
    expect(await realFairlead(['explain'])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('usage: fairlead explain') as string })
  })
})

test('a reader that closes the pipe early gets no defect to see', async () => {
  const child = spawn(process.execPath, [MAIN, 'help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  expect([said, code]).toEqual(['', 0])
})
