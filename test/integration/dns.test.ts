// DNS over Node's own sockets: a double on loopback that answers as only a broken or hostile server would.
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { decode, type Packet } from 'dns-packet'
import { afterEach, expect, test } from 'vitest'
import { createAddresses } from '../../discovery/addresses.ts'
import { lookup, type Lookup } from '../../discovery/dns/resolve.ts'
import type { DnsServer } from '../../discovery/dns/transport.ts'
import { nodeDns } from '../../src/node/dns.ts'
import { nodePlatform } from '../../src/node/platform.ts'
import { addressRecord, written } from '../support/fake-dns.ts'

const QUESTION = { name: 'a.example', type: 'A' } as const
const platform = nodePlatform(() => {})
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Double {
  readonly server: DnsServer
  /** Ports the questions came from. */
  readonly ports: number[]
}

/** A server on one port of loopback: `udp` gives the datagrams to answer with, `tcp` does what it likes with a connection. */
async function double(udp: (query: Packet) => readonly Uint8Array[], tcp?: (socket: Socket, query: Packet) => void): Promise<Double> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes: Buffer) => tcp?.(socket, decode(bytes.subarray(2))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ports: number[] = []
  const socket: UdpSocket = createSocket('udp4')
  socket.on('message', (bytes, from) => {
    ports.push(from.port)
    for (const reply of udp(decode(bytes))) socket.send(reply, from.port, from.address)
  })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => {
    socket.close()
    server.close()
  })
  return { server: { host: '127.0.0.1', port }, ports }
}

const look = ({ server }: Pick<Double, 'server'>, signal = new AbortController().signal): Promise<Lookup> =>
  lookup({ platform, transport: nodeDns, addresses: createAddresses(['it']), servers: new Map([['it', server]]) }, QUESTION, {}, signal)

const good = (query: Packet, address = '10.0.0.1'): Uint8Array => written(query, { answers: [addressRecord('a.example', address)] }, 65_535)
const truncated = (query: Packet): Uint8Array => written(query, { answers: [addressRecord('a.example', '10.0.0.1')] }, 10)
const framed = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
const text = (found: Lookup): string => (found.kind === 'found' ? found.records.map((record) => ('address' in record ? record.address : '')).join(' ') : `${found.kind}: ${found.message}`)

test('an answer', async () => {
  expect(text(await look(await double((query) => [good(query)])))).toBe('10.0.0.1')
})

test('forged and broken datagrams before the answer are passed over', async () => {
  const forged = (query: Packet): Uint8Array[] => [
    new Uint8Array(0),
    Uint8Array.from({ length: 500 }, () => 0xff),
    good({ ...query, id: ((query.id ?? 0) + 1) & 0xffff }, '6.6.6.6'),
    good({ ...query, questions: [{ type: 'A', name: 'b.example', class: 'IN' }] }, '6.6.6.6'),
    good(query, '6.6.6.6').subarray(0, 30),
    good(query),
  ]
  expect(text(await look(await double(forged)))).toBe('10.0.0.1')
})

test('after 64 of them the server is given up', async () => {
  const found = await look(await double((query) => Array.from({ length: 70 }, () => good({ ...query, id: ((query.id ?? 0) + 1) & 0xffff }, '6.6.6.6'))))
  expect(text(found)).toMatch(/^failed: .*64 answers to other questions came; what came does not answer the question/)
})

test('each question comes from a port of its own', async () => {
  const it = await double((query) => [good(query)])
  for (let count = 0; count < 20; count++) await look(it)
  expect(new Set(it.ports).size).toBeGreaterThan(15)
})

test('a truncated answer is fetched by TCP, in whatever pieces it comes', async () => {
  const it = await double(
    (query) => [truncated(query)],
    (socket, query) => {
      socket.setNoDelay(true)
      const bytes = framed(good(query, '10.0.0.2'))
      const step = (at: number): void => void (at < bytes.length && socket.write(bytes.subarray(at, at + 1), () => setImmediate(step, at + 1)))
      step(0)
    },
  )
  expect(text(await look(it))).toBe('10.0.0.2')
})

test.each<[string, (socket: Socket, query: Packet) => void, RegExp]>([
  ['closes', (socket) => void socket.end(), /closed before the answer was whole/],
  ['closes in the middle', (socket, query) => void socket.end(framed(good(query)).subarray(0, 20)), /closed before the answer was whole/],
  ['resets', (socket) => void socket.resetAndDestroy(), /ECONNRESET/],
  ['sends no DNS', (socket) => void socket.end(framed(new Uint8Array(50).fill(255))), /cannot be read/],
  ['answers something else', (socket, query) => void socket.end(framed(good({ ...query, id: ((query.id ?? 0) + 1) & 0xffff }))), /does not answer the question/],
  ['truncates as well', (socket, query) => void socket.end(framed(truncated(query))), /does not fit into a DNS message/],
])('a server that by TCP %s gives no answer', async (_name, tcp, said) => {
  expect(text(await look(await double((query) => [truncated(query)], tcp)))).toMatch(said)
})

test('nobody on the port is known at once', async () => {
  const it = await double(() => [])
  closing.splice(0).forEach((close) => close())
  expect(text(await look(it))).toMatch(/ECONNREFUSED/)
})

test('a lookup that is stopped leaves no socket behind', async () => {
  const stop = new AbortController()
  const it = await double(() => [])
  const asked = look(it, stop.signal)
  stop.abort()
  expect(text(await asked)).toMatch(/^failed/)
})

test('the name servers of the system are addresses', () => {
  expect(nodeDns.servers().every((text) => /^[\d.:a-f[\]%\w]+$/.test(text))).toBe(true)
})
