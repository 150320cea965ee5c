// TLS on both sides over real sockets: certificates by name and their reload, client certificates, endpoints that prove or do not prove who they are.
import { once } from 'node:events'
import { copyFile, rename, utimes, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { connect as tcpConnect } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { valuesOf } from '../support/http1.ts'
import { type Origin, response, startOrigin } from '../support/origin.ts'
import { exchange, RawClient, type Reading } from '../support/raw-client.ts'
import { makeTempDirectory } from '../support/temp.ts'

const FIXTURES = new URL('../fixtures/tls/engine/', import.meta.url).pathname
const pem = (name: string): Buffer => readFileSync(join(FIXTURES, `${name}.pem`))
const identity = (name: string): { cert: Buffer; key: Buffer } => ({ cert: pem(name), key: pem(`${name}-key`) })
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const CHANGED = 4000

async function secure(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: pem('ca'), rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** Name in the certificate that the listener shows. */
async function shown(port: number, options: ConnectionOptions): Promise<string> {
  const socket = await secure(port, options)
  const name = String(socket.getPeerCertificate().subject.CN)
  socket.destroy()
  return name
}

/** One request over TLS; the connection may also be refused after the handshake, as TLS 1.3 does with client certificates. */
async function ask(port: number, options: ConnectionOptions): Promise<Reading | 'refused'> {
  try {
    const client = new RawClient(await secure(port, options))
    client.send(GET)
    const reading = await client.answers(1)
    client.destroy()
    return reading.responses.length === 0 ? 'refused' : reading
  } catch {
    return 'refused'
  }
}

describe('listeners', () => {
  let gateway: TestGateway
  let origin: Origin
  let directory: string
  let remove: () => Promise<void>

  beforeAll(async () => {
    ;({ directory, remove } = await makeTempDirectory())
    await copyFile(join(FIXTURES, 'alpha.pem'), join(directory, 'live.pem'))
    await copyFile(join(FIXTURES, 'alpha-key.pem'), join(directory, 'live-key.pem'))
    origin = await startOrigin()
    const both = `certificates: [ { cert: ${FIXTURES}alpha.pem, key: ${FIXTURES}alpha-key.pem }, { cert: ${FIXTURES}beta.pem, key: ${FIXTURES}beta-key.pem } ]`
    gateway = await startGateway(`
listeners:
  named:    { port: 0, tls: { ${both} } }
  hasty:    { port: 0, tls: { ${both} }, limits: { headTimeout: 1s } }
  modern:   { port: 0, tls: { ${both}, minVersion: TLSv1.3 } }
  required: { port: 0, tls: { ${both}, clientCa: ${FIXTURES}ca.pem } }
  optional: { port: 0, tls: { ${both}, clientCa: ${FIXTURES}ca.pem, requireClientCert: false } }
  live:     { port: 0, tls: { cert: ${directory}/live.pem, key: ${directory}/live-key.pem } }
  brief:    { port: 0, tls: { ${both} }, limits: { bodyTimeout: 200ms } }
callers: { simon: { spiffe: spiffe://dc1/svc/simon } }
routes:
  - { name: simons, match: { path: /**, source: [simon] }, respond: { status: 200, body: simon } }
  - { name: rest, match: /**, to: 'http://127.0.0.1:${origin.port}' }
`)
  })
  afterAll(async () => {
    await gateway?.stop()
    await origin?.stop()
    await remove?.()
  })

  test.each([
    ['no name', {}, 'alpha'],
    ['an unknown name', { servername: 'nobody.test' }, 'alpha'],
    ['the second', { servername: 'beta.test' }, 'beta'],
    ['the second in capitals', { servername: 'BETA.test' }, 'beta'],
    ['a wildcard', { servername: 'x.wild.test' }, 'beta'],
    ['two labels under a wildcard', { servername: 'y.x.wild.test' }, 'alpha'],
  ])('%s gets the certificate %s', async (_what, options, name) => {
    expect(await shown(gateway.port('named'), options)).toBe(name)
  })

  test.each([
    ['http/1.1', ['http/1.1'], 'http/1.1'],
    ['h2 and http/1.1', ['h2', 'http/1.1'], 'http/1.1'],
    ['nothing', [], false],
    ['h2 alone', ['h2'], undefined],
  ])('ALPN with %s', async (_what, protocols, chosen) => {
    const attempt = secure(gateway.port('named'), { ALPNProtocols: protocols })
    if (chosen === undefined) return expect(attempt).rejects.toThrow(/no application protocol/)
    const socket = await attempt
    expect(socket.alpnProtocol).toBe(chosen)
    socket.destroy()
    return undefined
  })

  test('minVersion refuses an older client', async () => {
    await expect(secure(gateway.port('modern'), { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
    const socket = await secure(gateway.port('modern'))
    expect(socket.getProtocol()).toBe('TLSv1.3')
    socket.destroy()
  })

  test.each([
    ['required', undefined, 'refused'],
    ['required', 'client', 'simon'],
    ['required', 'stranger', 'refused'],
    ['required', 'forger', 'origin'],
    ['optional', undefined, 'origin'],
    ['optional', 'client', 'simon'],
    ['optional', 'stranger', 'origin'],
    ['named', 'client', 'origin'],
  ])('client certificates %s, with %s: %s', async (listener, name, outcome) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      origin.clear()
      const reading = await ask(gateway.port(listener), { maxVersion, ...(name === undefined ? {} : identity(name)) })
      if (outcome === 'refused') expect(reading).toBe('refused')
      else expect(reading !== 'refused' && reading.responses[0]?.body === 'simon' ? 'simon' : origin.requests.length === 1 ? 'origin' : 'neither').toBe(outcome)
    }
  })

  test('a request over TLS says so to the endpoint', async () => {
    origin.clear()
    await ask(gateway.port('named'), {})
    expect(valuesOf(origin.requests[0]?.fields ?? [], 'x-forwarded-proto')).toEqual(['https'])
    expect(valuesOf(origin.requests[0]?.fields ?? [], 'x-forwarded-for')).toEqual(['127.0.0.1'])
  })

  test.each([
    ['plain HTTP', GET],
    ['noise', '\x16\x03\x01\xff\xff' + 'z'.repeat(300)],
    ['a record cut short', '\x16\x03\x01\x02'],
    ['nothing', ''],
  ])('%s instead of a handshake ends the connection alone', async (_what, bytes) => {
    const socket = tcpConnect({ port: gateway.port('hasty'), host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'connect')
    const closed = once(socket, 'close')
    socket.end(bytes, 'latin1')
    await closed
    expect(await shown(gateway.port('hasty'), {})).toBe('alpha')
  })

  test('an answer that only the close can end is reset when its HTTP/1.0 client reads none of it', async () => {
    origin.clear()
    origin.script = () => ({ bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', next: 'silent' })
    const before = gateway.records.length
    const client = new RawClient(await secure(gateway.port('brief')))
    client.send('GET / HTTP/1.0\r\nHost: a.test\r\n\r\n')
    await client.until(() => client.received.includes('\r\n\r\n'), 'the head')
    client.socket.pause()
    // More than the sockets on the way hold.
    const piece = `100000\r\n${'z'.repeat(0x100000)}\r\n`
    for (let i = 0; i < 40; i++) origin.connections[0]?.socket.write(piece)
    await expect.poll(() => gateway.records.length, { interval: 5 }).toBe(before + 1)
    expect(gateway.records[before]).toMatchObject({ status: 200, reason: 'client_closed' })
    client.socket.resume()
    await client.ended()
    expect(client.closed).toBe('reset')
    origin.script = () => undefined
    expect(await ask(gateway.port('brief'), {})).toMatchObject({ responses: [{ status: 200 }] })
  })

  test('changed files are taken, broken ones are not', async () => {
    const port = gateway.port('live')
    const put = async (cert: string | Buffer, key: Buffer): Promise<void> => {
      await writeFile(join(directory, 'new-key.pem'), key)
      await writeFile(join(directory, 'new.pem'), cert)
      await rename(join(directory, 'new-key.pem'), join(directory, 'live-key.pem'))
      await rename(join(directory, 'new.pem'), join(directory, 'live.pem'))
    }
    const logged = (text: string): boolean => gateway.logs.some((line) => line.includes(text))
    expect(await shown(port, {})).toBe('alpha')
    const kept = new RawClient(await secure(port))
    await put('broken', pem('beta-key'))
    await expect.poll(() => logged('cannot be used'), { timeout: CHANGED, interval: 20 }).toBe(true)
    expect(await shown(port, {})).toBe('alpha')
    await put(pem('renewed'), pem('renewed-key'))
    await expect.poll(() => shown(port, {}), { timeout: CHANGED, interval: 50 }).toBe('renewed')
    expect(await shown(port, { servername: 'renewed.test' })).toBe('renewed')
    kept.send(GET)
    expect((await kept.answers(1)).responses[0]?.status).toBe(200)
    kept.destroy()
  })

  test('files that were refused are tried again, although nothing about them seems to change', async () => {
    // As when a key gets its rights back. Here both have one size and one time, since whoever runs the tests may read everything.
    const put = async (content: Buffer): Promise<void> => {
      await writeFile(join(directory, 'again.pem'), content)
      await utimes(join(directory, 'again.pem'), 1_700_000_000, 1_700_000_000)
    }
    await copyFile(join(FIXTURES, 'alpha-key.pem'), join(directory, 'again-key.pem'))
    await put(pem('alpha'))
    const own = await startGateway(`
listeners: { only: { port: 0, tls: { cert: ${directory}/again.pem, key: ${directory}/again-key.pem } } }
routes: [ { match: /**, respond: { status: 200 } } ]
`)
    await put(Buffer.alloc(pem('renewed').length, 'x'))
    await copyFile(join(FIXTURES, 'renewed-key.pem'), join(directory, 'again-key.pem'))
    await expect.poll(() => own.logs.some((line) => line.includes('cannot be used')), { timeout: CHANGED, interval: 20 }).toBe(true)
    await put(pem('renewed'))
    await expect.poll(() => shown(own.port(), {}), { timeout: CHANGED, interval: 50 }).toBe('renewed')
    await own.stop()
  })
})

describe('endpoints', () => {
  const seen: { servername: string | false | undefined; client: string | undefined }[] = []
  const server = createServer({ ...identity('alpha'), ca: pem('ca'), requestCert: true, rejectUnauthorized: false }, (socket) => {
    seen.push({ servername: (socket as TLSSocket & { servername?: string | false }).servername, client: (socket.getPeerCertificate() as { subject?: { CN?: string } }).subject?.CN })
    socket.on('error', () => {})
    socket.on('data', () => socket.write(response('200 OK', 'secret')))
  })
  const strict = createServer({ ...identity('alpha'), ca: pem('ca'), requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(response('200 OK', 'secret')))
  })
  /** Answers each request with `nonsense`, on a connection that it would keep. */
  let nonsense = ''
  const rude = createServer(identity('alpha'), (socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(nonsense))
  })
  let gateway: TestGateway

  beforeAll(async () => {
    for (const each of [server, strict, rude]) {
      each.on('tlsClientError', () => {})
      each.listen(0, '127.0.0.1')
      await once(each, 'listening')
    }
    const at = (each: typeof server): string => `127.0.0.1:${(each.address() as { port: number }).port}`
    gateway = await startGateway(`
listen: 0
services:
  good:     { endpoints: ['${at(server)}'], tls: { ca: ${FIXTURES}ca.pem } }
  named:    { endpoints: ['${at(server)}'], tls: { ca: ${FIXTURES}ca.pem, serverName: alpha.test } }
  misnamed: { endpoints: ['${at(server)}'], tls: { ca: ${FIXTURES}ca.pem, serverName: beta.test } }
  wrong:    { endpoints: ['${at(server)}'], tls: { ca: ${FIXTURES}other-ca.pem } }
  system:   { endpoints: ['${at(server)}'], tls: {} }
  careless: { endpoints: ['${at(server)}'], tls: { verify: false } }
  mutual:   { endpoints: ['${at(strict)}'], tls: { ca: ${FIXTURES}ca.pem, cert: ${FIXTURES}client.pem, key: ${FIXTURES}client-key.pem } }
  bare:     { endpoints: ['${at(strict)}'], tls: { ca: ${FIXTURES}ca.pem } }
  missing:  { endpoints: ['${at(server)}'], tls: { ca: ${FIXTURES}no-such.pem } }
  rude:     { endpoints: ['${at(rude)}'], tls: { verify: false } }
routes:
${['rude', 'good', 'named', 'misnamed', 'wrong', 'system', 'careless', 'mutual', 'bare', 'missing'].map((name) => `  - { name: ${name}, match: /${name}, to: ${name} }`).join('\n')}
`)
  })
  afterAll(async () => {
    await gateway?.stop()
    for (const each of [server, strict, rude]) each.close()
  })

  test.each([
    ['good', 200, undefined],
    ['named', 200, undefined],
    ['misnamed', 502, 'upstream_tls'],
    ['wrong', 502, 'upstream_tls'],
    ['system', 502, 'upstream_tls'],
    ['careless', 200, undefined],
    ['mutual', 200, undefined],
    ['bare', 502, 'upstream_tls'],
    ['missing', 502, 'upstream_tls'],
  ])('%s: %s %s', async (name, status, reason) => {
    const before = gateway.records.length
    const { responses } = await exchange(gateway.port(), GET.replace(' / ', ` /${name} `))
    expect([responses[0]?.status, valuesOf(responses[0]?.fields ?? [], 'fairlead-error')[0]]).toEqual([status, reason])
    await expect.poll(() => gateway.records.length, { interval: 1 }).toBe(before + 1)
    expect(gateway.records[before]?.reason).toBe(reason ?? '')
  })

  test.each([
    ['a malformed head', 'HTTP/9 what\r\n\r\n'],
    ['a 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n'],
    ['a malformed chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('%s ends that connection alone', async (_what, text) => {
    nonsense = text
    for (let i = 0; i < 3; i++) {
      const before = gateway.records.length
      const { responses } = await exchange(gateway.port(), GET.replace(' / ', ' /rude '))
      await expect.poll(() => gateway.records.length, { interval: 1 }).toBe(before + 1)
      expect([responses[0]?.status, gateway.records[before]?.reason]).toEqual([text.includes('200') ? undefined : 502, 'upstream_protocol'])
    }
  })

  test('files of a service that are renewed one after the other leave the running ones in use until they fit', async () => {
    const temp = await makeTempDirectory()
    const at = (name: string): string => join(temp.directory, name)
    const put = async (name: string, content: Buffer): Promise<void> => {
      await writeFile(at('new'), content)
      await rename(at('new'), at(name))
    }
    let late = 0
    const presented: unknown[] = []
    const closing = createServer({ ...identity('alpha'), ca: pem('ca'), requestCert: true, rejectUnauthorized: true }, (socket) => {
      presented.push((socket.getPeerCertificate() as { subject?: { CN?: string } }).subject?.CN)
      socket.on('error', () => {})
      socket.on('data', () => socket.end(response('200 OK', 'secret', ['Connection: close'])))
    })
    closing.on('tlsClientError', () => {})
    closing.listen(0, '127.0.0.1')
    await once(closing, 'listening')
    for (const [name, content] of [['ca.pem', pem('ca')], ['cert.pem', pem('client')], ['key.pem', pem('client-key')]] as const) await put(name, content)
    const own = await startGateway(
      `
listen: 0
services:
  one: { endpoints: ['127.0.0.1:${(closing.address() as { port: number }).port}'], tls: { ca: ${at('ca.pem')}, cert: ${at('cert.pem')}, key: ${at('key.pem')} } }
routes:
  - { match: /, to: one }
`,
      // Each request is made two seconds after the one before: late enough for another look at the files.
      { now: () => performance.now() + late },
    )
    const asked = async (): Promise<[number | undefined, unknown]> => {
      late += 2000
      const { responses } = await exchange(own.port(), GET)
      return [responses[0]?.status, presented.at(-1)]
    }
    const refusals = (): number => own.logs.filter((line) => line.includes('cannot be used')).length
    expect(await asked()).toEqual([200, 'client'])
    await put('cert.pem', pem('renewed'))
    expect([await asked(), await asked(), refusals()]).toEqual([[200, 'client'], [200, 'client'], 1])
    await put('key.pem', pem('renewed-key'))
    expect([await asked(), refusals()]).toEqual([[200, 'renewed'], 1])
    // OpenSSL takes half a CA for none, without a word.
    for (const [i, half] of [pem('ca').subarray(0, 200), Buffer.concat([pem('ca'), pem('other-ca').subarray(0, 200)]), Buffer.alloc(0)].entries()) {
      await put('ca.pem', half)
      expect([await asked(), refusals()]).toEqual([[200, 'renewed'], 2 + i])
    }
    await put('ca.pem', pem('other-ca'))
    expect([(await asked())[0], refusals()]).toEqual([502, 4])
    await put('ca.pem', pem('ca'))
    expect(await asked()).toEqual([200, 'renewed'])
    await own.stop()
    closing.close()
    await temp.remove()
  })

  test('serverName is what is asked for; an address is not', () => {
    expect(seen.map(({ servername }) => servername)).toContain('alpha.test')
    expect(seen[0]?.servername).toBe(false)
  })
})
