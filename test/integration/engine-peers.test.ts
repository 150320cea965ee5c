// Who the client is: PROXY protocol in and out, forwarding headers, and the id of a request.
import { once } from 'node:events'
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient } from '../support/raw-client.ts'

const TLS = new URL('../fixtures/tls/engine/', import.meta.url).pathname
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const V2_4 = `${SIGNATURE}\x21\x11\0\x0c\xc0\0\x02\x07\x7f\0\0\x01\x12\x34\0\x50`
const V2_6 = `${SIGNATURE}\x21\x21\0\x24\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01${'\0'.repeat(15)}\x01\x12\x34\0\x50`
const MAPPED = `${'\0'.repeat(10)}\xff\xff`
let origin: Origin
let gateway: TestGateway
let greeting = ''
const recorder = createServer((socket) => {
  let all = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    all += chunk.toString('latin1')
    if (!all.endsWith('\r\n\r\n') || !all.includes('HTTP/1.1')) return
    greeting = all
    all = ''
    socket.write(response('200 OK', ''))
  })
})

beforeAll(async () => {
  origin = await startOrigin()
  recorder.listen(0, '127.0.0.1')
  await once(recorder, 'listening')
  const address = `'127.0.0.1:${(recorder.address() as AddressInfo).port}'`
  gateway = await startGateway(`
listeners:
  proxied: { port: 0, trustedProxies: [127.0.0.1, 10.0.0.0/8, 'fd00::/8'], proxyProtocol: true, limits: { headTimeout: 1500ms } }
  secure:  { port: 0, trustedProxies: [127.0.0.1], proxyProtocol: true, tls: { cert: ${TLS}alpha.pem, key: ${TLS}alpha-key.pem } }
  wary:    { port: 0, trustedProxies: [10.0.0.0/8], proxyProtocol: true }
  trusting: { port: 0, trustedProxies: [127.0.0.1, 10.0.0.0/8, 'fd00::/8'] }
  plain:   { port: 0 }
services:
  v1: { endpoints: [${address}], proxyProtocol: v1 }
  v2: { endpoints: [${address}], proxyProtocol: v2 }
routes:
  - { name: known, match: { path: /who, source: [192.0.2.0/24] }, respond: { status: 200, body: known } }
  - { match: 'moved.test/**', redirect: '{scheme}://new.test/{**}' }
  - { match: /v1, to: v1 }
  - { match: /v2, to: v2 }
  - { match: /**, to: 'http://127.0.0.1:${origin.port}' }
`)
})
beforeEach(() => origin.clear())
afterAll(async () => {
  await gateway?.stop()
  await origin?.stop()
  recorder.close()
})

const field = (name: string): string | undefined => valuesOf(origin.requests[0]?.fields ?? [], name)[0]

const HEADERS: [string, string, string | undefined][] = [
  ['v1 over IPv4', 'PROXY TCP4 192.0.2.7 127.0.0.1 4660 80\r\n', '192.0.2.7'],
  ['v1 over IPv6', 'PROXY TCP6 2001:db8::1 ::1 4660 80\r\n', '2001:db8::1'],
  ['v1 unknown', 'PROXY UNKNOWN\r\n', '127.0.0.1'],
  ['v2 over IPv4', V2_4, '192.0.2.7'],
  ['v2 over IPv6', V2_6, '2001:db8::1'],
  // What a proxy sends that listens for both families on one socket.
  ['v1 over IPv6, from IPv4', 'PROXY TCP6 ::ffff:192.0.2.7 ::ffff:127.0.0.1 4660 80\r\n', '192.0.2.7'],
  ['v2 over IPv6, from IPv4', `${SIGNATURE}\x21\x21\0\x24${MAPPED}\xc0\0\x02\x07${MAPPED}\x7f\0\0\x01\x12\x34\0\x50`, '192.0.2.7'],
  ['v2 local', `${SIGNATURE}\x20\0\0\0`, '127.0.0.1'],
  ['v2 with more to it', `${V2_4.slice(0, 14)}\0\x10${V2_4.slice(16)}\x04\0\x01x`, '192.0.2.7'],
  ['none', '', undefined],
  ['garbage', 'PROXY TCP4 nobody\r\n', undefined],
  ['an address out of range', 'PROXY TCP4 999.0.0.1 1.1.1.1 1 2\r\n', undefined],
  ['a line without end', 'PROXY TCP4 '.padEnd(200, '1'), undefined],
  ['v2 of version 3', `${SIGNATURE}\x31\x11\0\x0c${'\0'.repeat(12)}`, undefined],
  ['v2 too short for its family', `${SIGNATURE}\x21\x11\0\x04${'\0'.repeat(4)}`, undefined],
]

