// `fairlead run` with two workers at a real Eureka behind TLS, which it both reads and announces itself at: the gateway as people run it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { request as plain } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AnnouncementsAnswer, WatchesAnswer } from '../../src/model/admin.ts'
import { type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange } from '../support/raw-client.ts'
import { freePorts } from '../support/server-process.ts'
import { describeWithServers } from '../support/servers.ts'
import { register } from '../support/servers/eureka-client.ts'
import { startEureka, type EurekaServer } from '../support/servers/eureka.ts'
import { makeTempDirectory } from '../support/temp.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const pem = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/engine/${name}.pem`, import.meta.url))
const SLOW = 240_000
const WAIT = { timeout: 30_000, interval: 50 }
const GET = 'GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n'
const SELF = '/eureka/apps/GATEWAY/gw-1:gateway'

/** TLS in front of a server that speaks none: it asks for a client certificate, and writes down what passes. */
class TlsFront {
  readonly calls: string[] = []
  /** Called before a call is passed on. */
  before: (call: string) => Promise<void> = async () => {}
  readonly #server: Server

  constructor(target: string) {
    // Its name is beta.test, not the address that it is reached at.
    this.#server = createServer({ cert: readFileSync(pem('beta')), key: readFileSync(pem('beta-key')), ca: readFileSync(pem('ca')), requestCert: true, rejectUnauthorized: true }, (asked, answer) => {
      const call = `${asked.method} ${asked.url}`
      this.calls.push(call)
      void this.before(call).then(() => {
        const [host, port] = target.split(':')
        const onward = plain({ host, port, method: asked.method, path: asked.url, headers: asked.headers }, (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers)
          got.pipe(answer)
        })
        onward.on('error', () => answer.destroy())
        asked.pipe(onward)
      })
    })
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/eureka`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

interface Run {
  readonly child: ChildProcess
  log(): string
  readonly exited: Promise<number | null>
}

describeWithServers(['eureka'], 'fairlead run at a real Eureka behind TLS', () => {
  let eureka: EurekaServer
  let front: TlsFront
  let address: string
  let origin: Origin
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  let port: number
  let admin: number
  const running = new Set<ChildProcess>()

  beforeAll(async () => {
    temp = await makeTempDirectory()
    origin = await startOrigin()
    origin.script = () => ({ bytes: response('200 OK', 'served'), next: 'keep' })
    const [first] = await startEureka(1)
    if (first === undefined) throw new Error('no server')
    eureka = first
    front = new TlsFront(eureka.address)
    address = await front.start()
    await register(eureka.url, { name: 'a', host: '127.0.0.1', port: origin.port })
  }, SLOW)
  beforeEach(async () => {
    const [one = 0, two = 0] = await freePorts(2)
    port = one
    admin = two
    front.calls.length = 0
    front.before = async () => {}
  })
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL')
    await front?.stop()
    await eureka?.stop()
    await origin?.stop()
    await temp?.remove()
  })

  /** Runs it until it says that it serves. */
  async function run(tls: object): Promise<Run> {
    const file = join(temp.directory, `${port}.yaml`)
    const config = {
      listeners: { web: { port, host: '127.0.0.1' } },
      admin: { host: '127.0.0.1', port: admin },
      accessLog: { format: 'off' },
      workers: 2,
      stateDir: join(temp.directory, `state-${port}`),
      registries: { eureka: { address, every: '1s', tls, announce: { app: 'gateway', host: 'gw-1', heartbeat: '1s', drain: '10s' } } },
      routes: [{ name: 'web', match: 'web.test/**', to: 'eureka/WEB' }],
    }
    await writeFile(file, JSON.stringify(config))
    const child = spawn(process.execPath, [MAIN, 'run', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let all = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (all += chunk.toString()))
    const exited = once(child, 'close').then(([code]) => {
      running.delete(child)
      return code as number | null
    })
    await expect.poll(() => all, WAIT).toContain('serving')
    return { child, log: () => all, exited }
  }

  const api = async <T>(path: string): Promise<T> => (await (await fetch(`http://127.0.0.1:${admin}${path}`)).json()) as T
  const workers = async (): Promise<number[]> => (await api<{ workers: { pid: number; state: string }[] }>('/api/health')).workers.filter(({ state }) => state === 'running').map(({ pid }) => pid)
  const answer = async (): Promise<string> => (await exchange(port, GET)).responses[0]?.body ?? 'nothing'

  /** The gateway as the server has it: its status and when it registered; undefined when it does not. */
  async function registered(): Promise<{ readonly status: string; readonly since: number } | undefined> {
    const got = await fetch(`${eureka.url}/apps/GATEWAY`, { headers: { accept: 'application/json' } })
    if (got.status === 404) return undefined
    const { application } = (await got.json()) as { application: { instance: { status: string; leaseInfo: { registrationTimestamp: number } }[] } }
    expect(application.instance).toHaveLength(1)
    return application.instance.map(({ status, leaseInfo }) => ({ status, since: leaseInfo.registrationTimestamp }))[0]
  }
  /** What the gateway said of itself since. */
  const said = (): string[] => front.calls.filter((call) => call.includes('/apps/GATEWAY')).map((call) => call.replace(`${SELF}:${port}`, 'SELF'))

  test('it is UP when every worker listens, whatever becomes of a worker, and tells that it leaves while it still serves', async () => {
    const listened: string[] = []
    front.before = async (call) => {
      if (!call.includes('/apps/GATEWAY') || call === `PUT ${SELF}:${port}`) return
      // Not asked for after the drain: only the last call comes when the ports are closed.
      listened.push(`${call.split(' ')[0]} ${await answer().catch(() => 'refused')}, ${(await workers()).length} workers`)
    }
    const gateway = await run({ ca: pem('ca'), cert: pem('client'), key: pem('client-key'), serverName: 'beta.test' })
    await expect.poll(async () => (await registered())?.status, WAIT).toBe('UP')
    expect(await answer()).toBe('served')
    await expect.poll(() => said().filter((call) => call === 'PUT SELF').length, WAIT).toBeGreaterThan(1)
    expect(said().slice(0, 2)).toEqual(['POST /eureka/apps/GATEWAY', 'DELETE SELF/status?value=UP'])

    const before = await registered()
    const [killed = 0] = await workers()
    front.calls.length = 0
    process.kill(killed, 'SIGKILL')
    await expect.poll(async () => (await workers()).filter((pid) => pid !== killed).length, WAIT).toBe(2)
    await expect.poll(() => said().length, WAIT).toBeGreaterThan(2)
    expect(new Set(said())).toEqual(new Set(['PUT SELF']))
    expect(await registered()).toEqual(before)

    front.calls.length = 0
    gateway.child.kill('SIGTERM')
    await expect.poll(async () => (await registered())?.status, WAIT).toBe('OUT_OF_SERVICE')
    expect(await answer()).toBe('served')
    expect(await gateway.exited).toBe(0)
    // The server reads from a cache of its own, which lags.
    await expect.poll(registered, WAIT).toBeUndefined()
    const last = said()
    expect([last.filter((call) => call !== 'PUT SELF'), last.at(-1)]).toEqual([['PUT SELF/status?value=OUT_OF_SERVICE', 'DELETE SELF'], 'DELETE SELF'])
    expect(listened).toEqual(['POST served, 2 workers', 'DELETE served, 2 workers', 'PUT served, 2 workers', 'DELETE refused, 0 workers'])
    expect(gateway.log()).not.toMatch(/unhandled|uncaught/i)
  }, SLOW)

  test.each([
    ['the authority', { cert: pem('client'), key: pem('client-key'), serverName: 'beta.test' }, /authority is not trusted; give it in tls\.ca/, /unable to|self.signed/i],
    ['the name', { ca: pem('ca'), cert: pem('client'), key: pem('client-key') }, /certificate is for another name; tls\.serverName says which to expect/, /altnames|does not match/i],
    ['a client certificate', { ca: pem('ca'), serverName: 'beta.test' }, /certificate required|alert|closed|reset|hang up/i, /certificate required|alert|closed|reset|hang up/i],
  ])('without %s it neither reads nor registers, serves on, says why, and ends in good order', async (_, tls, reading, announcing) => {
    const gateway = await run(tls)
    await expect.poll(async () => (await api<WatchesAnswer>('/api/watches')).watches[0]?.lastError?.message, WAIT).toMatch(reading)
    await expect.poll(async () => (await api<AnnouncementsAnswer>('/api/announcements')).announcements[0]?.lastError?.message, WAIT).toMatch(announcing)
    expect([front.calls, await registered()]).toEqual([[], undefined])
    expect((await exchange(port, GET)).responses[0]?.status).toBe(503)
    gateway.child.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
  }, SLOW)
})
