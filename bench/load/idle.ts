// Opens keep-alive connections, makes one request on each, prints how many are open and holds them until its standard input ends.
// A connection whose request is not answered within 3 s is given up: some proxy has reached its limit.
// Usage: idle.ts PORT COUNT HOST
import { connect, type Socket } from 'node:net'

const [port, count, host] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4] ?? '']
const AT_ONCE = 64
const sockets = new Set<Socket>()
let begun = 0

async function open(): Promise<void> {
  while (begun < count) {
    begun++
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      sockets.add(socket)
      socket.once('connect', () => socket.write(`GET /words HTTP/1.1\r\nHost: ${host}\r\n\r\n`))
      // One small answer comes in one piece.
      socket.once('data', () => {
        socket.setTimeout(0)
        resolve()
      })
      socket.setTimeout(3000, () => socket.destroy())
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        resolve()
      })
    })
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, open))
console.log(sockets.size)
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
