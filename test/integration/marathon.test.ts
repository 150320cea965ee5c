// Marathon over real sockets, through the fetch of Node: what of headers, redirects and streams only a real client shows.
import { afterEach, expect, test } from 'vitest'
import { marathon } from '../../discovery/marathon.ts'
import { endpointsOf, type EndpointSet } from '../../src/model/endpoint.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { startFaultProxy, type FaultProxy } from '../support/drill/fault-proxy.ts'
import { until } from '../support/drill/until.ts'
import { startMarathon, type MarathonServer, type MarathonServerOptions } from '../support/fake-marathon/server.ts'
import type { AppSpec } from '../support/fake-marathon/spec.ts'

let ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  ends = []
})

async function start(options: MarathonServerOptions = {}): Promise<MarathonServer> {
  const server = await startMarathon(options)
  ends.push(() => server.close())
  server.put(web(2))
  return server
}

async function proxyTo(node: string): Promise<FaultProxy> {
  const proxy = await startFaultProxy(node)
  ends.push(() => proxy.close())
  return proxy
}

const web = (count: number): AppSpec => ({ id: '/web', instances: count, ports: [{ name: 'http' }], tasks: Array.from({ length: count }, (_, index) => ({ id: `t${index}`, host: `10.0.0.${index + 1}`, ports: [8080] })) })

interface Watching {
  /** Waits for this number of endpoints in a fresh set. */
  has(count: number): Promise<EndpointSet>
  readonly log: readonly string[]
  readonly messages: readonly string[]
}

function watch(options: object): Watching {
  const log: string[] = []
  const messages: string[] = []
  const stop = new AbortController()
  let last: EndpointSet = { kind: 'pending' }
  const discoverer = marathon.create('main', options, nodePlatform((level, message) => void log.push(`${level} ${message}`)))
  const run = async (): Promise<void> => {
    const observe = ({ message }: { readonly message?: string }): void => void messages.push(message ?? '')
    for await (const set of discoverer.watch({ registry: 'main', name: 'web', options: {} }, stop.signal, { observe })) last = set
  }
  const running = run()
  ends.push(async () => {
    stop.abort()
    await running
  })
  return { has: (count) => until(`${count} endpoints`, () => last.kind === 'ready' && endpointsOf(last).length === count && last, () => JSON.stringify([last, messages.at(-1), log])), log, messages }
}

test('the stream is opened, with the very Accept that is compared, and closed at the end', async () => {
  const server = await start()
  const { has } = watch({ address: `http://${server.nodes[0]}` })
  await has(2)
  await until('the stream is open', () => server.streams.count() === 1)
  server.put(web(3))
  await has(3)
  expect(server.seen.filter(({ path }) => path === '/v2/events').map(({ headers }) => headers.get('accept'))).toEqual(['text/event-stream'])
  await ends.pop()?.()
  await until('the stream is closed', () => server.streams.count() === 0)
})

test('a redirect to the leader carries credentials to hosts of the cluster, and not one request anywhere else', async () => {
  const token = 'jwt'
  const server = await start({ size: 2, token })
  server.leader = server.nodes[1]
  const near = watch({ address: `http://${server.nodes[0]}`, leaders: [server.nodes[1]], token })
  await near.has(2)
  await until('the stream is open', () => server.streams.count() === 1)
  expect(server.seen.filter(({ path }) => path === '/v2/events').map(({ node, headers }) => `${node} ${headers.get('authorization')}`)).toEqual(server.nodes.map((node) => `${node} token=jwt`))

  const stranger = await start({ token })
  const other = await start({ size: 1, token })
  other.leader = stranger.nodes[0]
  const far = watch({ address: `http://${other.nodes[0]}`, token })
  await far.has(2)
  await until('it was said', () => far.log.some((line) => line.includes(`redirects to ${stranger.nodes[0]}, which is neither in address nor in leaders`)))
  expect(stranger.seen).toEqual([])
})

test('a reader that falls behind is cut off, comes back, and sees what it missed', async () => {
  const server = await start({ maxOutstanding: 64 })
  const proxy = await proxyTo(server.nodes[0] ?? '')
  const { has } = watch({ address: `http://${proxy.address}` })
  await has(2)
  await until('the stream is open', () => server.streams.count() === 1)
  proxy.blackhole()
  // More than the buffers of both sockets and of the proxy hold.
  const padding = 'x'.repeat(100_000)
  for (let sent = 0; server.streams.count() > 0 && sent < 2000; sent++) {
    server.streams.send('status_update_event', { appId: '/other', padding })
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(server.streams.count()).toBe(0)
  server.put(web(4), 'silently')
  await proxy.pass()
  await has(4)
  await until('there is another stream', () => server.streams.opened() === 2)
})

test('a stream whose server closes its half is over, and another one is opened', async () => {
  const server = await start()
  const { has } = watch({ address: `http://${server.nodes[0]}` })
  await has(2)
  await until('the stream is open', () => server.streams.count() === 1)
  server.streams.endAll()
  server.put(web(3), 'silently')
  await has(3)
  await until('there is another stream', () => server.streams.opened() === 2)
})

test('a node that is gone in the middle of a stream', async () => {
  const server = await start({ size: 2 })
  const [first = '', second = ''] = server.nodes
  const { has } = watch({ address: [`http://${first}`, `http://${second}`] })
  await has(2)
  await until('the stream is open', () => server.streams.count() === 1)
  await server.kill(first)
  server.failover(second)
  server.put(web(3))
  await has(3)
  await until('there is a stream at the other', () => server.seen.some(({ node, path }) => node === second && path === '/v2/events'))
})

test.each(['0.13', '1.1', '1.3', '1.4', '1.5', '1.9', '1.10'] as const)('Marathon %s', async (version) => {
  const server = await start({ version, basic: { username: 'ann', password: 'grün' } })
  const { has } = watch({ address: `http://${server.nodes[0]}`, username: 'ann', password: 'grün' })
  await has(2)
  server.put(web(3))
  await has(3)
})

test('answers are Marathon’s: 405 for any other Accept of the stream, 406 since 1.10, 401, 404', async () => {
  const server = await start({ version: '1.10', basic: { username: 'u', password: 'p' } })
  const status = async (path: string, headers: Record<string, string>): Promise<number> => {
    const answer = await fetch(`http://${server.nodes[0]}${path}`, { headers })
    await answer.body?.cancel()
    return answer.status
  }
  const authorization = `Basic ${btoa('u:p')}`
  expect(await status('/v2/events', { authorization, accept: 'text/event-stream, */*' })).toBe(405)
  expect(await status('/v2/events', { authorization, accept: 'text/event-stream' })).toBe(200)
  expect(await status('/v2/apps', { authorization, accept: 'text/plain' })).toBe(406)
  expect(await status('/v2/apps', { accept: 'application/json' })).toBe(401)
  expect(await status('/v2/apps/none', { authorization, accept: 'application/json' })).toBe(404)
})
