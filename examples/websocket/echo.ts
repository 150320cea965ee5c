// A WebSocket server that says everything back: `node echo.ts [PORT]`.
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 7010) })
server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
