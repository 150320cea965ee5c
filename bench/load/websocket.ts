// Sends a masked 64-byte WebSocket message on each of some connections, waits for its echo, sends the next; prints its figures
// as JSON. Usage: websocket.ts PORT CONNECTIONS SECONDS HOST
import { connect, type Socket } from 'node:net'

const [port, connections, seconds, host] = [Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[4]), process.argv[5] ?? '']
const PAYLOAD = 64
const message = Buffer.concat([Buffer.from([0x82, 0x80 | PAYLOAD, 1, 2, 3, 4]), Buffer.alloc(PAYLOAD, 'x')])
/** Bytes of an echo: the server's frames are not masked. */
const ECHO = message.length - 4
const times: number[] = []
const sockets: Socket[] = []
let errors = 0
let counting = true

/** Resolves when the connection is upgraded, or has failed. */
async function open(): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let head = ''
    const fail = (): void => {
      if (counting) errors++
      resolve(undefined)
    }
    socket.on('error', fail)
    socket.on('close', fail)
    socket.on('connect', () => socket.write(`GET /socket HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`))
    socket.on('data', function shake(chunk) {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', shake)
      if (head.startsWith('HTTP/1.1 101 ')) resolve(socket)
      else fail()
    })
  })
}

function pingPong(socket: Socket): void {
  let got = 0
  let sent = performance.now()
  socket.on('data', (chunk) => {
    got += chunk.length
    if (got < ECHO) return
    got = 0
    if (!counting) return
    const now = performance.now()
    times.push(now - sent)
    sent = now
    socket.write(message)
  })
  socket.write(message)
}

for (let i = 0; i < connections; i++) {
  const socket = await open()
  if (socket !== undefined) sockets.push(socket)
}
const begin = performance.now()
for (const socket of sockets) pingPong(socket)
setTimeout(() => {
  counting = false
  const took = (performance.now() - begin) / 1000
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0
  console.log(JSON.stringify({ messages: times.length, seconds: took, p50: at(0.5), p99: at(0.99), errors }))
  for (const socket of sockets) socket.destroy()
}, seconds * 1000)
