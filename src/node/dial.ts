// Opens a connection to an endpoint: TCP, then TLS and a PROXY header where the service asks for them.
import { connect as tcpConnect, isIP, type Socket } from 'node:net'
import { connect as tlsConnect, type SecureContext } from 'node:tls'
import type { ServiceConfig, UpstreamTlsConfig } from '../model/service-config.ts'
import type { Endpoint } from '../model/endpoint.ts'
import { GatewayError } from '../model/error.ts'
import type { RequestHead } from '../model/request.ts'
import { clientClosed } from './http1/client-closed.ts'
import { withSharedRead } from './http1/shared-read.ts'
import { proxyHeader } from './proxy-protocol/write.ts'

/** The client on whose behalf a connection is opened. */
interface DialClient {
  readonly head: RequestHead
  readonly socket: Socket
  /** What to do when it leaves, or its body breaks with that error; one thing at a time. */
  whenGone(action: ((error?: GatewayError) => void) | undefined): void
}

/** Opens connections. */
export interface Dialer {
  /** Resolves with a connected socket. Rejects with a GatewayError, nothing sent, also when the client leaves. `deadline` in platform milliseconds, 0 for none. */
  dial(endpoint: Endpoint, service: ServiceConfig, client: DialClient, deadline: number): Promise<Socket>
  /** Whether the endpoint takes a connection within the service's time for that. It is closed at once. Never rejects. */
  reaches(endpoint: Endpoint, service: ServiceConfig): Promise<boolean>
}

/** The longest wait of `reaches`, milliseconds, where a service has no limit or a longer one. */
const LONGEST_REACH = 10_000


/** A dialer. `contextOf` gives the TLS context of a service, cached and reloaded by its owner. */
export function createDialer(now: () => number, contextOf: (tls: UpstreamTlsConfig) => SecureContext): Dialer {
  return {
    dial(endpoint, service, client, deadline) {
      const left = deadline === 0 ? Infinity : Math.max(1, deadline - now())
      const limit = service.connectTimeout === 0 ? left : Math.min(service.connectTimeout, left)
      return open(endpoint, service, limit, client, contextOf)
    },
    reaches: ({ host, port }, { connectTimeout }) => reaches(bare(host), port, connectTimeout === 0 ? LONGEST_REACH : Math.min(connectTimeout, LONGEST_REACH)),
  }
}

/** TCP alone: a handshake of TLS, or a PROXY header, would need a client. Neither keeps the process from ending. */
function reaches(host: string, port: number, limit: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tcpConnect({ host, port }).unref()
    const end = (isReached: boolean) => (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isReached)
    }
    const timer = setTimeout(end(false), limit).unref()
    socket.once('connect', end(true))
    socket.on('error', end(false))
  })
}

/** `limit` in milliseconds, Infinity for none. */
function open(endpoint: Endpoint, service: ServiceConfig, limit: number, client: DialClient, contextOf: (tls: UpstreamTlsConfig) => SecureContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const to = { host: bare(endpoint.host), port: endpoint.port, noDelay: true, keepAlive: true, allowHalfOpen: true }
    const raw = service.tls === undefined ? withSharedRead((onread) => tcpConnect({ ...to, onread })) : tcpConnect(to)
    const timer = limit === Infinity ? undefined : setTimeout(() => fail(new GatewayError('connect_timeout', `connecting took over ${Math.round(limit)} ms`, { side: 'upstream', retry: 'unsent' })), limit)
    let socket = raw
    const fail = (error: GatewayError): void => {
      clearTimeout(timer)
      socket.destroy()
      raw.destroy()
      reject(error)
    }
    // An endpoint that takes no connections would otherwise hold as many as clients lose patience with, up to the limit of its service.
    client.whenGone((error) => fail(error ?? clientClosed()))
    const done = (): void => {
      client.whenGone(undefined)
      // The listeners for errors stay: one that comes before the next owner listens must not end the process.
      clearTimeout(timer)
      resolve(socket)
    }
    raw.on('error', (error) => fail(new GatewayError('connect_failed', error.message, { side: 'upstream', retry: 'unsent', cause: error })))
    raw.once('connect', () => {
      if (service.proxyProtocol !== undefined) raw.write(proxyHeader(service.proxyProtocol, client.head.source, client.socket))
      if (service.tls === undefined) return done()
      try {
        socket = secure(raw, endpoint, service.tls, contextOf(service.tls))
      } catch (error) {
        return fail(tlsError(error as Error))
      }
      socket.on('error', (error) => fail(tlsError(error)))
      socket.once('secureConnect', () => {
        // From now on the socket above it reports what happens to the raw one.
        raw.removeAllListeners('error')
        raw.on('error', () => {})
        done()
      })
    })
  })
}

/** Asks for and checks `serverName`, or the endpoint's own host; an address is checked against the certificate's addresses. */
function secure(raw: Socket, endpoint: Endpoint, tls: UpstreamTlsConfig, secureContext: SecureContext): Socket {
  const name = tls.serverName ?? bare(endpoint.host)
  return tlsConnect({
    socket: raw,
    secureContext,
    host: name,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    rejectUnauthorized: tls.verify,
    ALPNProtocols: ['http/1.1'],
  })
}

function tlsError(error: Error): GatewayError {
  return new GatewayError('upstream_tls', error.message, { side: 'upstream', retry: 'unsent', cause: error })
}

/** An IPv6 literal without its brackets. */
function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}
