// Messages to name servers and back, on Node's sockets. Every question has a socket of its own: the system gives it a random
// port, and once it is connected only that server's datagrams come through, which leaves little to forge.
import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
import { connect, isIPv6 } from 'node:net'
import type { DnsTransport } from '../../discovery/dns/transport.ts'

/** Datagrams that answer something else before a question is given up. */
const MAX_WRONG = 64

/** Carries DNS messages over UDP and TCP. */
export const nodeDns: DnsTransport = {
  servers: () => getServers(),
  udp: (server, message, accept, signal) =>
    new Promise((resolve, reject) => {
      const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
      let wrong = 0
      const end = (): void => {
        signal.removeEventListener('abort', aborted)
        socket.removeAllListeners()
        // One that comes while it closes must not end the process.
        socket.on('error', () => {})
        socket.close()
      }
      const fail = (error: Error): void => {
        end()
        reject(error)
      }
      const aborted = (): void => fail(reasonOf(signal))
      if (signal.aborted) return aborted()
      signal.addEventListener('abort', aborted)
      socket.on('error', fail)
      socket.on('message', (bytes) => {
        if (accept(bytes)) {
          end()
          resolve(bytes)
        } else if (++wrong >= MAX_WRONG) fail(new Error(`${wrong} answers to other questions came`))
      })
      socket.connect(server.port, server.host, () => socket.send(message, (error) => error !== null && fail(error)))
    }),
  tcp: (server, message, signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: server.host, port: server.port, noDelay: true })
      const chunks: Buffer[] = []
      let [size, needed] = [0, 2]
      const end = (): void => {
        signal.removeEventListener('abort', aborted)
        socket.destroy()
      }
      const fail = (error: Error): void => {
        end()
        reject(error)
      }
      const aborted = (): void => fail(reasonOf(signal))
      if (signal.aborted) return aborted()
      signal.addEventListener('abort', aborted)
      socket.on('error', fail)
      socket.on('close', () => fail(new Error('the connection was closed before the answer was whole')))
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        // RFC 1035 4.2.2: the length, then the message. It cannot ask for more than 64 KiB.
        if (needed === 2 && size >= 2) needed += Buffer.concat(chunks).readUInt16BE(0)
        if (size < needed || needed === 2) return
        end()
        resolve(Buffer.concat(chunks).subarray(2, needed))
      })
      socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]))
    }),
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped')
}
