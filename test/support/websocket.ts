// WebSocket bytes for tests: handshakes, frames, and an origin that speaks just enough of RFC 6455.
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { valuesOf } from './http1.ts'
import type { Answer, SeenRequest } from './origin.ts'

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** A handshake as a browser sends it. */
export function handshake(path: string, extra: readonly string[] = []): string {
  return [`GET ${path} HTTP/1.1`, 'Host: lab.test', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${KEY}`, ...extra, '', ''].join('\r\n')
}

/** The accept value for a key (RFC 6455, 4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** One frame, latin1; a client's frames are masked (with zeros, which any reader must unmask to the same bytes). */
export function frame(opcode: number, payload: string, options: { masked?: boolean; last?: boolean } = {}): string {
  const first = String.fromCharCode((options.last === false ? 0 : 0x80) | opcode)
  const flag = options.masked === true ? 0x80 : 0
  const length = payload.length < 126 ? String.fromCharCode(flag | payload.length) : payload.length < 65_536 ? String.fromCharCode(flag | 126, payload.length >> 8, payload.length & 255) : longLength(flag, payload.length)
  return `${first}${length}${options.masked === true ? '\0\0\0\0' : ''}${payload}`
}

function longLength(flag: number, length: number): string {
  const bytes = Buffer.alloc(9)
  bytes[0] = flag | 127
  bytes.writeBigUInt64BE(BigInt(length), 1)
  return bytes.toString('latin1')
}

/** A close frame with a code. */
export function closeFrame(code: number, masked = false): string {
  return frame(8, String.fromCharCode(code >> 8, code & 255), { masked })
}

/** Accepts the upgrade and hands the socket over: every byte that came and comes is given to `take`, the peer's FIN to `atEnd`. */
export function accept(request: SeenRequest, take: (bytes: string, socket: Socket) => void, atEnd: (socket: Socket) => void = (socket) => socket.end()): Answer {
  const key = valuesOf(request.fields, 'sec-websocket-key')[0] ?? ''
  return {
    bytes: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`,
    next: 'tunnel',
    open(socket, early) {
      if (early !== '') take(early, socket)
      socket.on('data', (chunk) => take(chunk.toString('latin1'), socket))
      socket.on('end', () => atEnd(socket))
    },
  }
}

/** Sends back what comes. */
export const echoBytes = (bytes: string, socket: Socket): void => {
  if (socket.writable) socket.write(bytes, 'latin1')
}
