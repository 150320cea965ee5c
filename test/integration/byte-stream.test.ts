// Byte streams on Node: TCP and TLS to a server, and every way in which they end.
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { connectStream } from '../../src/node/byte-stream.ts'
import { freePorts } from '../support/server-process.ts'
import { makeTempDirectory } from '../support/temp.ts'

const TLS = fileURLToPath(new URL('../fixtures/tls/engine', import.meta.url))
const pem = (name: string): string => join(TLS, `${name}.pem`)

const servers: Server[] = []
const sockets = new Set<Socket>()
const stops: AbortController[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort()
  for (const socket of sockets) socket.destroy()
  await Promise.all(servers.splice(0).map(async (server) => {
    server.close()
    await once(server, 'close')
  }))
})

async function listening(server: Server, serve: (socket: Socket) => void): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function stopper(): AbortController {
  const stop = new AbortController()
  stops.push(stop)
  return stop
}

const text = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : new TextDecoder().decode(bytes))
const bytes = (words: string): Uint8Array => new TextEncoder().encode(words)

describe('a byte stream over TCP', () => {
  test('carries bytes both ways, and says when the other side has closed', async () => {
    const port = await listening(createServer(), (socket) => socket.on('data', (chunk: Buffer) => (chunk.toString() === 'bye' ? socket.end() : socket.write(`you said ${chunk.toString()}`))))
    const stream = await connectStream({ host: '127.0.0.1', port, signal: stopper().signal })
    stream.write(bytes('hello'))
    expect(text(await stream.read())).toBe('you said hello')
    stream.write(bytes('bye'))
    expect(await stream.read()).toBeUndefined()
    expect(await stream.read()).toBeUndefined()
    stream.write(bytes('into the void'))
    stream.close()
  })

  test('sends what was written before it closes', async () => {
    const ended = Promise.withResolvers<string>()
    let heard = ''
    const port = await listening(createServer(), (socket) => socket.on('data', (chunk: Buffer) => (heard += chunk.toString())).on('end', () => ended.resolve(heard)))
    const stream = await connectStream({ host: '127.0.0.1', port, signal: stopper().signal })
    stream.write(bytes('last words'))
    stream.close()
    expect(await ended.promise).toBe('last words')
  })

  test('rejects when nobody listens, with the reason', async () => {
    const [port = 0] = await freePorts(1)
    await expect(connectStream({ host: '127.0.0.1', port, signal: stopper().signal })).rejects.toThrow(/ECONNREFUSED/)
  })

  test('breaks a read when the other side resets', async () => {
    const port = await listening(createServer(), (socket) => socket.on('data', () => socket.resetAndDestroy()))
    const stream = await connectStream({ host: '127.0.0.1', port, signal: stopper().signal })
    stream.write(bytes('x'))
    await expect(stream.read()).rejects.toThrow(/ECONNRESET/)
    stream.close()
  })

  test('ends with its signal: while a read waits, and before it is open', async () => {
    const closed = Promise.withResolvers<void>()
    const port = await listening(createServer(), (socket) => socket.on('close', () => closed.resolve()))
    const stop = stopper()
    const stream = await connectStream({ host: '127.0.0.1', port, signal: stop.signal })
    const read = stream.read().then(() => 'ended', () => 'ended')
    stop.abort()
    expect(await read).toBe('ended')
    await closed.promise
    await expect(connectStream({ host: '127.0.0.1', port, signal: stop.signal })).rejects.toThrow(/abort/i)
  })
})

describe('a byte stream over TLS', () => {
  const server = (more: object = {}): Server => createTlsServer({ cert: readFileSync(pem('alpha')), key: readFileSync(pem('alpha-key')), ...more })

  test('proves the server against the given authority and name', async () => {
    const port = await listening(server(), (socket) => socket.end('hello'))
    const to = { host: '127.0.0.1', port, signal: stopper().signal }
    expect(text(await (await connectStream({ ...to, tls: { ca: pem('ca'), verify: true } })).read())).toBe('hello')
    expect(text(await (await connectStream({ ...to, tls: { ca: pem('ca'), serverName: 'alpha.test', verify: true } })).read())).toBe('hello')
    expect(text(await (await connectStream({ ...to, tls: { verify: false } })).read())).toBe('hello')
    await expect(connectStream({ ...to, tls: { ca: pem('ca'), serverName: 'beta.test', verify: true } })).rejects.toThrow(/beta\.test/)
    await expect(connectStream({ ...to, tls: { ca: pem('other-ca'), verify: true } })).rejects.toThrow(/certificate/)
    await expect(connectStream({ ...to, tls: { ca: pem('nothing'), verify: true } })).rejects.toThrow(/ENOENT/)
  })

  test('shows a client certificate, read anew for each connection', async () => {
    const { directory, remove } = await makeTempDirectory()
    const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
    const port = await listening(server({ requestCert: true, ca: readFileSync(pem('ca')) }), (socket) => socket.end((socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate().subject.CN))
    const tls = { ca: pem('ca'), cert, key, verify: true }
    for (const name of ['client', 'forger']) {
      await copyFile(pem(name), cert)
      await copyFile(pem(`${name}-key`), key)
      const stream = await connectStream({ host: '127.0.0.1', port, tls, signal: stopper().signal })
      expect(text(await stream.read())).toBe(name)
    }
    await remove()
  })
})
