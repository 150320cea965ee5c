// The drills' own instruments, on a registry of files: that a lost request is found, that nothing else is, and that the fault
// proxy fails in each of its ways.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { drill } from '../support/drill/drill.ts'
import type { Drill, DrillPlan } from '../support/drill/plan.ts'
import { httpAnswer, startFaultProxy, type FaultProxy } from '../support/drill/fault-proxy.ts'
import { startDrillGateway, type DrillGateway } from '../support/drill/gateway.ts'
import { createJudge } from '../support/drill/judge.ts'
import { doubtsAbout } from '../support/drill/truth.ts'
import { makeTempDirectory } from '../support/temp.ts'

describe('a drill on files', () => {
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  beforeEach(async () => {
    temp = await makeTempDirectory()
  })
  afterEach(() => temp.remove())

  const lines = (d: Pick<Drill, 'backend'>, names: readonly string[]): string => names.map((name) => `${d.backend(name).host} ${d.backend(name).port}\n`).join('')
  /** As a careful writer does it: beside it, then renamed. */
  async function list(d: Pick<Drill, 'backend'>, names: readonly string[]): Promise<void> {
    await writeFile(join(temp.directory, '.new'), lines(d, names))
    await rename(join(temp.directory, '.new'), join(temp.directory, 'web'))
  }
  const plan = (): DrillPlan => ({
    registries: () => ({ file: { path: temp.directory } }),
    services: { web: { from: 'file/web', backends: ['a', 'b', 'c'] } },
    before: (backend) => list({ backend }, ['a', 'b', 'c']),
  })

  test('a deploy that replaces every backend loses no request', () =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      for (const [gone, left] of [['a', ['b', 'c']], ['b', ['a', 'c']], ['c', ['a', 'b']]] as const) {
        await list(d, left)
        await d.uses('web', left)
        await d.backend(gone).stop()
        await d.backend(gone).start()
        await list(d, ['a', 'b', 'c'])
        await d.uses('web', ['a', 'b', 'c'])
      }
    }))

  test('a file that is gone, half written or a mess leaves the endpoints as they were', () =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      await writeFile(join(temp.directory, 'web'), `${lines(d, ['a', 'b'])}127.0.0.1`)
      await d.sees('web', 'stale a,b,c', { cause: /line 3|entry/, since: Date.now() })
      await rm(join(temp.directory, 'web'))
      await d.sees('web', 'stale a,b,c', { cause: /what it had is kept/ })
      await d.serves('web', ['a', 'b', 'c'])
      await list(d, ['a', 'b'])
      await d.sees('web', 'live a,b')
    }))

  test('a gateway that starts while its registry is gone serves what it knew', () =>
    drill(plan(), async (d) => {
      await d.sees('web', 'live a,b,c')
      await d.restart(() => rm(join(temp.directory, 'web')))
      await d.sees('web', /^(disk|stale) a,b,c$/)
      await d.serves('web', ['a', 'b', 'c'])
    }))

  test('requests that fail because nobody is up are not the gateway’s fault', () =>
    drill(plan(), async (d) => {
      await d.uses('web', ['a', 'b', 'c'])
      for (const name of ['a', 'b', 'c']) await d.backend(name).kill()
      await d.until('requests fail', async () => (await d.next('web')).every(({ error }) => error !== ''))
      await d.backend('a').start()
      await d.uses('web', ['a'])
    }))

  test('a request that failed while a backend was up fails the drill', async () => {
    const lost = drill(plan(), async (d) => {
      await d.uses('web', ['a', 'b', 'c'])
      // The gateway is told of nobody who is up.
      await writeFile(join(temp.directory, 'web'), '127.0.0.1 1\n127.0.0.1 2\n127.0.0.1 3\n')
      await d.until('requests fail', async () => (await d.next('web')).some(({ error }) => error !== ''))
    })
    await expect(lost).rejects.toThrow(/requests failed that could have succeeded:\nweb: 50[23]/)
  })

  test('a request that is left standing fails the drill, whatever is down', () => {
    const judge = createJudge(['web'], () => false)
    judge.changed()
    const startedAt = performance.now()
    judge.take({ service: 'web', startedAt, endedAt: startedAt, by: 'a', error: '', stood: false })
    judge.take({ service: 'web', startedAt, endedAt: startedAt + 5000, by: '', error: 'no answer within 5 s', stood: true })
    expect(() => judge.verdict()).toThrow('1 requests were given up, to web: no answer within 5 s')
  })

  test('unless the drill means it', () =>
    drill(plan(), async (d) => {
      await d.uses('web', ['a', 'b', 'c'])
      await d.excuse('web', async () => {
        await writeFile(join(temp.directory, 'web'), '127.0.0.1 1\n127.0.0.1 2\n127.0.0.1 3\n')
        await d.until('requests fail', async () => (await d.next('web')).some(({ error }) => error !== ''))
        await list(d, ['a', 'b', 'c'])
        await d.uses('web', ['a', 'b', 'c'])
      })
    }))
})

