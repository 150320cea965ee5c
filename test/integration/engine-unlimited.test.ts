// `0s` is no limit, for each time that a configuration can limit.
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { edgePlatform } from '../../src/edge/platform.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { type Origin, response, startOrigin } from '../support/origin.ts'
import { RawClient } from '../support/raw-client.ts'
import { accept, echoBytes, frame, handshake } from '../support/websocket.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const NONE = 'headTimeout: 0s, idleTimeout: 0s, bodyTimeout: 0s, tunnelTimeout: 0s'
let origin: Origin
let gateway: TestGateway

beforeAll(async () => {
  origin = await startOrigin()
  gateway = await startGateway(`
listeners:
  web:     { port: 0, limits: { ${NONE} } }
  proxied: { port: 0, trustedProxies: [127.0.0.1], proxyProtocol: true, limits: { ${NONE} } }
services:
  origin: { endpoints: ['127.0.0.1:${origin.port}'], connectTimeout: 0s }
routes:
  - { match: /**, to: origin, timeout: 0s }
`)
})
beforeEach(() => {
  origin.clear()
  origin.script = () => undefined
})
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
})

/** Several looks at the deadlines. */
async function later(): Promise<void> {
  const started = performance.now()
  await vi.waitFor(() => expect(performance.now() - started).toBeGreaterThan(200), { timeout: 10_000, interval: 10 })
}

async function inTwo(first: string, second: string, listener = 'web'): Promise<number | undefined> {
  const client = await RawClient.connect(gateway.port(listener))
  if (first !== '') client.send(first)
  await later()
  client.send(second)
  const { responses } = await client.answers(1)
  client.destroy()
  return responses[0]?.status
}

test.each([
  ['the first byte of a head', '', GET, 'web'],
  ['the rest of a head', GET.slice(0, 20), GET.slice(20), 'web'],
  ['the rest of a body', 'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nab', 'cd', 'web'],
  ['the rest of a chunk', 'POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab', 'cd\r\n0\r\n\r\n', 'web'],
  ['a PROXY header', '', `PROXY TCP4 192.0.2.7 127.0.0.1 4660 80\r\n${GET}`, 'proxied'],
])('%s may come at any time', async (_what, first, second, listener) => {
  expect(await inTwo(first, second, listener)).toBe(200)
})

test('the next request may come at any time', async () => {
  const client = await RawClient.connect(gateway.port('web'))
  client.send(GET)
  await client.answers(1)
  await later()
  client.send(GET)
  expect((await client.answers(2)).responses.map(({ status }) => status)).toEqual([200, 200])
  client.destroy()
})

test('the rest of a response may come at any time, also the last one of a connection', async () => {
  origin.script = () => ({ bytes: response('200 OK', 'abcd').slice(0, -2), next: 'silent' })
  const client = await RawClient.connect(gateway.port('web'))
  client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  await client.until(() => client.received.endsWith('ab'), 'the first half')
  await later()
  origin.connections.at(-1)?.socket.end('cd')
  expect((await client.answers(1)).responses[0]?.body).toBe('abcd')
  client.destroy()
})

test('an upgraded connection may be silent for any time', async () => {
  origin.script = (request) => accept(request, echoBytes)
  const client = await RawClient.connect(gateway.port('web'))
  client.send(handshake('/'))
  await client.until(() => client.received.includes('101'), 'the upgrade')
  await later()
  const before = client.received.length
  client.send(frame(1, 'late', { masked: true }))
  await client.until(() => client.received.length > before, 'the echo')
  client.destroy()
})

test.each([
  ['Node', nodePlatform(() => {})],
  ['a worker', edgePlatform],
])('a wait without end on %s does not end at once', async (_where, platform) => {
  vi.useFakeTimers()
  try {
    const stop = new AbortController()
    let over = false
    const wait = platform.sleep(Infinity, stop.signal).then(() => (over = true))
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(over).toBe(false)
    stop.abort()
    await wait
  } finally {
    vi.useRealTimers()
  }
})
