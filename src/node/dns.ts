// Messages to name servers and back, on Node's sockets. Every question has a socket of its own: the system gives it a random
// port, and once it is connected only that server's datagrams come through, which leaves little to forge.
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns'
import { connect, isIPv6 } from 'node:net'
import type { DnsTransport } from '../../discovery/dns/transport.ts'

/** Datagrams that answer something else before a question is given up. */
const MAX_WRONG = 64

/** Carries DNS messages over UDP and TCP. */
export const nodeDns: DnsTransport = {
  // A resolver of its own, since that of `getServers` reads the system's configuration once in the life of the process.
  servers: () => new Resolver().getServers(),
  udp: (server, message, accept, signal) => {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
    let wrong = 0
    const close = (): void => {
      // It may be connected in the same moment, and could not send then.
      socket.removeAllListeners('connect')
      socket.close()
    }
    return oneAnswer(signal, close, (resolve, fail) => {
      socket.on('error', fail)
      socket.on('message', (bytes) => {
        if (accept(bytes)) resolve(bytes)
        else if (++wrong >= MAX_WRONG) fail(new Error(`${wrong} answers to other questions came`))
      })
      socket.connect(server.port, server.host, () => socket.send(message, (error) => error !== null && fail(error)))
    })
  },
  tcp: (server, message, signal) => {
    const socket = connect({ host: server.host, port: server.port, noDelay: true })
    const chunks: Buffer[] = []
    let [size, needed] = [0, 2]
    return oneAnswer(signal, () => socket.destroy(), (resolve, fail) => {
      socket.on('error', fail)
      socket.on('close', () => fail(new Error('the connection was closed before the answer was whole')))
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        // RFC 1035 4.2.2: the length, then the message. It cannot ask for more than 64 KiB.
        if (needed === 2 && size >= 2) needed += Buffer.concat(chunks).readUInt16BE(0)
        if (size >= needed && needed > 2) resolve(Buffer.concat(chunks).subarray(2, needed))
      })
      socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]))
    })
  },
}

/**
 * The first word counts: an answer, an error or the end of the signal. The socket is closed with it, and what it says afterwards is
 * heard and let go: an error that nobody listens for would end the process.
 */
function oneAnswer(signal: AbortSignal, close: () => void, ask: (resolve: (bytes: Uint8Array) => void, fail: (error: Error) => void) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let over = false
    const end = (say: () => void): void => {
      if (over) return
      over = true
      signal.removeEventListener('abort', aborted)
      close()
      say()
    }
    const aborted = (): void => end(() => reject(reasonOf(signal)))
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted)
    ask((bytes) => end(() => resolve(bytes)), (error) => end(() => reject(error)))
  })
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped')
}
