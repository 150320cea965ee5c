// How long the body of a request may take, in virtual time: 30 s behind 240 bytes a second.
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

class FakeSocket extends EventEmitter {
  writableLength = 0
  written = ''
  paused = false
  write(data: Buffer | string): boolean {
    this.written += typeof data === 'string' ? data : data.toString('latin1')
    return true
  }
  cork(): void {}
  uncork(): void {}
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
  isPaused(): boolean {
    return this.paused
  }
  end(): void {}
  destroy(): void {}
}

let time: SweptTime
let limits: ListenerLimits
let socket: FakeSocket
let client: Downstream
let exchange: ClientExchange
/** The reason for which the body was given up. */
let ended: string | undefined
let takes: boolean

/** Starts a request, whose body goes to an endpoint that takes it while `takes` is set. */
function start(fields: string): void {
  const sweep = { after: (limit: number) => (limit === 0 ? 0 : time.now + limit), add() {}, remove() {}, get now() {
    return time.now
  } } as unknown as Sweep
  const connection = {
    sweep, limits, scheme: 'http', trustedPeer: false, peerAddress: '', open: true,
    now: () => time.now,
    headOf: () => ({}),
    isLast: () => false,
    serve: (served: ClientExchange) => {
      exchange = served
      exchange.whenGone((error?: GatewayError) => (ended = error?.reason ?? 'gone'))
      exchange.upload.body?.attach({ writeBody: () => takes, endBody: () => (ended = 'whole') })
    },
    onRefused() {}, onTunnel() {}, onTunnelIdle() {}, onClosed() {},
  } as unknown as Connection
  client = new Downstream(socket as unknown as Socket, connection)
  send(`POST / HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`)
}

const send = (text: string): void => sendTo(client, text)

/** Goes on by so many seconds; false when the request was given up meanwhile. */
const wait = (seconds: number): boolean => time.pass(client, seconds, () => ended !== undefined)

/** Seconds for which a client that sends this each so many seconds is served, at most ten minutes. */
function lasts(every: number, piece: () => string): number {
  const from = time.now
  while (time.now - from < 600_000 && wait(every)) send(piece())
  return (time.now - from) / 1000
}

beforeEach(() => {
  time = new SweptTime()
  limits = LIMITS
  socket = new FakeSocket()
  ended = undefined
  takes = true
})

const BY_LENGTH_FIELD = 'Content-Length: 1000000\r\n'
const CHUNKED_FIELD = 'Transfer-Encoding: chunked\r\n'

test.each([
  ['a body by length', BY_LENGTH_FIELD, ''],
  ['the extension of a chunk', CHUNKED_FIELD, '5;'],
  ['a trailer', CHUNKED_FIELD, '1\r\na\r\n0\r\nx-a: '],
])('%s that only drips is given up', (_what, fields, begin) => {
  start(fields)
  send(begin)
  expect(lasts(29, () => 'x')).toBeLessThan(32)
  expect(ended).toBe('request_timeout')
})

test('chunks of a byte each are counted by their data', () => {
  start(CHUNKED_FIELD)
  expect(lasts(1, () => `1;${'x'.repeat(300)}\r\nx\r\n`)).toBeLessThan(32)
  expect(ended).toBe('request_timeout')
})

test.each([
  ['each second', 1, 240],
  ['each 25 seconds', 25, 6000],
  ['fast, then for 29 s nothing', 29, 100_000],
])('an upload at the least rate, %s, lasts as long as it takes', (_how, every, bytes) => {
  start('Content-Length: 100000000\r\n')
  expect(lasts(every, () => 'x'.repeat(bytes))).toBeGreaterThanOrEqual(600)
  expect(ended).toBeUndefined()
})

test('what came fast before buys no more than the time of a first byte', () => {
  start('Content-Length: 100000000\r\n')
  send('x'.repeat(1_000_000))
  expect(wait(29)).toBe(true)
  expect(wait(2)).toBe(false)
})

test('time in which the endpoint takes no more is not the time of the client', () => {
  start(BY_LENGTH_FIELD)
  wait(25)
  takes = false
  send('x')
  expect(socket.paused).toBe(true)
  expect(wait(25)).toBe(true)
  exchange.upload.body?.resume()
  takes = true
  expect(wait(25)).toBe(true)
  expect(wait(6)).toBe(false)
  expect(ended).toBe('request_timeout')
})

test('an endpoint that takes nothing for as long is given up', () => {
  start(BY_LENGTH_FIELD)
  takes = false
  send('x')
  wait(31)
  expect(ended).toBe('upstream_timeout')
})

test.each<[string, Partial<ListenerLimits>, number]>([
  ['no rate', { bodyRate: 0 }, 600],
  ['no time', { bodyTimeout: 0 }, 600],
  ['half the rate', { bodyRate: 120 }, 60],
])('with %s', (_what, changed, seconds) => {
  limits = { ...LIMITS, ...changed }
  start(BY_LENGTH_FIELD)
  // 60 bytes a second.
  const lasted = lasts(1, () => 'x'.repeat(60))
  expect(lasted).toBeGreaterThanOrEqual(seconds - 2)
  expect(lasted).toBeLessThanOrEqual(seconds + 2)
})

test('with no rate, framing alone gives no time', () => {
  limits = { ...LIMITS, bodyRate: 0 }
  start(CHUNKED_FIELD)
  send('5;')
  expect(lasts(29, () => 'x')).toBeLessThan(32)
})

test('a client that waits for 100 Continue is not late before it has it', () => {
  start(`${BY_LENGTH_FIELD}Expect: 100-continue\r\n`)
  expect(wait(300)).toBe(true)
  exchange.relayInterim({ status: 100, reason: '', headers: new HeaderList() } as unknown as ParsedResponse)
  expect(socket.written).toBe('HTTP/1.1 100 Continue\r\n\r\n')
  expect(wait(29)).toBe(true)
  expect(wait(2)).toBe(false)
  expect(ended).toBe('request_timeout')
})

test('one that does not wait for it has the time of any other from its first byte on', () => {
  start(`${BY_LENGTH_FIELD}Expect: 100-continue\r\n`)
  wait(300)
  send('x')
  expect(wait(29)).toBe(true)
  expect(wait(2)).toBe(false)
})

test.each(['', 'Expect: 100-continue\r\n'])('once a final answer is on its way, the body may stay away: %s', (expects) => {
  start(`${BY_LENGTH_FIELD}${expects}`)
  if (expects === '') send('part')
  const response = new Response({ pause() {}, resume() {}, abort() {}, writeRaw: () => true, endRaw() {}, open: true, backlog: 0 }, { status: 200, reason: 'OK', headers: new HeaderList(), mode: BY_LENGTH, length: 3 } as unknown as ParsedResponse)
  void exchange.relay(response, { status: 200, reason: 'OK', headers: new HeaderList() }, undefined)
  for (const byte of '123') {
    expect(wait(25)).toBe(true)
    if (expects === '' && byte === '1') send('more')
    response.push(Buffer.from(byte))
  }
  response.end('')
  expect(socket.written.slice(-7)).toBe('\r\n\r\n123')
})