describe('what is said of a service', () => {
  let temp: Awaited<ReturnType<typeof makeTempDirectory>>
  let gateway: DrillGateway
  beforeEach(async () => {
    temp = await makeTempDirectory()
    await writeFile(join(temp.directory, 'web'), '127.0.0.1 1\n127.0.0.1 2\n')
    const services = { web: { from: 'file/web' } }
    gateway = await startDrillGateway({ listen: '127.0.0.1:0', admin: { port: 0 }, stateDir: join(temp.directory, '.state'), registries: { file: { path: temp.directory } }, services, routes: [{ name: 'web', match: 'web.drill/**', to: 'web' }] }, 5, () => undefined)
  })
  afterEach(async () => {
    await gateway.stop()
    await temp.remove()
  })

  /** The gateway, saying something else in this text of its metrics. */
  const measured = (from: RegExp, to: string): DrillGateway => ({ ...gateway, metrics: async () => (await gateway.metrics()).replace(from, to) })
  /** The gateway, saying something else at this path. */
  const told = (path: string, from: RegExp, to: string): DrillGateway => ({
    ...gateway,
    admin: async <T>(asked: string, question?: object) => {
      const answer = await gateway.admin<T>(asked, question)
      return asked.startsWith(path) ? (JSON.parse(JSON.stringify(answer).replace(from, to)) as T) : answer
    },
  })

  test('is one thing', async () => {
    expect(await doubtsAbout(gateway, 'web')).toEqual({ untrue: [], unsettled: [] })
  })

  test.each<[string, () => DrillGateway, RegExp]>([
    ['a mode', () => measured(/mode="live"/, 'mode="stale"'), /discovery_mode of file\/web/],
    ['two modes', () => measured(/(.*mode=)"live"(.*)\n/, '$1"live"$2\n$1"stale"$2\n'), /discovery_mode of file\/web/],
    ['no mode', () => measured(/.*mode="live".*\n/, ''), /discovery_mode of file\/web/],
    ['a number of endpoints', () => measured(/(discovery_endpoints.*) 2/, '$1 3'), /discovery_endpoints of file\/web/],
    ['an age', () => measured(/(\nfairlead_discovery_age_seconds.*) .*/, '$1 100'), /file\/web is 100000 ms old/],
    ['a number of failures', () => measured(/(consecutive_failures.*) 0/, '$1 7'), /discovery_consecutive_failures of file\/web/],
    ['a number of questions', () => measured(/(outcome="failed".*) 0/, '$1 7'), /discovery_attempts_total of file\/web/],
    ['a use', () => measured(/(use="reserve".*) 0/, '$1 2'), /service_endpoints of file\/web/],
    ['an endpoint of explain', () => told('/api/explain', /127\.0\.0\.1:2/, '127.0.0.1:3'), /\/api\/explain/],
    ['a route', () => told('/api/explain', /"route":"web"/, '"route":"shop"'), /the route shop for web/],
    ['a mode of the reference', () => told('/api/services', /"mode":"live"/, '"mode":"guarded"'), /\/api\/watches of file\/web/],
  ])('and %s that differs is found', async (_, lie, found) => {
    expect((await doubtsAbout(lie(), 'web'))?.untrue.join('\n')).toMatch(found)
  })

  test('and what cannot be with its mode is waited for', async () => {
    expect((await doubtsAbout(told('/api/watches', /"failures":0/, '"failures":3'), 'web'))?.unsettled).toEqual(['file/web is live with 3 failures'])
  })
})

