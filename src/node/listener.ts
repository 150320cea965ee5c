// One listener: a port, who may vouch for clients on it, and its connections.
import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { ListenerConfig } from '../model/listener-config.ts'
import { LONGEST_SLEEP, type Platform } from '../model/platform.ts'
import { type Trust, trustOf, unmapped } from '../proxy/client-address.ts'
import { ClientConnection, type ListenerContext } from './client-connection.ts'
import { Downstream } from './http1/downstream.ts'
import { withSharedRead } from './http1/shared-read.ts'
import { readProxyHeader } from './proxy-protocol/read.ts'
import { rawSocketOf } from './raw-socket.ts'
import { ListenerCertificates } from './tls.ts'

/** Milliseconds between stopping to accept and ending what drains. */
const DRAIN_TICK_MS = 50

export class Listener {
  readonly config: ListenerConfig
  readonly trusted: Trust
  readonly connections = new Set<Downstream>()
  /** Sockets whose PROXY header or handshake is not over. */
  private readonly arriving = new Set<Socket>()
  /** False once draining. */
  open = true
  private readonly context: ListenerContext
  private readonly server: Server
  private readonly secure: Server | undefined
  private readonly certificates: ListenerCertificates | undefined
  private readonly platform: Platform

  constructor(config: ListenerConfig, context: ListenerContext, platform: Platform) {
    this.config = config
    this.context = context
    this.platform = platform
    this.trusted = trustOf(config.trustedProxies)
    this.server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: config.tls === undefined && !config.proxyProtocol })
    this.server.on('connection', (socket) => this.accept(socket))
    this.server.on('error', (error) => platform.log('error', 'listener failed', { listener: config.name, error: error.message }))
    if (config.tls !== undefined) {
      this.certificates = new ListenerCertificates(config, config.tls, platform)
      this.secure = this.createSecure(this.certificates)
    }
  }

  /** Starts to listen; resolves with the port. `reusePort` lets several processes share it. */
  listen(reusePort: boolean): Promise<number> {
    const { port, host } = this.config
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen({ port, ...(host === undefined ? {} : { host }), ...(reusePort ? { reusePort: true } : {}) }, () => {
        this.server.removeListener('error', reject)
        const address = this.server.address()
        resolve(address !== null && typeof address === 'object' ? address.port : port)
      })
    })
  }

  /** Stops accepting and lets requests finish for at most `limit` milliseconds; tunnels are told to go away at the end of it. */
  async drain(limit: number): Promise<void> {
    this.open = false
    this.certificates?.stop()
    this.server.close()
    const deadline = this.platform.now() + limit
    for (const socket of this.arriving) socket.destroy()
    for (const connection of this.connections) connection.drain()
    while (this.connections.size > 0 && this.platform.now() < deadline) await this.platform.sleep(DRAIN_TICK_MS)
    for (const connection of this.connections) connection.cut()
    const last = this.platform.now() + Math.min(1000, limit)
    while (this.connections.size > 0 && this.platform.now() < last) await this.platform.sleep(DRAIN_TICK_MS)
    for (const connection of this.connections) connection.destroy()
  }

  private accept(socket: Socket): void {
    if (this.connections.size + this.arriving.size >= this.config.limits.connections) return void socket.destroy()
    if (this.secure !== undefined || this.config.proxyProtocol) this.arrive(socket)
    const peer = unmapped(socket.remoteAddress ?? '')
    const trusted = this.trusted(peer)
    if (this.config.proxyProtocol && trusted) return this.readProxyHeader(socket)
    this.start(socket, peer, socket.remotePort ?? 0)
  }

  /** Counts a socket while it is no connection yet. */
  private arrive(socket: Socket): void {
    this.arriving.add(socket)
    socket.once('close', () => this.arriving.delete(socket))
  }

  /** TLS first where the listener has it; the address found here is remembered for the secure socket. */
  private start(socket: Socket, address: string, port: number): void {
    if (this.secure === undefined) {
      this.arriving.delete(socket)
      return this.serve(socket, address, port, [])
    }
    socket.on('error', () => socket.destroy())
    addresses.set(socket, { address, port })
    this.secure.emit('connection', socket)
  }

  private serve(socket: Socket, address: string, port: number, identities: readonly string[]): void {
    const connection = new ClientConnection(this, this.context, { address, port, identities })
    this.connections.add(new Downstream(this.secure === undefined ? lean(socket) : socket, connection))
  }

  /** Waits for the header that a trusted proxy sends first; a connection without a valid one is dropped. */
  private readProxyHeader(socket: Socket): void {
    let bytes: Buffer = Buffer.alloc(0)
    const { headTimeout } = this.config.limits
    const timer = headTimeout === 0 ? undefined : setTimeout(() => socket.destroy(), headTimeout)
    const stop = (): void => {
      clearTimeout(timer)
      socket.removeListener('data', onData)
      socket.removeListener('error', onError)
      socket.removeListener('close', stop)
    }
    const onError = (): void => {
      socket.destroy()
    }
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const header = readProxyHeader(bytes)
      if (header.kind === 'more') return
      stop()
      if (header.kind === 'bad') {
        this.context.counts.proxyHeaderBad++
        socket.on('error', () => {})
        return void socket.destroy()
      }
      socket.pause()
      if (header.length < bytes.length) socket.unshift(bytes.subarray(header.length))
      this.start(socket, unmapped(header.address ?? socket.remoteAddress ?? ''), header.port ?? socket.remotePort ?? 0)
      // A TLS socket takes what is left by itself, and only while nothing else makes this one flow.
      if (this.secure === undefined) socket.resume()
    }
    socket.on('data', onData)
    socket.on('error', onError)
    socket.on('close', stop)
  }

  private createSecure(certificates: ListenerCertificates): Server {
    const tls = this.config.tls
    const server = createTlsServer({
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
      requestCert: tls?.clientCa !== undefined,
      rejectUnauthorized: tls?.requireClientCert === true,
      allowHalfOpen: true,
      // 0 is no limit; Node would take it for its own of two minutes.
      handshakeTimeout: this.config.limits.headTimeout || LONGEST_SLEEP,
      ...certificates.fallback,
    })
    certificates.onReload = () => server.setSecureContext(certificates.fallback)
    server.on('secureConnection', (socket: TLSSocket) => {
      const raw = rawSocketOf(socket)
      const peer = addresses.get(raw)
      this.arriving.delete(raw)
      socket.setNoDelay(true)
      this.serve(socket, peer?.address ?? unmapped(socket.remoteAddress ?? ''), peer?.port ?? socket.remotePort ?? 0, identitiesOf(socket))
    })
    server.on('tlsClientError', (_error, socket) => {
      this.context.counts.tlsFailed++
      socket.destroy()
    })
    return server
  }
}

/**
 * The same connection under a socket that reads into the shared buffer. A server has no option for that; its socket has not
 * begun to read, so its handle moves over (as sockets do between the processes of a cluster). Where there is no such handle
 * the socket stays as it is, only slower.
 */
function lean(socket: Socket): Socket {
  const holder = socket as unknown as { _handle: object | null }
  const handle = holder._handle
  if (handle === null || typeof handle !== 'object' || socket.readableLength > 0) return socket
  holder._handle = null
  return withSharedRead((onread) => new Socket({ handle, allowHalfOpen: true, readable: true, writable: true, onread } as SocketConstructorOpts))
}

/** Client addresses of sockets that wait for their handshake. */
const addresses = new WeakMap<Socket, { readonly address: string; readonly port: number }>()

/** URI names of a verified client certificate. */
function identitiesOf(socket: TLSSocket): readonly string[] {
  if (!socket.authorized) return []
  const names = socket.getPeerCertificate().subjectaltname ?? ''
  return names
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice(4))
}