test.each(HEADERS.flatMap(([name, bytes, from]) => [[name, 'whole', bytes, from], [name, 'apart', bytes, from], [name, 'byte by byte', bytes, from]] as const))('PROXY header: %s, %s', async (_name, how, bytes, from) => {
  const client = await RawClient.connect(gateway.port('proxied'))
  if (how === 'whole') client.send(bytes + GET)
  else await client.sendParts(how === 'apart' ? [bytes, GET] : [...bytes, GET])
  const { responses } = await client.answers(1)
  expect(responses[0]?.status).toBe(from === undefined ? undefined : 200)
  expect(field('x-forwarded-for')).toBe(from)
  client.destroy()
})

test.each(['whole', 'apart'])('PROXY header before TLS, %s', async (how) => {
  // A proxy in the middle, which sends its header with the first bytes of the handshake or ahead of them.
  const proxy = createServer(async (from) => {
    const to = connectTcp({ port: gateway.port('secure'), host: '127.0.0.1', noDelay: true })
    to.on('error', () => {})
    from.on('error', () => {})
    to.on('close', () => from.destroy())
    from.on('close', () => to.destroy())
    await once(to, 'connect')
    if (how === 'apart') await new Promise((resolve) => to.write(V2_4, 'latin1', () => setImmediate(resolve)))
    from.once('data', (first: Buffer) => {
      to.write(how === 'apart' ? first : Buffer.concat([Buffer.from(V2_4, 'latin1'), first]))
      from.pipe(to)
    })
    to.pipe(from)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const socket = connect({ port: (proxy.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const client = new RawClient(socket)
  client.send(GET.replace(' / ', ' /who '))
  expect((await client.answers(1)).responses[0]?.body).toBe('known')
  client.destroy()
  proxy.close()
})

test('a PROXY header from a peer that is not trusted is a malformed request', async () => {
  const { responses } = await exchange(gateway.port('wary'), `PROXY TCP4 192.0.2.7 127.0.0.1 4660 80\r\n${GET}`)
  expect(responses[0]?.status).toBe(400)
  expect(origin.requests).toEqual([])
  expect((await exchange(gateway.port('wary'), GET)).responses[0]?.status).toBe(200)
})

test('the PROXY header of the client goes out before each request of its own connection', async () => {
  for (let i = 0; i < 2; i++) {
    await exchange(gateway.port('proxied'), `PROXY TCP4 192.0.2.${i} 127.0.0.1 4660 80\r\n${GET.replace(' / ', ' /v1 ')}`)
    expect(greeting).toMatch(new RegExp(`^PROXY TCP4 192\\.0\\.2\\.${i} 127\\.0\\.0\\.1 4660 ${gateway.port('proxied')}\r\nGET /v1 `))
  }
  await exchange(gateway.port('proxied'), V2_4 + GET.replace(' / ', ' /v2 '))
  expect(greeting.slice(0, 26)).toBe(V2_4.slice(0, 26))
  await exchange(gateway.port('proxied'), V2_6 + GET.replace(' / ', ' /v1 '))
  expect(greeting.startsWith('PROXY UNKNOWN\r\nGET')).toBe(true)
})

test.each([
  ['trusting', 'X-Forwarded-Proto: https', 'https'],
  ['trusting', 'X-Forwarded-Proto: HTTPS', 'https'],
  ['trusting', 'X-Forwarded-Proto: wss', 'https'],
  ['trusting', 'X-Forwarded-Proto: http, https', 'https'],
  ['trusting', 'X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http', 'http'],
  ['trusting', 'Forwarded: for=192.0.2.1;proto=http, for=192.0.2.9;proto="https"', 'https'],
  ['trusting', 'X-Forwarded-Proto: http\r\nForwarded: proto=https', 'http'],
  ['trusting', 'X-Forwarded-Proto: gopher', 'http'],
  ['trusting', 'X-Forwarded-For: 192.0.2.9', 'http'],
  ['plain', 'X-Forwarded-Proto: https', 'http'],
])('the scheme of a redirect is the one in which the client asked: %s, %s', async (listener, lines, scheme) => {
  const { responses } = await exchange(gateway.port(listener), `GET /a HTTP/1.1\r\nHost: moved.test\r\n${lines}\r\n\r\n`)
  expect(valuesOf(responses[0]?.fields ?? [], 'location')).toEqual([`${scheme}://new.test/a`])
})

test('a hop adds the scheme of its own connection to Forwarded, and passes on that of the client', async () => {
  await exchange(gateway.port('trusting'), GET.replace('\r\n\r\n', '\r\nForwarded: for=192.0.2.9;proto=https\r\n\r\n'))
  expect(field('x-forwarded-proto')).toBe('https')
  expect(field('forwarded')).toMatch(/^for=192\.0\.2\.9;proto=https, for=127\.0\.0\.1;proto=http;host=/)
})

test('the host is in the form of the connection that it came over', async () => {
  await exchange(gateway.port('trusting'), 'GET /a HTTP/1.1\r\nHost: a.test:80\r\nX-Forwarded-Proto: https\r\n\r\n')
  expect([field('host'), field('x-forwarded-proto')]).toEqual(['a.test', 'https'])
})

test.each([
  ['X-Forwarded-For: 192.0.2.9', '192.0.2.9'],
  ['X-Forwarded-For: 192.0.2.1, 192.0.2.9, 10.0.0.1', '192.0.2.9'],
  ['X-Forwarded-For: 192.0.2.9:1234', '192.0.2.9'],
  ['X-Forwarded-For: [2001:db8::5]:443, fd00::1', '2001:db8::5'],
  ['X-Forwarded-For: ::ffff:192.0.2.9', '192.0.2.9'],
  ['X-Forwarded-For: 192.0.2.9, junk, 10.0.0.1', '10.0.0.1'],
  ['X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.9', '192.0.2.9'],
  ['Forwarded: for=192.0.2.1, for="[2001:db8::5]:99";proto=https', '2001:db8::5'],
  ['Forwarded: for=192.0.2.9, for=_hidden', '127.0.0.1'],
  ['Accept: */*', '127.0.0.1'],
])('%s, from a trusted proxy: %s', async (lines, client) => {
  const before = gateway.records.length
  await exchange(gateway.port('trusting'), GET.replace('\r\n\r\n', `\r\n${lines}\r\n\r\n`))
  await expect.poll(() => gateway.records.length, { interval: 1 }).toBe(before + 1)
  expect(gateway.records[before]?.client).toBe(client)
  const sent = /^X-Forwarded-For: (.*)$/ims.exec(lines)?.[1]?.split(/\r\nX-Forwarded-For: /i).join(', ')
  expect(field('x-forwarded-for')).toBe(sent === undefined ? '127.0.0.1' : `${sent}, 127.0.0.1`)
})

test.each([
  ['trusting', 'mine-1', true],
  ['plain', 'mine-1', true],
  ['plain', 'no good', false],
  ['plain', 'x'.repeat(200), false],
])('on %s, the request id %s is kept: %s', async (listener, id, kept) => {
  await exchange(gateway.port(listener), GET.replace('\r\n\r\n', `\r\nX-Request-Id: ${id}\r\n\r\n`))
  expect(field('x-request-id') === id).toBe(kept)
  expect(field('x-request-id')).toMatch(/^[\w.-]+$/)
})

test('an untrusted peer cannot say who it is', async () => {
  await exchange(gateway.port('plain'), GET.replace('\r\n\r\n', '\r\nX-Forwarded-For: 192.0.2.9\r\nForwarded: for=192.0.2.9\r\n\r\n'))
  expect([field('x-forwarded-for'), field('forwarded')]).toEqual(['127.0.0.1', undefined])
})

test('connections from before the service asked for a PROXY header carry no request after it, and none of the later ones serves two clients', async () => {
  const table = (proxyProtocol: string): string => `
listen: 0
services: { words: { endpoints: ['127.0.0.1:${(recorder.address() as AddressInfo).port}']${proxyProtocol} } }
routes: [{ match: /**, to: words }]
`
  const own = await startGateway(table(''))
  const ask = async (): Promise<string> => {
    await exchange(own.port(), GET)
    return greeting
  }
  expect(await ask()).toMatch(/^GET/)
  const { config } = parseConfig(table(', proxyProtocol: v1'), { file: 'test.yaml', env: {}, adapters: [] })
  if (config === undefined) throw new Error('the changed table does not parse')
  own.plane?.useTable(config.table, { number: 2, hash: 'test', origin: 'test', at: 0 })
  expect(await ask()).toMatch(/^PROXY TCP4/)
  expect(await ask()).toMatch(/^PROXY TCP4/)
  await own.stop()
})