describe('the fault proxy', () => {
  const BODY = 'x'.repeat(1000)
  let ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.toReversed()) await end()
    ends = []
  })

  async function start(serve: RequestListener = (_, response) => void response.end(BODY)): Promise<FaultProxy> {
    const server = createServer(serve)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ends.push(() => server.close().closeAllConnections())
    const proxy = await startFaultProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    ends.push(() => proxy.close())
    return proxy
  }
  /** What one client gets: the text, and how its connection ended. */
  async function ask(proxy: FaultProxy): Promise<string> {
    const [host = '', port] = proxy.address.split(':')
    const socket = connect({ host, port: Number(port) })
    ends.push(() => socket.destroy())
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const ended = new Promise<string>((resolve) => {
      socket.once('end', () => resolve('end'))
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
    const how = await ended
    return `${text.length > 0 && text.endsWith(BODY) ? 'whole' : text.length} ${how}`
  }

  test.each([
    ['passes', async () => {}, 'whole end'],
    ['refuses', (proxy: FaultProxy) => proxy.refuse(), '0 ECONNREFUSED'],
    ['passes after it refused, on the same port', (proxy: FaultProxy) => proxy.refuse().then(() => proxy.pass()), 'whole end'],
    ['cuts an answer off', async (proxy: FaultProxy) => proxy.truncate(300), '300 end'],
    ['is slow, and whole in the end', async (proxy: FaultProxy) => proxy.throttle(20_000), 'whole end'],
    ['is late, and whole in the end', async (proxy: FaultProxy) => proxy.delay(50), 'whole end'],
    ['has no server behind it', async (proxy: FaultProxy) => proxy.retarget('127.0.0.1:1'), '0 ECONNRESET'],
  ])('%s', async (_, fault, wanted) => {
    const proxy = await start()
    await fault(proxy)
    expect(await ask(proxy)).toBe(wanted)
  })

  test('holds everything in a black hole, and lets it flow afterwards', async () => {
    const proxy = await start()
    proxy.blackhole()
    let answered = false
    const asked = ask(proxy).then((answer) => {
      answered = true
      return answer
    })
    while (proxy.accepted === 0) await new Promise((resolve) => setImmediate(resolve))
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    await proxy.pass()
    expect(await asked).toBe('whole end')
  })

  test('strands what is open, and nothing else', async () => {
    const open: ServerResponse[] = []
    const proxy = await start((_, response) => void (open.length === 0 ? open.push(response) : response.end(BODY)))
    let answered = false
    void ask(proxy).then(() => (answered = true))
    while (open.length === 0) await new Promise((resolve) => setImmediate(resolve))
    proxy.strand()
    open[0]?.end(BODY)
    await proxy.pass()
    expect(await ask(proxy)).toBe('whole end')
    expect(answered).toBe(false)
  })

  test('answers in place of the server, also a question that is open', async () => {
    const heard: IncomingMessage[] = []
    const proxy = await start((request) => void heard.push(request))
    const open = ask(proxy)
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const answer = httpAnswer('500 Internal Server Error', 'no')
    proxy.answer(answer)
    expect(await open).toBe(`${answer.length} end`)
    expect(await ask(proxy)).toBe(`${answer.length} end`)
    expect(heard).toHaveLength(1)
  })

  test('counts who asks for the same at once, until they are gone', async () => {
    const proxy = await start()
    const asks = (path: string): Socket => {
      const [host = '', port] = proxy.address.split(':')
      const socket = connect({ host, port: Number(port) })
      ends.push(() => socket.destroy())
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      return socket
    }
    const becomes = (most: number): Promise<void> => vi.waitFor(() => expect(proxy.mostAlike).toBe(most))
    proxy.blackhole()
    asks('/b')
    const first = asks('/a')
    await becomes(1)
    asks('/a?wait=1s')
    await becomes(2)
    first.destroy()
    await vi.waitFor(async () => {
      proxy.blackhole()
      await new Promise((resolve) => setImmediate(resolve))
      expect(proxy.mostAlike).toBe(1)
    })
  })

  test('cuts what is open', async () => {
    const proxy = await start()
    proxy.blackhole()
    const asked = ask(proxy)
    while (proxy.accepted === 0) await new Promise((resolve) => setImmediate(resolve))
    proxy.cut()
    expect(await asked).toBe('0 ECONNRESET')
  })
})
