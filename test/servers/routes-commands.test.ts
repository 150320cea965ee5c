// `fairlead routes push`, `history` and `rollback` against a real Redis with gateways on it.
import { gunzipSync } from 'node:zlib'
import type { Redis } from 'ioredis'
import { parse as parseYaml } from 'yaml'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { UsageError, type CliIo, type ExitCode } from '../../src/cli/io.ts'
import { routesHistory } from '../../src/cli/routes-history.ts'
import { routesPush } from '../../src/cli/routes-push.ts'
import { routesRollback } from '../../src/cli/routes-rollback.ts'
import type { RouteStore } from '../../src/model/store.ts'
import { parseTable } from '../../src/config/parse.ts'
import { openRedisStore } from '../../src/node/store/redis.ts'
import { startRedis } from '../support/servers/redis.ts'
import { describeWithServers } from '../support/servers.ts'
import { byHand, drill, eventually, loggedPlatform, parse, yamlOf, type Drill } from '../support/store-drill.ts'
import { KEYS } from '../support/store-events.ts'

interface Run {
  readonly code: ExitCode
  readonly out: readonly string[]
  readonly err: readonly string[]
}

type Command = (args: readonly string[], io: CliIo) => Promise<ExitCode>
const push: Command = (args, io) =>
  routesPush(args, io, {
    parse: (text, file) => parseTable(text, { file, ofConfig: true }),
    check: ({ routes }) => routes.filter(({ name }) => name === 'untested').map(({ name }) => ({ severity: 'error', path: name, line: 0, column: 0, message: 'a test failed' })),
  })

