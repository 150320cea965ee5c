// A connection to an endpoint that is still being opened when nobody needs it any more.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw-client.ts'

/** Takes connections, and says nothing: a TLS handshake with it never ends. */
let silent: Server
let gateway: TestGateway
const dialled: Socket[] = []

beforeAll(async () => {
  silent = createServer((socket) => {
    dialled.push(socket)
    socket.on('error', () => {}).resume()
  })
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  gateway = await startGateway(`
listeners:
  web:   { port: 0 }
  tight: { port: 0, limits: { bodyTimeout: 100ms } }
services:
  silent: { endpoints: ['127.0.0.1:${(silent.address() as AddressInfo).port}'], tls: { verify: false }, connectTimeout: 60s }
routes:
  - { match: /**, to: silent, timeout: 60s, retry: { attempts: 1, on: [connect, reset, timeout] } }
`)
})
afterAll(async () => {
  await gateway?.stop()
  for (const socket of dialled) socket.destroy()
  silent?.close()
})

test.each([
  ['web', 'the client leaves', 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', 'client_closed'],
  ['tight', 'the body comes too slowly', 'PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc', 'request_timeout'],
] as const)('%s: when %s, no connection is opened for it', async (listener, _what, text, reason) => {
  const before = gateway.records.length
  dialled.length = 0
  const client = await RawClient.connect(gateway.port(listener))
  client.send(text)
  await expect.poll(() => dialled.length, { interval: 1 }).toBe(1)
  const closed = once(dialled[0] as Socket, 'close')
  if (listener === 'web') client.reset()
  await closed
  await expect.poll(() => gateway.records[before]?.reason, { interval: 1 }).toBe(reason)
  expect(dialled).toHaveLength(1)
  expect(gateway.plane?.live()).toMatchObject({ upstreamOpen: 0, requestsActive: 0 })
  client.destroy()
})
