// Byte streams for registries that do not speak HTTP: TCP, and TLS above it. Certificates are read for each connection, so they may be rotated.
import { connect as tcpConnect, isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { ByteStream, Connect } from '../../discovery/byte-stream.ts'
import type { UpstreamTlsConfig } from '../model/service-config.ts'
import { readTls } from './tls-files.ts'

/** Opens a connection. */
export const connectStream: Connect = async ({ host, port, tls, signal }) => {
  signal.throwIfAborted()
  const socket = tls === undefined ? tcpConnect({ host, port, noDelay: true, keepAlive: true }) : await secure(host, port, tls)
  await opened(socket, tls === undefined ? 'connect' : 'secureConnect', signal)
  return streamOf(socket)
}

async function secure(host: string, port: number, tls: UpstreamTlsConfig): Promise<Socket> {
  const files = await readTls(tls)
  const name = tls.serverName ?? host
  return tlsConnect({
    host,
    port,
    rejectUnauthorized: tls.verify,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...files,
  })
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : undefined)
    socket.on('error', reject)
    socket.on('close', () => {
      signal.removeEventListener('abort', abort)
      reject(new Error('the connection was closed'))
    })
    socket.once(event, resolve)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
}

function streamOf(socket: Socket): ByteStream {
  // Reads on demand only: what nobody asks for stays in the kernel, and the sender waits.
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  return {
    async read() {
      const { value, done } = await chunks.next()
      return done === true ? undefined : value
    },
    write: (bytes: Uint8Array) => void (socket.destroyed || socket.write(bytes)),
    close() {
      socket.end()
      socket.destroySoon()
    },
  } satisfies ByteStream
}