async function run(command: Command, args: readonly string[], files: Readonly<Record<string, string>> = {}, env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const out: string[] = []
  const err: string[] = []
  const readText = async (path: string): Promise<string> => {
    const text = files[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  }
  const code = await command(args, { out: (line) => void out.push(line), err: (line) => void err.push(line), readText, env })
  return { code, out, err }
}

describeWithServers(['redis'], 'routes commands', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let hand: Redis
  let gateways: Drill[] = []

  beforeAll(async () => {
    server = await startRedis()
    hand = byHand(server.url)
  })

  afterAll(async () => {
    hand.disconnect()
    await server.stop()
  })

  beforeEach(() => hand.flushall())

  afterEach(async () => {
    await Promise.all(gateways.map((one) => one.stop()))
    gateways = []
  })

  const storeOf = (id: string): RouteStore => openRedisStore({ url: server.url, prefix: 'fairlead', gatewayId: id, platform: loggedPlatform(), parse })

  /** A gateway that is known to publishers. */
  async function gateway(id: string, store: RouteStore = storeOf(id)): Promise<Drill> {
    const started = drill(store)
    gateways.push(started)
    await eventually(async () => (await hand.exists(`${KEYS.acks}${id}`)) === 1)
    return started
  }

  const pushed = (text: string, ...args: readonly string[]): Promise<Run> => run(push, ['t.yaml', '--redis', server.url, ...args], { 't.yaml': text })

  it('publish and wait for every gateway', async () => {
    const [one, two] = [await gateway('gw-1'), await gateway('gw-2')]
    const { code, out, err } = await pushed(yamlOf('a'))
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(out[0]).toBe(`published version 1 (${yamlOf('a').length} bytes)`)
    expect(out.slice(1, 3).toSorted()).toEqual(['gw-1  applied', 'gw-2  applied'])
    expect(out[3]).toBe('2 of 2 gateways run version 1')
    expect([one.last(), two.last()]).toEqual(['table redis:v1 a', 'table redis:v1 a'])
  })

  it('are content where no gateway lives', async () => {
    expect(await pushed(yamlOf('a'))).toMatchObject({ code: 0, out: [expect.stringMatching(/^published version 1/), expect.stringMatching(/^no gateway has registered/)] })
  })

  it('tell which gateway rejected, why, and what that means', async () => {
    const store = storeOf('gw-2')
    await gateway('gw-1')
    await gateway('gw-2', { watch: (signal) => store.watch(signal), acknowledge: (origin) => store.acknowledge?.(origin, 'rejected', 'registry nomad\nis not configured here') ?? Promise.resolve() })
    const { code, out, err } = await pushed(yamlOf('a'))
    expect(code).toBe(1)
    expect(out).toContain('gw-1  applied')
    expect(out).toContain('gw-2  rejected, and goes on with what it had\n    registry nomad\n    is not configured here')
    expect(err).toEqual([expect.stringMatching(/^1 of 2 gateways did not take version 1; it stays published/)])
  })

  it('do not wait for ever, and not at all for the dead', async () => {
    const store = storeOf('gw-2')
    await gateway('gw-1')
    await gateway('gw-2', { watch: (signal) => store.watch(signal) })
    await hand.set(`${KEYS.acks}gw-3`, '{"status":"applied"}', 'PX', 20_000)
    const { code, out } = await pushed(yamlOf('a'), '--timeout', '500ms')
    expect(code).toBe(1)
    expect(out).toContain('gw-2  no answer within 0.5 s')
    expect(out).toContain('gw-3  not waited for: last heard of 40 s ago')
    expect(await pushed(yamlOf('b'), '--timeout', '0s')).toMatchObject({ code: 0 })
  })

  it('are told of a gateway that leaves while they wait', async () => {
    const store = storeOf('gw-1')
    const leaving = await gateway('gw-1', { watch: (signal) => store.watch(signal) })
    const result = pushed(yamlOf('a'))
    await leaving.sees('table redis:v1 a')
    await leaving.stop()
    expect(await result).toMatchObject({ code: 0, out: [expect.anything(), 'gw-1  left meanwhile', '0 of 1 gateways run version 1'] })
  })

  it('publish nothing that is wrong', async () => {
    const { code, out, err } = await pushed('routes:\n  - { name: x, mach: a/** }\n')
    expect({ code, out }).toEqual({ code: 1, out: [] })
    expect(err).toContainEqual(expect.stringMatching(/^t\.yaml:2:\d+: error: routes\[0\]\.mach: unknown key 'mach' \(did you mean match\?\)$/))
    expect(err.at(-1)).toMatch(/^nothing was published: \d errors? in t\.yaml$/)
    expect(await hand.keys('*')).toEqual([])
  })

  it('publish nothing whose tests fail', async () => {
    expect(await pushed(yamlOf('untested'))).toMatchObject({ code: 1, out: [], err: ['t.yaml: error: untested: a test failed', 'nothing was published: 1 error in t.yaml'] })
    expect(await hand.keys('*')).toEqual([])
  })

  it('publish of a whole configuration its table alone', async () => {
    const one = await gateway('gw-1')
    const config = 'listen: 8080\nadmin: { token: s3cret }\nregistries: { consul: {} }\n'
    const routes = `routes:\n  - { name: a, match: a.example/**, respond: &ok { status: 204 } }\n  - { name: b, match: b.example/**, respond: *ok }\n  - { name: c, match: c.example/**, to: consul/c }\n`
    expect(await pushed(config + routes)).toMatchObject({ code: 0 })
    expect(one.last()).toBe('table redis:v1 a b c')
    const stored = (await hand.get(`${KEYS.versions}1`)) ?? ''
    expect(Object.keys(parseYaml(stored) as object)).toEqual(['routes'])
    expect(await pushed(`listen: 8080\nregistries: { consul: {} }\nroutes: [{ match: a/**, to: nomad/a }]\n`)).toMatchObject({ code: 1, err: [expect.stringContaining('nomad'), expect.anything()] })
  })

  it('publish a table without routes only when that is meant', async () => {
    expect(await pushed('# none\nroutes: []\n')).toMatchObject({ code: 1 })
    expect(await pushed('# none\nroutes: []\n', '--allow-empty')).toMatchObject({ code: 0 })
    expect(await hand.get(`${KEYS.versions}1`)).toBe('# none\nroutes: []\nallowEmpty: true\n')
    expect(await pushed('', '--allow-empty')).toMatchObject({ code: 0 })
  })

  it('store a long table as JSON, which gateways read faster', async () => {
    const one = await gateway('gw-1')
    const names = Array.from({ length: 5000 }, (_, number) => `r${number}`)
    expect(await pushed(`# a comment\n${yamlOf(...names)}`)).toMatchObject({ code: 0 })
    expect(one.last()).toBe(`table redis:v1 ${names.join(' ')}`)
    const blob = await hand.getBuffer(`${KEYS.versions}1`)
    expect(JSON.parse(gunzipSync(blob ?? '').toString())).toMatchObject({ routes: { length: 5000, 0: { name: 'r0' } } })
  })

  it('answer in JSON', async () => {
    await gateway('gw-1')
    const { code, out } = await pushed(yamlOf('a'), '--json')
    expect(code).toBe(0)
    expect(out).toHaveLength(1)
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ ok: true, kind: 'published', version: 1, previous: 0, gateways: [{ gateway: 'gw-1', status: 'applied' }] })
    const conflict = await pushed(yamlOf('a'), '--json', '--expect', '7')
    expect(conflict.code).toBe(1)
    expect(JSON.parse(conflict.out[0] ?? '')).toMatchObject({ ok: false, error: expect.any(String) as string, found: 1 })
    const wrong = await pushed('routes: 1', '--json')
    expect(JSON.parse(wrong.out[0] ?? '')).toMatchObject({ ok: false, problems: [{ path: 'routes' }] })
  })

  it('show what was published, and go back to it', async () => {
    const one = await gateway('gw-1')
    await pushed(yamlOf('a'), '--by', 'ann', '--note', 'first')
    await pushed(yamlOf('b'), '--by', 'bob')
    const before = await run(routesHistory, ['--redis', server.url])
    expect(before.out).toEqual([expect.stringMatching(/^\* 2 {2}\S+Z {2}bob {2}on 1 gateway$/), expect.stringMatching(/^ {2}1 {2}\S+Z {2}ann {2}first$/)])
    expect(await run(routesRollback, ['1', '--redis', server.url, '--by', 'cy'])).toMatchObject({ code: 0 })
    await one.sees('table redis:v3 a')
    const after = await run(routesHistory, ['--redis', server.url, '--count', '1'])
    expect(after.out).toEqual([expect.stringMatching(/^\* 3 {2}\S+Z {2}cy {2}on 1 gateway {2}rollback to version 1$/)])
    const json = await run(routesHistory, ['--redis', server.url, '--json'])
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ current: { version: 3 }, publications: [{ version: 3 }, { version: 2 }, { version: 1 }], gateways: [{ gateway: 'gw-1', running: 3, live: true }] })
    expect(await run(routesRollback, ['9', '--redis', server.url])).toMatchObject({ code: 1, err: [expect.stringContaining('version 9 is not in the log')] })
    expect(JSON.parse((await run(routesRollback, ['9', '--redis', server.url, '--json'])).out[0] ?? '')).toMatchObject({ ok: false, error: expect.stringContaining('version 9 is not in the log') as string })
    await hand.del(`${KEYS.versions}2`)
    expect(await run(routesRollback, ['2', '--redis', server.url])).toMatchObject({ code: 1, err: [expect.stringContaining('version 2 was cleaned away')] })
  })

  it('say what is wrong with Redis', async () => {
    const { code, err } = await run(push, ['t.yaml', '--redis', 'redis://:pw@127.0.0.1:1'], { 't.yaml': yamlOf('a') })
    expect(code).toBe(1)
    expect(err).toEqual([expect.stringMatching(/^Redis at 127\.0\.0\.1:1: nothing listens there/)])
  })

  it('take the URL from the environment', async () => {
    expect(await run(push, ['-'], { '-': yamlOf('a') }, { FAIRLEAD_REDIS: server.url })).toMatchObject({ code: 0 })
  })
})

