// The gateway as processes: `fairlead run` with two workers, killed, told to end, and given files that change, break or cannot be served.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { freePorts } from '../support/server-process.ts'
import { makeTempDirectory } from '../support/temp.ts'

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const WAIT = { timeout: 15_000, interval: 20 }
const running = new Set<ChildProcess>()

interface Run {
  readonly child: ChildProcess
  log(): string
  readonly exited: Promise<number | null>
}

let directory: string
let remove: () => Promise<void>
let origin: Origin
let file: string
let port: number
let admin: number

beforeAll(async () => {
  ;({ directory, remove } = await makeTempDirectory())
  origin = await startOrigin()
})
beforeEach(async () => {
  origin.clear()
  origin.script = () => undefined
  const [first = 0, second = 0] = await freePorts(2)
  port = first
  admin = second
  file = join(directory, `${port}.yaml`)
})
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await origin?.stop()
  await remove?.()
})

const text = (route: string): string => `
listeners: { web: { port: ${port}, host: 127.0.0.1 } }
admin: { host: 127.0.0.1, port: ${admin} }
accessLog: { format: 'off' }
workers: 2
stateDir: ${directory}/state-${port}
routes:
  - ${route}
`
const forwarding = (): string => text(`{ name: first, match: /**, to: 'http://127.0.0.1:${origin.port}' }`)

async function put(content: string): Promise<void> {
  await writeFile(`${file}.new`, content)
  await rename(`${file}.new`, file)
}

