// What eureka-js-client puts on the wire for the gateway, against an HTTP server that plays Eureka, and where the client itself
// goes wrong, which is why no more than this is left to it.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Eureka } from 'eureka-js-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eurekaOptions } from '../../discovery/eureka/options.ts'
import { createServers } from '../../discovery/eureka/servers.ts'
import type { Registrar } from '../../src/node/announce/announcement.ts'
import { eurekaRegistrar } from '../../src/node/announce/eureka-registrar.ts'
import { fakePlatform } from '../support/fake-platform.ts'

interface Seen {
  readonly call: string
  readonly authorization: string | undefined
  readonly body: string
}

class Double {
  readonly seen: Seen[] = []
  answer: (call: string) => number | Promise<number> = (call) => (call.startsWith('POST') ? 204 : 200)
  /** Writes a byte each 20 ms and never ends. */
  drips = false
  readonly #server: Server = createServer((request, response) => void this.#take(request, response))

  async #take(request: Parameters<NonNullable<Parameters<typeof createServer>[1]>>[0], response: Parameters<NonNullable<Parameters<typeof createServer>[1]>>[1]): Promise<void> {
    const body = await text(request)
    const call = `${request.method} ${request.url}`
    this.seen.push({ call, authorization: request.headers.authorization, body })
    if (this.drips) {
      response.writeHead(200).write('x')
      const timer = setInterval(() => response.write('x'), 20)
      response.once('close', () => clearInterval(timer))
      return
    }
    response.writeHead(await this.answer(call), { location: 'http://127.0.0.1:1/elsewhere' }).end('said\u0007 so')
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

const INSTANCE = { app: 'GATEWAY', instanceId: 'h1:gateway:8080', host: 'h1', ip: '10.0.0.5', port: 8080, secure: false, vip: 'gateway', meta: { zone: 'z1' }, heartbeat: 30_000 }
const PATH = '/eureka/apps/GATEWAY'

describe('the calls', () => {
  let first: Double
  let second: Double
  let hosts: string[]
  beforeEach(async () => {
    first = new Double()
    second = new Double()
    hosts = [await first.start(), await second.start()]
  })
  afterEach(() => Promise.all([first.stop(), second.stop()]))

  // The zones fix the order.
  function registrar(options: object = {}, timeout = 4000): Promise<Registrar> {
    const platform = fakePlatform()
    const parsed = eurekaOptions.parse({ zone: 'a', address: { a: `http://ops:s3,c%3At@${hosts[0]}/eureka`, b: `http://${hosts[1]}/eureka/` }, ...options })
    return eurekaRegistrar({ servers: createServers(parsed, platform).order(), tls: parsed.tls as never, instance: INSTANCE, platform, timeout })
  }
  const calls = (double: Double): string[] => double.seen.map(({ call }) => call.replace(PATH, ''))

  test('are those that the server documents', async () => {
    const r = await registrar()
    for (const call of ['register', 'renew', 'register', 'drain', 'leave'] as const) expect(await r[call]()).toEqual({ kind: 'done' })
    expect(calls(first)).toEqual(['POST ', 'DELETE /h1:gateway:8080/status?value=UP', 'PUT /h1:gateway:8080', 'POST ', 'PUT /h1:gateway:8080/status?value=OUT_OF_SERVICE', 'DELETE /h1:gateway:8080'])
    expect(calls(second)).toEqual([])
    const { instance } = JSON.parse(first.seen[0]?.body ?? '') as { instance: object }
    expect(instance).toEqual({
      app: 'GATEWAY',
      instanceId: 'h1:gateway:8080',
      hostName: 'h1',
      ipAddr: '10.0.0.5',
      status: 'UP',
      vipAddress: 'gateway',
      secureVipAddress: 'gateway',
      port: { $: 8080, '@enabled': 'true' },
      securePort: { $: 8080, '@enabled': 'false' },
      dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
      leaseInfo: { renewalIntervalInSecs: 30, durationInSecs: 90 },
      metadata: { zone: 'z1' },
      lastDirtyTimestamp: '1704067200000',
    })
  })

  test('carry user and password in a header, to the server they are meant for, and never in a message', async () => {
    const r = await registrar()
    first.answer = () => 500
    expect(await r.renew()).toEqual({ kind: 'done' })
    expect(first.seen[0]?.authorization).toBe(`Basic ${btoa('ops:s3,c:t')}`)
    expect(second.seen[0]?.authorization).toBeUndefined()
    second.answer = () => 500
    const answers = [await r.renew(), await r.register(), await r.leave()]
    await Promise.all([first.stop(), second.stop()])
    answers.push(await r.renew(), await r.register(), await r.drain(), await r.leave())
    expect(answers.map(({ kind }) => kind)).toEqual(Array(7).fill('failed'))
    expect(answers.map((answer) => (answer.kind === 'failed' ? answer.message : '')).filter((message) => /s3|ops/.test(message) || message.includes('\u0007'))).toEqual([])
    for (const double of [first, second]) await double.start()
  })

  test('go to the next server when one is out of order, and stay with it', async () => {
    const r = await registrar()
    first.answer = () => 503
    expect(await r.renew()).toEqual({ kind: 'done' })
    expect(await r.renew()).toEqual({ kind: 'done' })
    expect([calls(first).length, calls(second).length]).toEqual([1, 2])
  })

  test('say unknown for 404, and what was said for anything else', async () => {
    const r = await registrar()
    first.answer = () => 404
    expect(await r.renew()).toEqual({ kind: 'unknown' })
    expect(await r.leave()).toEqual({ kind: 'done' })
    first.answer = () => 400
    expect(await r.register()).toMatchObject({ kind: 'failed', message: expect.stringMatching(/status: 400 body: said  so$/) })
    expect(await r.renew()).toEqual({ kind: 'failed', message: '400 said  so' })
    // Not followed: it would carry the password elsewhere.
    first.answer = () => 302
    expect(await r.renew()).toMatchObject({ kind: 'failed', message: expect.stringMatching(/^302/) })
  })

  test('are given up when nobody answers', async () => {
    const r = await registrar({ address: `http://${hosts[0]}/eureka` }, 150)
    first.answer = () => new Promise(() => {})
    expect(await r.renew()).toMatchObject({ kind: 'failed', message: expect.stringMatching(/TIMEDOUT/) })
  })

  test.each([500, 403, 405])('a registration whose leftover status cannot be reset (%i) is one, and the next heartbeat tries that again', async (status) => {
    const r = await registrar({ address: `http://${hosts[0]}/eureka` })
    first.answer = (call) => (call.includes('/status') ? status : call.startsWith('POST') ? 204 : 200)
    expect(await r.register()).toMatchObject({ kind: 'partly', message: expect.stringMatching(new RegExp(`may be OUT_OF_SERVICE from before: ${status} said`)) })
    expect(await r.renew()).toMatchObject({ kind: 'partly' })
    first.answer = () => 200
    for (const call of ['renew', 'renew', 'leave'] as const) expect(await r[call]()).toEqual({ kind: 'done' })
    const reset = 'DELETE /h1:gateway:8080/status?value=UP'
    expect(calls(first)).toEqual(['POST ', reset, 'PUT /h1:gateway:8080', reset, 'PUT /h1:gateway:8080', reset, 'PUT /h1:gateway:8080', 'DELETE /h1:gateway:8080'])
  })

  test('what it says while it drains is not reset by a heartbeat', async () => {
    const r = await registrar({ address: `http://${hosts[0]}/eureka` })
    first.answer = (call) => (call.startsWith('DELETE') ? 500 : call.startsWith('POST') ? 204 : 200)
    await r.register()
    for (const call of ['drain', 'renew'] as const) expect(await r[call]()).toEqual({ kind: 'done' })
    expect(calls(first).slice(-2)).toEqual(['PUT /h1:gateway:8080/status?value=OUT_OF_SERVICE', 'PUT /h1:gateway:8080'])
  })

  test('are given up when an answer comes byte by byte without end, and go to the next server', async () => {
    const r = await registrar({}, 100)
    first.drips = true
    expect(await r.renew()).toEqual({ kind: 'done' })
    second.drips = true
    for (const call of ['register', 'renew', 'drain', 'leave'] as const) expect(await r[call]()).toMatchObject({ kind: 'failed' })
  })

  test('need the files that tls names', async () => {
    const r = await registrar({ tls: { ca: '/nonexistent/ca.pem' } })
    expect(await r.register()).toMatchObject({ kind: 'failed', message: expect.stringMatching(/ENOENT.*ca\.pem/) })
    expect(calls(first)).toEqual([])
  })
})

test('the client is not loaded by a gateway that announces nothing', async () => {
  const script = `await import(${JSON.stringify(fileURLToPath(new URL('../../src/node/control-plane.ts', import.meta.url)))})
    const { createRequire } = await import('node:module')
    console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => /eureka-js-client|lodash/.test(path)).length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: fileURLToPath(new URL('../..', import.meta.url)) })
  expect(stdout.trim()).toBe('0')
})

// The reasons in ARCHITECTURE.md for reading the registry beside the client. Should one of these fail with a later version, read them again.
describe('eureka-js-client 4.5.0', () => {
  interface Reader {
    readonly cache: { readonly app: Record<string, { readonly instanceId: string }[]> }
    transformRegistry(registry: object): void
    handleDelta(cache: object, applications: object): void
  }
  const row = (id: string, more: object = {}): object => ({ instanceId: id, hostName: id, app: 'WEB', status: 'UP', vipAddress: 'web', port: { $: 8080 }, ...more })
  const reader = (...rows: readonly object[]): Reader => {
    const none = (): void => {}
    const client = new Eureka({ cwd: '\0', logger: { debug: none, info: none, warn: none, error: none }, eureka: { registerWithEureka: false, host: 'unused' } }) as unknown as Reader
    client.transformRegistry({ applications: { application: [{ name: 'WEB', instance: rows }] } })
    return client
  }
  const ids = (client: Reader): string[] => (client.cache.app['WEB'] ?? []).map(({ instanceId }) => instanceId)
  const tell = (client: Reader, instance: object): void => client.handleDelta(client.cache, [{ name: 'WEB', instance: [instance] }])

  test('removes another instance than the one that is said to be gone', () => {
    const client = reader(row('a'), row('b'), row('c'))
    tell(client, row('c', { actionType: 'DELETED' }))
    expect(ids(client)).toEqual(['b', 'c'])
  })

  test('replaces another instance than the one that changed', () => {
    const client = reader(row('a'), row('b'), row('c'))
    tell(client, row('c', { actionType: 'MODIFIED' }))
    expect(ids(client)).toEqual(['c', 'b', 'c'])
  })

  test('takes two instances of one host and port for one', () => {
    const client = reader(row('a', { hostName: 'h' }))
    tell(client, row('b', { hostName: 'h', actionType: 'ADDED' }))
    expect(ids(client)).toEqual(['a'])
  })
})
