// WebSocket handshakes and lifetimes: every case of websocket.json but the one over HTTP/2.
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expectInnocent, loadCorpus } from '../support/corpus.ts'
import { gatewayAvailable, startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { response, startOrigin, type Origin, type SeenRequest } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { accept, acceptOf, closeFrame, echoBytes, frame, handshake, KEY } from '../support/websocket.ts'

interface SocketCase {
  readonly id: string
  readonly send: string
}

const sends = new Map(loadCorpus<SocketCase>('websocket').map((each) => [each.id, each.send]))
const clients: RawClient[] = []
let origin: Origin
let gateway: TestGateway

async function open(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  clients.push(client)
  return client
}

/** Sends a case's handshake. */
async function play(id: string): Promise<RawClient> {
  const client = await open(gateway.port('web'))
  client.send(sends.get(id) ?? '')
  return client
}

/** Opens a WebSocket and waits for the 101. */
async function upgraded(port: number, path = '/ws'): Promise<RawClient> {
  const client = await open(port)
  client.send(handshake(path))
  await client.until(() => client.received.includes('\r\n\r\n'), 'the 101')
  expect(client.received).toMatch(/^HTTP\/1\.1 101 /)
  client.received = ''
  return client
}

/** The origin accepts every upgrade and echoes. */
function acceptAll(take: (bytes: string, socket: Socket) => void = echoBytes): void {
  origin.script = (request) => (request.target.startsWith('/ws') ? accept(request, take) : undefined)
}

function upgradesSeen(): SeenRequest[] {
  return origin.requests.filter((request) => valuesOf(request.fields, 'upgrade').length > 0)
}

/** Waits until the origin's upgraded sockets are closed. */
async function originClosed(): Promise<void> {
  const tunnels = origin.connections.filter((connection) => !connection.closed && /upgrade: websocket/i.test(connection.received))
  await Promise.all(tunnels.map((connection) => new Promise<void>((resolve) => connection.socket.once('close', () => resolve()))))
}

const config = (originPort: number, drain: string): string => `
listeners:
  web: { port: 0, host: 127.0.0.1 }
  idle: { port: 0, host: 127.0.0.1, limits: { tunnelTimeout: 300ms } }
admin: { port: 0 }
accessLog: { format: 'off' }
workers: 1
drainTimeout: ${drain}
routes:
  - { name: off, match: { path: /ws-off }, to: 'http://127.0.0.1:${originPort}', upgrade: false }
  - { name: all, match: { path: /** }, to: 'http://127.0.0.1:${originPort}', timeout: 2s }
`

describe.skipIf(!gatewayAvailable)('websocket', () => {
  beforeAll(async () => {
    origin = await startOrigin()
    gateway = await startGateway(config(origin.port, '1s'))
  })
  beforeEach(() => {
    origin.clear()
    acceptAll()
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    origin.script = () => undefined
    await expectInnocent(gateway.port('web'), origin)
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
  })

  test.each(['ws-ok', 'ws-ok-case'])('%s: 101 with the right accept, and bytes flow both ways', async (id) => {
    const client = await play(id)
    await client.until(() => client.received.includes('\r\n\r\n'), 'the 101')
    const reading = client.reading()
    expect(reading.problems).toEqual([])
    expect(reading.interim.map((message) => message.status)).toEqual([101])
    expect(valuesOf(reading.interim[0]?.fields ?? [], 'sec-websocket-accept')).toEqual([acceptOf(KEY)])
    expect(valuesOf(reading.interim[0]?.fields ?? [], 'upgrade').join().toLowerCase()).toBe('websocket')
    const sent = frame(1, 'hello', { masked: true })
    client.send(sent)
    await client.until(() => client.received.endsWith(sent), 'the echo')
  })

  test('ws-refused-426-then-pipelined: what follows a refused upgrade is an ordinary request or nothing', async () => {
    origin.script = (request) => (request.target === '/ws' ? { bytes: response('426 Upgrade Required', '', ['Sec-WebSocket-Version: 13']), next: 'keep' } : undefined)
    const client = await play('ws-refused-426-then-pipelined')
    const reading = await client.answers(2)
    expect(reading.problems).toEqual([])
    expect(reading.responses[0]?.status).toBe(426)
    expect(origin.problems()).toEqual([])
    const second = origin.requests.filter((request) => request.target === '/raw/smuggled')
    expect(second).toHaveLength(reading.responses.length - 1)
    // It went through the gateway as a request of its own: what the gateway adds to each request is there.
    for (const request of second) expect(valuesOf(request.fields, 'x-forwarded-for')).toHaveLength(1)
  })

  test('ws-early-frames: kept back until the 101, then delivered once and in order', async () => {
    const text = sends.get('ws-early-frames') ?? ''
    const early = text.slice(text.indexOf('\r\n\r\n') + 4)
    expect(early).not.toBe('')
    let before = ''
    origin.script = async (request, connection) => {
      if (request.target !== '/ws') return { bytes: response('200 OK', ''), next: 'keep' }
      // A whole exchange on another connection: whatever the gateway wants to send early has come by then.
      await exchange(gateway.port('web'), 'GET /raw/between HTTP/1.1\r\nHost: lab.test\r\n\r\n')
      before = connection.received
      return accept(request, echoBytes)
    }
    const client = await play('ws-early-frames')
    await client.until(() => client.received.includes('\r\n\r\n') && client.received.endsWith(early), 'the early bytes back')
    client.send('more')
    await client.until(() => client.received.endsWith('more'), 'the later bytes back')
    expect(before.endsWith('\r\n\r\n')).toBe(true)
    expect(client.received.slice(client.received.indexOf('\r\n\r\n') + 4)).toBe(`${early}more`)
  })

  test('ws-two-keys: 400', async () => {
    const client = await play('ws-two-keys')
    expect((await client.answers(1)).responses.map((answer) => answer.status)).toEqual([400])
    expect(origin.requests).toEqual([])
  })

  test('ws-http10: no upgrade in HTTP/1.0', async () => {
    origin.script = () => undefined
    const client = await play('ws-http10')
    const reading = await client.ended()
    expect(reading.interim).toEqual([])
    expect([200, 400, 426]).toContain(reading.responses[0]?.status)
    expect(upgradesSeen()).toEqual([])
  })

  test('ws-h2c-ws: the h2c token never reaches the origin', async () => {
    const client = await play('ws-h2c-ws')
    await client.until(() => client.received.includes('\r\n\r\n'), 'an answer')
    expect(origin.problems()).toEqual([])
    expect(origin.requests.flatMap((request) => valuesOf(request.fields, 'http2-settings'))).toEqual([])
    expect(upgradesSeen().flatMap((request) => valuesOf(request.fields, 'upgrade')).filter((value) => value.toLowerCase() !== 'websocket')).toEqual([])
  })

  test('ws-origin-101-no-upgrade: 502', async () => {
    origin.script = () => ({ bytes: 'HTTP/1.1 101 Switching Protocols\r\n\r\n', next: 'silent' })
    const client = await play('ws-origin-101-no-upgrade')
    const reading = await client.answers(1)
    expect(reading.interim).toEqual([])
    expect(reading.responses.map((answer) => answer.status)).toEqual([502])
    await originClosed()
  })

  test('ws-route-off: refused by the gateway, nobody is called', async () => {
    const client = await open(gateway.port('web'))
    client.send((sends.get('ws-route-off') ?? '').replace('/ws ', '/ws-off '))
    const reading = await client.answers(1)
    expect([403, 404, 426]).toContain(reading.responses[0]?.status)
    expect(origin.heads).toEqual([])
  })

  test('ws-idle: closed with 1000 or 1001 at the idle limit', async () => {
    const client = await upgraded(gateway.port('idle'))
    client.send(frame(1, 'a', { masked: true }))
    await client.until(() => client.received.length === 7, 'the echo')
    await client.ended()
    expect([closeFrame(1000), closeFrame(1001)]).toContain(client.received.slice(7))
    client.end()
    await originClosed()
  })

  test("ws-half-close-client: the origin's close frame still arrives after the client's FIN", async () => {
    const bye = closeFrame(1000, true)
    let got = ''
    origin.script = (request) =>
      request.target === '/ws'
        ? accept(
            request,
            (bytes) => {
              got += bytes
            },
            // Answers only when the FIN is there.
            (socket) => socket.end(got === bye ? closeFrame(1000) : 'no close frame', 'latin1'),
          )
        : undefined
    const client = await upgraded(gateway.port('web'))
    client.send(bye)
    client.end()
    await client.ended()
    expect(client.closed).toBe('end')
    expect(client.received).toBe(closeFrame(1000))
    await originClosed()
  })

  test.each([
    ['no byte', ''],
    ['a frame', frame(1, 'early', { masked: true })],
  ])('a client that ends its direction after its handshake and %s, before the 101: the origin sees that, and the tunnel ends', async (_what, early) => {
    const accepts = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    let got = ''
    origin.script = async (request) => {
      if (!request.target.startsWith('/ws')) return { bytes: response('200 OK', ''), next: 'keep' }
      await accepts.promise
      return accept(
        request,
        (bytes) => {
          got += bytes
        },
        (socket) => {
          ended.resolve()
          socket.end()
        },
      )
    }
    const client = await open(gateway.port('web'))
    client.send(handshake('/ws') + early)
    client.end()
    await expect.poll(() => upgradesSeen().length, { interval: 1 }).toBe(1)
    // A whole exchange on another connection: by then the gateway has read the end, too.
    await exchange(gateway.port('web'), 'GET /raw/between HTTP/1.1\r\nHost: lab.test\r\n\r\n')
    accepts.resolve()
    await ended.promise
    await client.ended()
    expect(got).toBe(early)
    await expect.poll(() => gateway.plane?.live().tunnelsOpen, { interval: 1 }).toBe(0)
  })

  test('ws-reset: the origin side is closed too', async () => {
    const client = await upgraded(gateway.port('web'))
    client.reset()
    await originClosed()
  })

  test('ws-origin-reset: the client side is closed too', async () => {
    acceptAll((_bytes, socket) => socket.resetAndDestroy())
    const client = await upgraded(gateway.port('web'))
    client.send(frame(1, 'a', { masked: true }))
    await client.ended()
  })

  test('ws-fragments-100k: passed whole and in order', async () => {
    const client = await upgraded(gateway.port('web'))
    const fragments = Array.from({ length: 100_000 }, (_none, i) => frame(i === 0 ? 1 : 0, String.fromCharCode(97 + (i % 26)), { masked: true, last: i === 99_999 })).join('')
    client.send(fragments)
    await client.until(() => client.received.length >= fragments.length, 'all fragments back')
    expect(client.received === fragments).toBe(true)
  })

  test('ws-slow-reader: what the reader does not take is not read from the other side without bound', async () => {
    const chunk = 'x'.repeat(1 << 20)
    const total = 64
    let written = 0
    acceptAll((_bytes, socket) => {
      const more = (): void => {
        while (written < total) {
          written++
          if (!socket.write(chunk, 'latin1')) {
            socket.once('drain', more)
            return
          }
        }
      }
      more()
    })
    const client = await upgraded(gateway.port('web'))
    client.socket.pause()
    client.send(frame(1, 'go', { masked: true }))
    // An exchange for each piece: by then a gateway that buffers without bound would have taken them all.
    for (let i = 0; i < total; i++) await exchange(gateway.port('web'), 'GET /raw/between HTTP/1.1\r\nHost: lab.test\r\n\r\n')
    expect(written).toBeLessThan(total)
    client.socket.resume()
    await client.until(() => client.received.length === total << 20, 'everything')
  })

  test('ws-drain: open sockets live until the drain limit, then 1001 or 1012', async () => {
    const draining = await startGateway(config(origin.port, '500ms'))
    const sockets = await Promise.all(Array.from({ length: 100 }, async () => upgraded(draining.port('web'))))
    const stopped = draining.stop()
    for (const client of sockets) client.send(frame(1, 'still', { masked: true }))
    await Promise.all(sockets.map(async (client) => client.until(() => client.received.length >= 11, 'the echo while draining')))
    await Promise.all(sockets.map(async (client) => client.ended()))
    for (const client of sockets) expect([closeFrame(1001), closeFrame(1012)]).toContain(client.received.slice(11))
    for (const client of sockets) client.end()
    await stopped
  })
})
