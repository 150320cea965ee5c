// Sends a line each second through the gateway and prints what comes back: `node client.ts [URL] [HOST]`.
import { WebSocket } from 'ws'

const [url = 'ws://127.0.0.1:8080/', host = 'ws.local'] = process.argv.slice(2)
const socket = new WebSocket(url, { headers: { host } })
let count = 0
const timer = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send(`message ${++count}`), 1000)
socket.on('message', (data: Buffer) => console.log(data.toString()))
socket.on('unexpected-response', (_request, response) => {
  console.error(`refused: ${response.statusCode} ${String(response.headers['fairlead-error'] ?? '')}`)
  process.exit(1)
})
socket.on('error', (error) => console.error(error.message))
socket.on('close', () => {
  clearInterval(timer)
  console.log('closed')
})
