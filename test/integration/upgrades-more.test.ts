// Upgrades that are not accepted, and bodies that nobody waited for: what is on the connection after them is never mistaken.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expectInnocent, LISTENERS } from '../support/corpus.ts'
import { CANARY } from '../support/framing.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { response, startOrigin, type Origin } from '../support/origin.ts'
import { RawClient, type Reading } from '../support/raw-client.ts'
import { accept, echoBytes, handshake } from '../support/websocket.ts'

let origin: Origin
let gateway: TestGateway

async function send(text: string, count: number, methods: readonly string[] = ['GET', 'GET']): Promise<Reading> {
  const client = await RawClient.connect(gateway.port('patient'))
  client.methods.push(...methods)
  client.send(text)
  const reading = await client.answers(count)
  client.destroy()
  return reading
}

/** The canary is a request of its own, routed like any other, or never seen. */
function expectRouted(reading: Reading): void {
  const seen = origin.requests.filter((request) => request.target === '/raw/smuggled')
  expect(origin.problems()).toEqual([])
  expect(seen.length).toBe(reading.responses.length - 1)
  for (const request of seen) expect(valuesOf(request.fields, 'x-forwarded-for')).toHaveLength(1)
}

beforeAll(async () => {
  origin = await startOrigin()
  gateway = await startGateway(`${LISTENERS}
routes:
  - { name: off, match: { path: /raw/off }, to: 'http://127.0.0.1:${origin.port}', upgrade: false }
  - { name: raw, match: { path: /raw/** }, to: 'http://127.0.0.1:${origin.port}', timeout: 2s }
`)
})
beforeEach(() => {
  origin.clear()
  origin.script = () => undefined
  origin.onHead = () => undefined
})
afterAll(async () => {
  await expectInnocent(gateway.port('patient'), origin)
  await gateway?.stop()
  await origin?.stop()
})

describe('a request behind an upgrade that is refused', () => {
  test.each(['200 OK', '204 No Content', '302 Found', '400 Bad Request', '401 Unauthorized', '403 Forbidden', '404 Not Found', '426 Upgrade Required', '500 Internal Server Error', '503 Service Unavailable'])('by the origin with %s', async (status) => {
    origin.script = (request) => (request.target === '/raw/ws' ? { bytes: status.startsWith('204') ? `HTTP/1.1 ${status}\r\n\r\n` : response(status, 'no'), next: 'keep' } : undefined)
    const reading = await send(handshake('/raw/ws') + CANARY, 2)
    expect(reading.responses[0]?.status).toBe(Number.parseInt(status, 10))
    expectRouted(reading)
  })
  test.each([
    ['another protocol', 'Upgrade: other\r\nConnection: Upgrade\r\n'],
    ['no protocol', 'Connection: Upgrade\r\n'],
    ['nothing at all', ''],
  ])('by the gateway, since the 101 has %s', async (_name, fields) => {
    origin.script = (request) => (request.target === '/raw/ws' ? { bytes: `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`, next: 'silent' } : undefined)
    const reading = await send(handshake('/raw/ws') + CANARY, 2)
    expect(reading.interim.map((message) => message.status)).toEqual([])
    expect(reading.responses[0]?.status).toBe(502)
    expectRouted(reading)
  })
  test('by the route', async () => {
    const reading = await send(handshake('/raw/off') + CANARY, 2)
    expect([403, 404, 426]).toContain(reading.responses[0]?.status)
    expectRouted(reading)
  })
})

