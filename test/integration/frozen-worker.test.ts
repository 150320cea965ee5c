// A worker that stands still (SIGSTOP) while tables and sets change: real worker processes, with a live origin behind them.
import cluster from 'node:cluster'
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { adapters } from '../../discovery/list.ts'
import { parseConfig } from '../../src/config/parse.ts'
import type { Config } from '../../src/model/config.ts'
import type { EndpointSet } from '../../src/model/endpoint.ts'
import { Fleet } from '../../src/node/fleet.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { canReusePort } from '../../src/node/port-check.ts'
import { endpoint } from '../support/endpoints.ts'
import { response, startOrigin, type Origin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'

const WAIT = { timeout: 20_000, interval: 20 }
const SERVICES = Array.from({ length: 20 }, (_, index) => `s${index}`)
/** What changes most: sets as long as this, with one endpoint that lives. */
const LENGTH = 60
const NOTE = 'n'.repeat(200)

/** The service of `a.test` is another one with each table, so a table without its set would answer 503. */
function configOf(number: number): Config {
  const routes = [{ name: `main-${number}`, match: 'a.test/**', to: `file/main-${number}` }, ...SERVICES.map((name) => ({ name, match: `${name}.test/**`, to: `file/${name}` }))]
  const { config, problems } = parseConfig(JSON.stringify({ accessLog: { format: 'off' }, listeners: { web: { port: 0, host: '127.0.0.1' } }, registries: { file: { path: '/nowhere' } }, routes }), { file: '', env: {}, adapters })
  if (config === undefined) throw new Error(JSON.stringify(problems))
  return config
}

function setOf(version: number, { port }: Origin): EndpointSet {
  const others = Array.from({ length: LENGTH }, (_, index) => endpoint(`e${version}-${index}`, { host: `127.1.0.${index}`, port: 1, weight: 0, meta: { NOTE } }))
  return { kind: 'ready', endpoints: [endpoint('live', { port, meta: { version: String(version) } }), ...others], at: version }
}

/** Counts what was given to the channel of each worker and not taken yet; once frozen, that is what waits in this process. */
function channels(): ReadonlyMap<number, { messages: number; bytes: number; most: number; mostBytes: number }> {
  const counts = new Map<number, { messages: number; bytes: number; most: number; mostBytes: number }>()
  for (const worker of Object.values(cluster.workers ?? {})) {
    if (worker === undefined) continue
    const count = { messages: 0, bytes: 0, most: 0, mostBytes: 0 }
    counts.set(worker.process.pid ?? 0, count)
    const send = worker.send.bind(worker) as (message: object, taken: (error: Error | null) => void) => boolean
    worker.send = ((message: object, taken: (error: Error | null) => void) => {
      const { length } = JSON.stringify(message)
      count.messages++
      count.bytes += length
      count.most = Math.max(count.most, count.messages)
      count.mostBytes = Math.max(count.mostBytes, count.bytes)
      return send(message, (error) => {
        count.messages--
        count.bytes -= length
        taken(error)
      })
    }) as typeof worker.send
  }
  return counts
}

test('a frozen worker costs a bounded queue, holds nobody up, and serves the present state when it goes on, with nothing wrong in between', async () => {
  const [first, second] = await Promise.all([startOrigin(), startOrigin()])
  first.script = () => ({ bytes: response('200 OK', 'first'), next: 'keep' })
  second.script = () => ({ bytes: response('200 OK', 'second'), next: 'keep' })
  const lines: string[] = []
  const real = nodePlatform((level, message) => void lines.push(`${level} ${message}`))
  // What waits for a worker waits two seconds instead of ten; it is never given up.
  const fleet = new Fleet(2, { ...real, sleep: (ms, signal) => real.sleep(ms / 5, signal) }, Infinity)
  const { listeners, accessLog, table } = configOf(1)
  const revision = (number: number) => ({ number, hash: `h${number}`, origin: 'test', at: 0 })
  const ports = await fleet.start({ listeners, accessLog, reusePort: canReusePort(), table: { config: table, revision: revision(1) }, sets: [['file/main-1', setOf(0, first)], ...SERVICES.map((name) => [`file/${name}`, setOf(0, first)] as const)] })
  const queues = channels()
  const ask = async (host: string): Promise<RawClient> => {
    const client = await RawClient.connect(ports['web'] ?? 0)
    client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    return client
  }
  // Many connections, so that both workers have some.
  const askAll = (): Promise<RawClient[]> => Promise.all(Array.from({ length: 24 }, (_, index) => ask(index % 2 === 0 ? 'a.test' : 's7.test')))
  const answered = async (clients: readonly RawClient[]): Promise<string[]> => {
    const answers = await Promise.all(clients.map(async (client) => (await client.answers(1)).responses[0]))
    for (const client of clients) client.destroy()
    return answers.map((answer) => `${answer?.status} ${answer?.body}`)
  }
  expect(new Set(await answered(await askAll()))).toEqual(new Set(['200 first']))

  const [frozen = 0, lively = 0] = fleet.workers().map(({ pid }) => pid)
  // A failing test must not leave it behind: a frozen process ends by SIGKILL alone.
  onTestFinished(() => {
    if (fleet.workers().some(({ pid }) => pid === frozen)) process.kill(frozen, 'SIGKILL')
  })
  process.kill(frozen, 'SIGSTOP')
  const waiting = await askAll()
  try {
    for (let version = 1; version <= 2000; version++) {
      fleet.useSet(`file/${SERVICES[version % SERVICES.length]}`, setOf(version, version > 1000 ? second : first))
      if (version % 10 === 0) await setImmediate()
    }
    // The other worker has them all, whether or not this process was quick enough, and so takes the tables in time.
    await expect.poll(() => queues.get(lively)?.messages, WAIT).toBe(0)
    for (let number = 2; number <= 4; number++) await fleet.useTable(configOf(number).table, revision(number), new Set(), [[`file/main-${number}`, setOf(number, second)]])
    expect(lines).toEqual(['error a worker does not take the new table; the others serve it'])
    for (let scrape = 0; scrape < 5; scrape++) expect((await fleet.instruments()).series.length).toBeGreaterThan(0)
    // Two thousand changes of 20 KB would be 40 MB.
    expect(queues.get(frozen)?.most).toBeLessThan(60)
    expect(queues.get(frozen)?.mostBytes).toBeLessThan(500_000)
    expect(fleet.workers().map(({ revision: served }) => served)).toEqual([1, 4])
    await expect.poll(() => queues.get(lively)?.messages, WAIT).toBe(0)
  } finally {
    process.kill(frozen, 'SIGCONT')
  }
  // What it had in its sockets it answers by a table and its sets, old or new.
  expect((await answered(waiting)).filter((answer) => answer !== '200 first' && answer !== '200 second')).toEqual([])
  await expect.poll(() => fleet.workers().map(({ revision: served }) => served), WAIT).toEqual([4, 4])
  expect(new Set(await answered(await askAll()))).toEqual(new Set(['200 second']))
  expect(lines.slice(1)).toEqual(['info a worker that stood still serves the present table'])
  await fleet.stop(500)
  await Promise.all([first.stop(), second.stop()])
}, 60_000)

test('a worker that answers nothing is shown as silent, and replaced when it goes on so', async () => {
  const origin = await startOrigin()
  origin.script = () => ({ bytes: response('200 OK', 'here'), next: 'keep' })
  const lines: string[] = []
  const real = nodePlatform((level, message) => void lines.push(`${level} ${message}`))
  const fleet = new Fleet(2, { ...real, sleep: (ms, signal) => real.sleep(ms / 10, signal) }, 12)
  const { listeners, accessLog, table } = configOf(1)
  const ports = await fleet.start({ listeners, accessLog, reusePort: canReusePort(), table: { config: table, revision: { number: 1, hash: 'h', origin: 'test', at: 0 } }, sets: [['file/main-1', setOf(0, origin)]] })
  const [frozen = 0, lively = 0] = fleet.workers().map(({ pid }) => pid)
  onTestFinished(() => {
    if (fleet.workers().some(({ pid }) => pid === frozen)) process.kill(frozen, 'SIGKILL')
  })
  process.kill(frozen, 'SIGSTOP')
  await expect.poll(() => fleet.workers().find(({ pid }) => pid === frozen)?.state, WAIT).toBe('silent')
  expect(fleet.workers().find(({ pid }) => pid === lively)?.state).toBe('running')
  await expect.poll(() => fleet.workers().filter(({ pid, state }) => pid !== frozen && state === 'running').length, WAIT).toBe(2)
  expect(fleet.workers().map(({ pid }) => pid)).toContain(lively)
  expect(lines).toEqual(['error a worker answers nothing and is ended', 'error a worker died and is replaced'])
  const client = await RawClient.connect(ports['web'] ?? 0)
  client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
  expect((await client.answers(1)).responses[0]?.body).toBe('here')
  client.destroy()
  await fleet.stop(500)
  await origin.stop()
}, 60_000)