function run(): Run {
  const child = spawn(process.execPath, [MAIN, 'run', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let all = ''
  child.stdout.on('data', (chunk: Buffer) => (all += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (all += chunk.toString()))
  const exited = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  return { child, log: () => all, exited }
}

async function serving(gateway: Run): Promise<void> {
  await expect.poll(() => gateway.log(), WAIT).toContain('serving')
}

async function api<T>(path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${admin}${path}`)).json()) as T
}

interface Workers {
  readonly workers: readonly { readonly pid: number; readonly state: string }[]
}

async function end(gateway: Run): Promise<void> {
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
  expect(gateway.log()).not.toMatch(/unhandled|uncaught/i)
}

test('a killed worker is replaced, and the other serves on', async () => {
  await put(forwarding())
  const gateway = run()
  await serving(gateway)
  const before = (await api<Workers>('/api/health')).workers.map(({ pid }) => pid)
  expect(before).toHaveLength(2)
  // Enough connections that both workers have some; those of the killed one end, the others must not notice.
  const clients = await Promise.all(Array.from({ length: 24 }, () => RawClient.connect(port)))
  for (const client of clients) {
    client.send(GET)
    await client.answers(1)
  }
  process.kill(before[0] ?? 0, 'SIGKILL')
  await expect.poll(async () => (await api<Workers>('/api/health')).workers.filter(({ pid, state }) => state === 'running' && pid !== before[0]).length, WAIT).toBe(2)
  const left = clients.filter(({ closed }) => closed === undefined)
  expect(left.length).toBeGreaterThan(0)
  for (const client of left) {
    client.send(GET)
    expect((await client.answers(2)).responses.map(({ status }) => status)).toEqual([200, 200])
  }
  expect((await exchange(port, GET)).responses[0]?.status).toBe(200)
  for (const client of clients) client.destroy()
  await end(gateway)
})

test('endpoints that change reach every worker, also one that came later and after another table', async () => {
  const second = await startOrigin()
  second.script = () => ({ bytes: response('200 OK', 'second'), next: 'keep' })
  origin.script = () => ({ bytes: response('200 OK', 'first'), next: 'keep' })
  const list = join(directory, `words-${port}`)
  const write = async (...lines: readonly string[]): Promise<void> => {
    await writeFile(`${list}.new`, lines.join('\n'))
    await rename(`${list}.new`, list)
  }
  const table = (name: string): string => `${text(`{ name: ${name}, match: /**, to: file/words-${port} }`)}registries: { file: { path: ${directory}, every: 100ms } }\n`
  // Each request has a connection of its own, so that all workers are asked.
  const answers = async (): Promise<string> => [...new Set(await Promise.all(Array.from({ length: 16 }, async () => (await exchange(port, GET)).responses[0]?.body)))].sort().join(' ')
  const [one, two, dead] = [`127.0.0.1 ${origin.port}`, `127.0.0.1 ${second.port}`, '127.0.0.1 1']
  await write(one, dead)
  await put(table('a'))
  const gateway = run()
  await serving(gateway)
  await expect.poll(answers, WAIT).toBe('first')
  await write(two, dead)
  await expect.poll(answers, WAIT).toBe('second')
  const { workers } = await api<Workers>('/api/health')
  process.kill(workers[0]?.pid ?? 0, 'SIGKILL')
  await expect.poll(async () => (await api<Workers>('/api/health')).workers.filter(({ pid, state }) => state === 'running' && pid !== workers[0]?.pid).length, WAIT).toBe(2)
  await write(one, dead)
  await expect.poll(answers, WAIT).toBe('first')
  await put(forwarding())
  await expect.poll(async () => (await api<{ routes: { name: string }[] }>('/api/routes')).routes.map(({ name }) => name), WAIT).toEqual(['first'])
  await put(table('b'))
  await write(two, dead)
  await expect.poll(answers, WAIT).toBe('second')
  await end(gateway)
  await second.stop()
}, 120_000)

test('workers killed under load, again and again while a great set changes, lose no request of the others and come back with the set as it is', async () => {
  const second = await startOrigin()
  second.script = () => ({ bytes: response('200 OK', 'second'), next: 'keep' })
  origin.script = () => ({ bytes: response('200 OK', 'first'), next: 'keep' })
  const list = join(directory, `many-${port}`)
  // The many get no request, but they are told, in a dozen pieces.
  const many = Array.from({ length: 2400 }, (_, index) => `127.1.${index >> 8}.${index & 255} 1 * 0`)
  const write = async (live: number, version: number): Promise<void> => {
    await writeFile(`${list}.new`, [...many.slice(version), `127.0.0.1 ${live}`].join('\n'))
    await rename(`${list}.new`, list)
  }
  await write(origin.port, 0)
  await put(`${text(`{ name: a, match: /**, to: file/many-${port} }`)}registries: { file: { path: ${directory}, every: 100ms } }\n`)
  const gateway = run()
  await serving(gateway)
  const load = { ends: false, statuses: new Map<number | undefined, number>() }
  const client = async (): Promise<void> => {
    while (!load.ends) {
      // Of the killed worker connections break, as they must.
      const status = await exchange(port, GET).then(({ responses }) => responses[0]?.status, () => undefined)
      load.statuses.set(status, (load.statuses.get(status) ?? 0) + 1)
    }
  }
  const clients = Array.from({ length: 4 }, client)
  const pids = async (): Promise<number[]> => (await api<Workers>('/api/health')).workers.filter(({ state }) => state === 'running').map(({ pid }) => pid)
  for (let version = 1; version <= 4; version++) {
    const [killed = 0] = await pids()
    process.kill(killed, 'SIGKILL')
    await write(version % 2 === 0 ? origin.port : second.port, version)
    await expect.poll(async () => (await pids()).filter((pid) => pid !== killed).length, WAIT).toBe(2)
  }
  await write(second.port, 5)
  const bodies = async (): Promise<string> => [...new Set(await Promise.all(Array.from({ length: 16 }, async () => (await exchange(port, GET)).responses[0]?.body)))].sort().join(' ')
  await expect.poll(bodies, WAIT).toBe('second')
  load.ends = true
  await Promise.all(clients)
  expect([...load.statuses.keys()].filter((status) => status !== 200 && status !== undefined)).toEqual([])
  expect(load.statuses.get(200)).toBeGreaterThan(100)
  await end(gateway)
  await second.stop()
}, 120_000)

test('SIGTERM lets a request under way finish', async () => {
  await put(forwarding())
  const gateway = run()
  await serving(gateway)
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<Answer>()
  origin.script = () => {
    asked.resolve()
    return answer.promise
  }
  const client = await RawClient.connect(port)
  client.send(GET)
  await asked.promise
  gateway.child.kill('SIGTERM')
  await expect.poll(() => gateway.log(), WAIT).toContain('draining')
  answer.resolve({ bytes: response('200 OK', 'late'), next: 'keep' })
  expect((await client.ended()).responses[0]).toMatchObject({ status: 200, body: 'late' })
  client.destroy()
  expect(await gateway.exited).toBe(0)
  expect(gateway.log()).not.toMatch(/unhandled|uncaught/i)
})

test('a changed file comes into force; a broken one does not, and is visible', async () => {
  await put(forwarding())
  const gateway = run()
  await serving(gateway)
  await put(text('{ name: second, match: /**, respond: { status: 418 } }'))
  await expect.poll(async () => (await exchange(port, GET)).responses[0]?.status, WAIT).toBe(418)
  await put(text('{ name: third, match: /**, respnd: { status: 200 } }'))
  await expect.poll(async () => (await api<{ revisions: { kind: string }[] }>('/api/revisions')).revisions[0]?.kind, WAIT).toBe('rejected')
  expect((await exchange(port, GET)).responses[0]?.status).toBe(418)
  const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
  expect(metrics).toMatch(/^fairlead_\w*rejected\w*(\{.*\})? [1-9]/m)
  await end(gateway)
})

test('what was refused is over once the file holds what is in force again, as it was or in other words', async () => {
  const good = text('{ name: first, match: /**, respond: { status: 418 } }')
  const refused = async (): Promise<number> => (await api<{ rejected: readonly unknown[] }>('/api/routes')).rejected.length
  await put(good)
  const gateway = run()
  await serving(gateway)
  for (const again of [good, `# again\n${good}`]) {
    await put(text('{ name: second, match: /**, respnd: { status: 200 } }'))
    await expect.poll(refused, WAIT).toBe(1)
    await put(again)
    await expect.poll(refused, WAIT).toBe(0)
  }
  const { revisions } = await api<{ revisions: readonly { readonly kind: string }[] }>('/api/revisions')
  expect(revisions.map(({ kind }) => kind)).toEqual(['rejected', 'rejected', 'effective'])
  await end(gateway)
})

test('an edit that only check would refuse is refused by the running gateway too, and what takes a restart is said', async () => {
  const registries = 'registries: { consul: { address: "http://127.0.0.1:1" } }\n'
  const rejected = async (): Promise<unknown> => (await api<{ rejected: readonly { readonly problems: readonly { readonly message: string }[] }[] }>('/api/routes')).rejected[0]?.problems[0]?.message
  await put(`${text('{ name: first, match: /**, respond: { status: 418 } }')}${registries}`)
  const gateway = run()
  await serving(gateway)
  await put(`${text('{ name: second, match: /**, to: consul/words?tga=v2 }')}${registries}`)
  await expect.poll(rejected, WAIT).toBe("'consul/words?tga=v2': the registry consul knows no option 'tga'")
  expect((await exchange(port, GET)).responses[0]?.status).toBe(418)
  const asked = spawn(process.execPath, [MAIN, 'routes', '--invalid', '--admin', `http://127.0.0.1:${admin}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  asked.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(asked, 'close')
  expect(said).toContain("knows no option 'tga' (did you mean tag?)")
  expect(gateway.log()).not.toContain('takes a restart')
  await put(`${text('{ name: third, match: /**, to: nomad/words }').replace('workers: 2', 'workers: 3')}${registries.replace('{ consul', '{ nomad: {}, consul')}`)
  await expect.poll(rejected, WAIT).toBe("the registry 'nomad' is new in this file: restart the gateway to use it")
  expect(gateway.log().split('\n').filter((line) => line.includes('takes a restart'))).toEqual([expect.stringContaining('"keys":["registries","workers"]')])
  await put(`${text('{ name: fourth, match: /**, respond: { status: 204 } }')}${registries}`)
  await expect.poll(async () => (await exchange(port, GET)).responses[0]?.status, WAIT).toBe(204)
  expect(gateway.log()).toContain('the file says of the gateway what it said at its start')
  await end(gateway)
})

test('what is refused before routing is counted by listener and reason, in the word that the client and the log get', async () => {
  await put(forwarding().replace('listeners: { web:', `listeners: { web: { port: ${port}, host: 127.0.0.1, limits: { headBytes: 2KiB, headTimeout: 1s } }, other:`).replace(`other: { port: ${port}`, 'other: { port: 0').replace("accessLog: { format: 'off' }", 'accessLog: json'))
  const gateway = run()
  await serving(gateway)
  const refusals: Readonly<Record<string, string>> = {
    bad_request: 'GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    bad_path: 'GET /a%2fb HTTP/1.1\r\nHost: a.test\r\n\r\n',
    bad_host: 'GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n',
    request_timeout: 'GET / HTTP/1.1\r\nHost: a',
    uri_too_long: `GET /${'x'.repeat(70_000)} HTTP/1.1\r\nHost: a.test\r\n\r\n`,
    expectation_failed: 'GET / HTTP/1.1\r\nHost: a.test\r\nExpect: tea\r\n\r\n',
    headers_too_large: `GET / HTTP/1.1\r\nHost: a.test\r\n${'X-Long: of a hundred or so bytes\r\n'.repeat(100)}\r\n`,
    method_not_supported: 'TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n',
    version_not_supported: 'GET / HTTP/2.0\r\nHost: a.test\r\n\r\n',
  }
  for (const [reason, bytes] of Object.entries(refusals)) {
    const client = await RawClient.connect(port)
    client.send(bytes)
    await client.ended()
    client.destroy()
    expect([reason, client.received]).toEqual([reason, expect.stringContaining(`fairlead-error: ${reason}\r\n`)])
    await expect.poll(() => gateway.log(), WAIT).toContain(`"reason":"${reason}"`)
  }
  const metrics = (await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()).split('\n').filter((line) => line.startsWith('fairlead_refused_requests_total'))
  expect(metrics.toSorted()).toEqual(Object.keys(refusals).map((reason) => `fairlead_refused_requests_total{listener="web",reason="${reason}"} 1`).toSorted())
  await end(gateway)
})

test('a line of the access log names the table that decided, by number and content hash', async () => {
  const logged = (route: string): string => text(`{ name: ${route}, match: /**, respond: { status: 204 } }`).replace("accessLog: { format: 'off' }", 'accessLog: json')
  await put(logged('first'))
  const gateway = run()
  await serving(gateway)
  const inForce = async (route: string): Promise<unknown> => {
    const { routes, revision } = await api<{ routes: { name: string }[]; revision: { number: number; hash: string } }>('/api/routes')
    return routes[0]?.name === route && `"revision":${revision.number},"table":"${revision.hash}"`
  }
  const seen = new Set<unknown>()
  for (const route of ['first', 'second']) {
    await put(logged(route))
    await expect.poll(() => inForce(route), WAIT).toMatch(/"table":"[0-9a-f]{12}"/)
    // The main process has it a moment before its workers.
    await expect.poll(async () => (await exchange(port, GET)) && gateway.log(), WAIT).toContain(`"route":"${route}"`)
    const line = gateway.log().split('\n').find((each) => each.includes(`"route":"${route}"`))
    expect(line).toContain(await inForce(route))
    seen.add(await inForce(route))
  }
  expect(seen.size).toBe(2)
  await end(gateway)
})

test('a port in use is said so', async () => {
  const taken = createServer()
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  port = (taken.address() as AddressInfo).port
  await put(forwarding())
  const gateway = run()
  expect(await gateway.exited).toBe(1)
  expect(gateway.log()).toContain('EADDRINUSE')
  expect(gateway.log()).toContain(String(port))
  taken.close()
})

test('a port in use by another gateway is said so, rather than shared with it', async () => {
  await put(forwarding())
  const first = run()
  await serving(first)
  const own = admin
  ;[admin = 0] = await freePorts(1)
  await put(forwarding())
  const second = run()
  expect(await second.exited).toBe(1)
  expect(second.log()).toContain('EADDRINUSE')
  admin = own
  await end(first)
})

test('an access log that cannot be opened is said so', async () => {
  await put(forwarding().replace("accessLog: { format: 'off' }", `accessLog: { to: ${directory}/nowhere/access.log }`))
  const gateway = run()
  expect(await gateway.exited).toBe(1)
  expect(gateway.log()).toContain(`fairlead: the access log ${directory}/nowhere/access.log cannot be opened: ENOENT`)
  expect(gateway.log()).not.toContain('uncaught')
})

test('a wrong file is refused with the line', async () => {
  await put(text('{ name: third, match: /**, respnd: { status: 200 } }'))
  const gateway = run()
  expect(await gateway.exited).toBe(1)
  expect(gateway.log()).toMatch(/:8\b/)
  expect(gateway.log()).toContain('respnd')
})