describe('arguments', () => {
  it.each<[string, Command, readonly string[], RegExp]>([
    ['no file', push, [], /^usage: fairlead routes push FILE/],
    ['two files', push, ['a', 'b'], /^usage:/],
    ['an unknown option', push, ['a', '--reddis', 'x'], /reddis[^]*usage: fairlead routes push/],
    ['no Redis', push, ['t.yaml'], /--redis redis:\/\/host:6379/],
    ['a wrong URL', push, ['t.yaml', '--redis', 'http://x'], /not a Redis URL/],
    ['a wrong prefix', push, ['t.yaml', '--redis', 'redis://x', '--prefix', 'a}b'], /prefix "a}b" cannot be used/],
    ['a wrong timeout', push, ['t.yaml', '--timeout', '10'], /--timeout 10 is not a duration/],
    ['a wrong version', push, ['t.yaml', '--expect', 'x'], /--expect must be a whole number/],
    ['a file that is not there', push, ['x.yaml', '--redis', 'redis://x'], /x\.yaml cannot be read/],
    ['a word too many', routesHistory, ['x'], /^usage: fairlead routes history/],
    ['no version', routesRollback, [], /^usage: fairlead routes rollback/],
    ['version 0', routesRollback, ['0'], /VERSION must be a whole number from 1/],
  ])('with %s are refused', async (_what, command, args, says) => {
    const failed = await run(command, args, { 't.yaml': yamlOf('a') }).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failed).toBeInstanceOf(UsageError)
    expect(failed).toMatchObject({ message: expect.stringMatching(says) })
  })
})
