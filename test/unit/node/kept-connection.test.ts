// How a client connection ends between requests, in virtual time: an answer that is still on its way to a slow client goes out first.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { beforeEach, expect, test } from 'vitest'
import type { GatewayError } from '../../../src/model/error.ts'
import { HeaderList } from '../../../src/model/headers.ts'
import type { ListenerLimits } from '../../../src/model/listener-config.ts'
import type { ClientExchange } from '../../../src/node/http1/client-exchange.ts'
import type { Connection } from '../../../src/node/http1/connection.ts'
import { Downstream } from '../../../src/node/http1/downstream.ts'
import { BY_LENGTH } from '../../../src/node/http1/framing.ts'
import type { ParsedResponse } from '../../../src/node/http1/response-parser.ts'
import { Response } from '../../../src/node/http1/response.ts'
import type { Sweep } from '../../../src/node/http1/sweep.ts'
import { sendTo, SweptTime } from '../../support/timed-client.ts'

const LIMITS: ListenerLimits = { headTimeout: 10_000, idleTimeout: 60_000, bodyTimeout: 30_000, bodyRate: 240, tunnelTimeout: 3_600_000, lineBytes: 16_384, headBytes: 65_536, headerCount: 100, bodyBytes: 0, requestsPerConnection: 0, connections: 10 }
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'

/** A client that has not taken what was written until `flush`. */
class SlowSocket extends EventEmitter {
  writableLength = 0
  written = ''
  destroyed = false
  private ended: (() => void) | undefined
  write(data: Buffer | string): boolean {
    this.written += data.toString('latin1')
    this.writableLength += data.length
    return true
  }
  end(done: () => void): void {
    this.ended = done
    if (this.writableLength === 0) this.flush()
  }
  flush(): void {
    this.writableLength = 0
    this.ended?.()
  }
  get writableFinished(): boolean {
    return this.ended !== undefined && this.writableLength === 0
  }
  isPaused(): boolean {
    return false
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  destroy(): void {
    this.destroyed = true
  }
}

let time: SweptTime
let socket: SlowSocket
let client: Downstream
let refused: string[]
let defects: unknown[]
let serve: (exchange: ClientExchange) => Promise<void>

const send = (text: string): void => sendTo(client, text)

const wait = (seconds: number): void => void time.pass(client, seconds)

beforeEach(() => {
  time = new SweptTime()
  socket = new SlowSocket()
  refused = []
  defects = []
  serve = (exchange) => exchange.respond({ status: 200, reason: 'OK', headers: new HeaderList() }, 'an answer')
  const sweep = { after: (limit: number) => time.now + limit, add() {}, remove() {}, endDefective: (member: Downstream, defect: unknown) => {
    defects.push(defect)
    member.destroy()
  }, get now() {
    return time.now
  } } as unknown as Sweep
  const connection = {
    sweep, limits: LIMITS, scheme: 'http', trustedPeer: false, peerAddress: '', open: true,
    now: () => time.now,
    headOf: () => ({}),
    isLast: () => false,
    serve: (exchange: ClientExchange) => serve(exchange),
    onRefused: (error: GatewayError) => refused.push(error.reason),
    onTunnel() {}, onTunnelIdle() {}, onClosed() {},
  } as unknown as Connection
  client = new Downstream(socket as unknown as Socket, connection)
})

test.each<[string, () => void]>([
  ['ends its direction', () => client.onEnd()],
  ['ends its direction within a next head', () => {
    send('GET /')
    client.onEnd()
  }],
  ['asks nothing for the idle time', () => wait(61)],
  ['is told that the gateway drains', () => client.drain()],
])('a client that %s still gets all of the answer before', (_what, leave) => {
  send(GET)
  leave()
  expect(socket.destroyed).toBe(false)
  socket.flush()
  wait(2)
  expect(socket.destroyed).toBe(true)
  expect(socket.written.endsWith('an answer')).toBe(true)
})

test('it has the time of a body to take it', () => {
  send(GET)
  client.onEnd()
  wait(29)
  expect(socket.destroyed).toBe(false)
  wait(2)
  expect(socket.destroyed).toBe(true)
})

test('with nothing on its way, the end of a client is the end of its connection', () => {
  send(GET)
  socket.flush()
  client.onEnd()
  expect(socket.destroyed).toBe(true)
})

test('a defect while an answer is written ends its connection, and is told', () => {
  socket.write = () => {
    throw new Error('a defect')
  }
  send(GET)
  expect([socket.destroyed, defects.map(String)]).toEqual([true, ['Error: a defect']])
})

test('a defect while an answer of an endpoint is written does, too', () => {
  let exchange: ClientExchange | undefined
  serve = async (served) => void (exchange = served)
  send(GET)
  socket.write = () => {
    throw new Error('a defect')
  }
  const response = new Response({ pause() {}, resume() {}, abort() {}, writeRaw: () => true, endRaw() {}, open: true, backlog: 0 }, { status: 200, reason: 'OK', headers: new HeaderList(), mode: BY_LENGTH, length: 3 } as unknown as ParsedResponse)
  expect(() => exchange?.relay(response, response, undefined)).toThrow('a defect')
  expect([socket.destroyed, defects.map(String)]).toEqual([true, ['Error: a defect']])
})

test.each(['\r\n', '\r', '\r\n\r\n', '\r\n\r'])('empty lines behind a request begin no head: %j', (line) => {
  send(GET)
  socket.flush()
  const { written } = socket
  send(line)
  wait(59)
  expect(socket.destroyed).toBe(false)
  wait(2)
  expect([socket.destroyed, refused]).toEqual([true, []])
  expect(socket.written).toBe(written)
})

test('the head behind an empty line has its time from its own first byte on', () => {
  send('\r\n')
  wait(8)
  send('GET / HT')
  wait(9)
  expect(socket.written).toBe('')
  wait(2)
  expect(refused).toEqual(['request_timeout'])
})
