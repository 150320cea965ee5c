// How long a tunnel lasts, in virtual time.
import { beforeEach, expect, test } from 'vitest'
import { HeaderList } from '../../../src/model/headers.ts'
import type { ListenerLimits } from '../../../src/model/listener-config.ts'
import type { Connection } from '../../../src/node/http1/connection.ts'
import type { ParsedResponse } from '../../../src/node/http1/response-parser.ts'
import { Response, type ResponseSource } from '../../../src/node/http1/response.ts'
import type { Sweep } from '../../../src/node/http1/sweep.ts'
import { Tunnel, type TunnelOwner } from '../../../src/node/http1/tunnel.ts'

const BYTES = Buffer.from('x')
/** One side as the tunnel writes to it: what waits is out when `flush` is called. */
class Side {
  backlog = 0
  open = true
  private readonly ends: (() => void)[] = []
  text(): boolean {
    return true
  }
  bytes(): boolean {
    return true
  }
  writeRaw(): boolean {
    return true
  }
  end(done: () => void): void {
    this.ends.push(done)
    if (this.backlog === 0) this.flush()
  }
  endRaw(done: () => void): void {
    this.end(done)
  }
  abort(): void {}
  pause(): void {}
  resume(): void {}
  flush(): void {
    this.backlog = 0
    for (const done of this.ends.splice(0)) done()
  }
}

let now = 0
let client: TunnelOwner & { gone: boolean; readonly wire: Side }
let endpoint: Side
let response: Response
let tunnel: Tunnel

/** Goes on by so many seconds, as the sweep does. */
function wait(seconds: number): void {
  for (const until = now + seconds * 1000; now < until; ) {
    now += 50
    if (client.deadline === 0 || now < client.deadline) continue
    client.deadline = 0
    tunnel.idle()
  }
}

beforeEach(() => {
  now = 1000
  endpoint = new Side()
  response = new Response(endpoint as ResponseSource, { status: 101, reason: '', headers: [], mode: 0, length: -1 } as unknown as ParsedResponse)
  client = Object.assign({ deadline: 0, gone: false, wire: new Side(), reply: { bytesOut: 0 } }, { pauseReading() {}, resumeReading() {}, destroy: () => void (client.gone = true) })
  const sweep = { after: (limit: number) => (limit === 0 ? 0 : now + limit) } as Sweep
  const limits = { tunnelTimeout: 3_600_000, bodyTimeout: 30_000 } as ListenerLimits
  tunnel = new Tunnel(client, response, { sweep, limits, onTunnel() {}, onTunnelIdle() {} } as unknown as Connection, 'raw')
  void tunnel.open({ status: 101, reason: '', headers: new HeaderList() }, undefined)
})

test('open on both sides, it has the idle time', () => {
  wait(3599)
  tunnel.fromClient(BYTES)
  wait(3599)
  expect(client.gone).toBe(false)
  wait(10)
  expect(client.gone).toBe(true)
})

test.each<[string, () => void, () => void]>([
  ['the client', () => tunnel.clientEnded(), () => response.push(BYTES)],
  ['the endpoint', () => response.end(''), () => tunnel.fromClient(BYTES)],
])('after %s has ended its direction, it lasts as long as the other one sends', (_who, end, send) => {
  end()
  for (let i = 0; i < 20; i++) {
    wait(4)
    send()
  }
  expect(client.gone).toBe(false)
  wait(5)
  expect(client.gone).toBe(true)
})

test.each<[string, () => Side, () => void, () => void]>([
  ['the client', () => client.wire, () => response.end(''), () => tunnel.clientEnded()],
  ['the endpoint', () => endpoint, () => tunnel.clientEnded(), () => response.end('')],
])('what waits for %s when the other side ends has the time of a body, also when both have ended', (_who, side, end, endToo) => {
  side().backlog = 100_000
  end()
  endToo()
  wait(29)
  expect(client.gone).toBe(false)
  side().flush()
  expect(client.gone).toBe(true)
})

test('a reader that takes nothing of it is left after the time of a body', () => {
  client.wire.backlog = 100_000
  response.end('')
  wait(30)
  expect(client.gone).toBe(true)
})

test('both sides ended, and nothing waits: over', () => {
  tunnel.clientEnded()
  response.end('')
  expect(client.gone).toBe(true)
})

test('told to go away, it goes, whatever is still sent', () => {
  tunnel.goAway()
  for (let i = 0; i < 4; i++) {
    wait(1)
    tunnel.fromClient(BYTES)
    response.push(BYTES)
  }
  wait(1)
  expect(client.gone).toBe(true)
})

test('an endpoint that is gone is sent nothing', () => {
  response.end('')
  endpoint.open = false
  tunnel.fromClient(BYTES)
  expect(client.gone).toBe(true)
})
