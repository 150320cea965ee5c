// WebSocket echo on raw sockets: the handshake of RFC 6455, then every byte back. Frames of a client come back masked, which the
// load generator does not mind. Usage: echo.ts PORT
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

createServer({ noDelay: true }, (socket) => {
  let head = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', function shake(chunk) {
    head += chunk.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const key = /^sec-websocket-key:\s*(\S+)/im.exec(head)?.[1] ?? ''
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.off('data', shake)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n${head.slice(end + 4)}`, 'latin1')
    socket.on('data', (frame) => socket.write(frame))
  })
}).listen(Number(process.argv[2]), '127.0.0.1', 4096)
