// WebSocket echo on raw sockets: the handshake of RFC 6455, then every short frame back, unmasked as a server must send it.
// Usage: echo.ts PORT
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

/** Sends back each whole frame of a client (payload below 126 bytes) and returns what is left. */
function echoFrames(bytes: Buffer, send: (frame: Buffer) => void): Buffer {
  let at = 0
  while (bytes.length - at >= 6) {
    const length = (bytes[at + 1] ?? 0) & 0x7f
    const end = at + 6 + length
    if (end > bytes.length) break
    const frame = Buffer.allocUnsafe(2 + length)
    frame[0] = bytes[at] ?? 0
    frame[1] = length
    for (let i = 0; i < length; i++) frame[2 + i] = (bytes[at + 6 + i] ?? 0) ^ (bytes[at + 2 + (i & 3)] ?? 0)
    send(frame)
    at = end
  }
  return bytes.subarray(at)
}

createServer({ noDelay: true }, (socket) => {
  let head = ''
  let rest: Buffer = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  const take = (chunk: Buffer): void => {
    rest = echoFrames(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), (frame) => socket.write(frame))
  }
  socket.on('data', function shake(chunk) {
    head += chunk.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const key = /^sec-websocket-key:\s*(\S+)/im.exec(head)?.[1] ?? ''
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.off('data', shake)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    socket.on('data', take)
    take(Buffer.from(head.slice(end + 4), 'latin1'))
  })
}).listen(Number(process.argv[2]), '127.0.0.1', 4096)