describe('a handshake that is none', () => {
  const plain = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  const request = (line: string, fields: readonly string[]): string => [line, 'Host: lab.test', ...fields, '', ''].join('\r\n')
  test.each([
    ['POST', request('POST /raw/ws HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade', 'Content-Length: 0', ...plain])],
    ['HTTP/1.0', request('GET /raw/ws HTTP/1.0', ['Upgrade: websocket', 'Connection: Upgrade', ...plain])],
    ['no Connection', request('GET /raw/ws HTTP/1.1', ['Upgrade: websocket', ...plain])],
    ['Connection without upgrade', request('GET /raw/ws HTTP/1.1', ['Upgrade: websocket', 'Connection: keep-alive', ...plain])],
    ['no Upgrade', request('GET /raw/ws HTTP/1.1', ['Connection: Upgrade', ...plain])],
    ['no key', request('GET /raw/ws HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'])],
    ['bad key', request('GET /raw/ws HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: short'])],
    ['Upgrade: h2c', request('GET /raw/ws HTTP/1.1', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__'])],
  ])('%s', async (_name, text) => {
    origin.script = (seen) => (valuesOf(seen.fields, 'upgrade').length > 0 ? accept(seen, echoBytes) : undefined)
    const reading = await send(text + CANARY, 2, [text.slice(0, text.indexOf(' ')), 'GET'])
    expect(reading.interim.map((message) => message.status)).toEqual([])
    expect(origin.requests.filter((seen) => valuesOf(seen.fields, 'upgrade').length > 0)).toEqual([])
    expectRouted(reading)
  })
  test('a handshake with a body is refused, or its body is framed first', async () => {
    const text = request('GET /raw/ws HTTP/1.1', ['Upgrade: websocket', 'Connection: Upgrade', `Content-Length: ${CANARY.length}`, ...plain]) + CANARY
    const reading = await send(text, 1)
    expect(origin.requests.map((seen) => seen.target)).not.toContain('/raw/smuggled')
    expect(reading.problems).toEqual([])
  })
})

describe('an answer before the body is over', () => {
  const head = (fields: string): string => `POST /raw/early HTTP/1.1\r\nHost: lab.test\r\n${fields}\r\n`
  test.each([
    ['the canary as the rest of a body with a length', head(`Content-Length: ${CANARY.length + 5}\r\n`), `hello${CANARY}`],
    ['the canary as a chunk', head('Transfer-Encoding: chunked\r\n'), `5\r\nhello\r\n${CANARY.length.toString(16)}\r\n${CANARY}\r\n0\r\n\r\n`],
  ])('%s', async (_name, first, body) => {
    origin.onHead = (seen) => (seen.line.includes('/raw/early') ? { bytes: response('413 Content Too Large', 'no'), next: 'keep' } : undefined)
    const client = await RawClient.connect(gateway.port('patient'))
    client.methods.push('POST', 'GET')
    client.send(first)
    const reading = await client.answers(1)
    expect(reading.responses.map((answer) => answer.status)).toEqual([413])
    // What is left of the body comes only now: it is read as body, or the connection is gone.
    client.send(`${body}GET /raw/next HTTP/1.1\r\nHost: lab.test\r\n\r\n`)
    const after = await client.answers(2)
    client.destroy()
    await expectInnocent(gateway.port('patient'), origin)
    expect(origin.requests.map((seen) => seen.target)).not.toContain('/raw/smuggled')
    if (after.responses.length > 1) expect(JSON.parse(after.responses[1]?.body ?? '')).toMatchObject({ target: '/raw/next' })
  })
  test('Expect: 100-continue that the origin answers with a final status', async () => {
    origin.onHead = (seen) => (seen.line.includes('/raw/early') ? { bytes: response('403 Forbidden', 'no'), next: 'keep' } : undefined)
    const client = await RawClient.connect(gateway.port('patient'))
    client.methods.push('POST', 'GET')
    client.send(head(`Expect: 100-continue\r\nContent-Length: ${CANARY.length}\r\n`))
    // A gateway may ask for the body itself or wait for the origin to.
    await client.until(() => client.received.includes('\r\n\r\n'), 'an answer')
    if (client.received.startsWith('HTTP/1.1 100')) client.send(CANARY)
    const reading = await client.answers(1)
    expect(reading.responses.map((answer) => answer.status)).toEqual([403])
    // A client that sends the body although it was told not to.
    if (reading.interim.length === 0) client.send(CANARY)
    client.destroy()
    await expectInnocent(gateway.port('patient'), origin)
    expect(origin.requests.map((seen) => seen.target)).not.toContain('/raw/smuggled')
  })
})
