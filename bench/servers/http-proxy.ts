// http-proxy-3 with a keep-alive agent. Usage: http-proxy.ts PORT TLSPORT
import { Agent } from 'node:http'
import { backendUrl, credentials, echoUrl, load, plainPort, tlsPort } from './environment.ts'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'

interface Proxy {
  web(request: IncomingMessage, response: ServerResponse, options?: object): void
  ws(request: IncomingMessage, socket: Duplex, head: Buffer, options?: object): void
  on(event: 'error', listener: (error: Error) => void): void
}

const { createProxyServer } = load('http-proxy-3') as { createProxyServer: (options: object) => Proxy }
const proxy = createProxyServer({ target: backendUrl, agent: new Agent({ keepAlive: true, maxSockets: 256 }), xfwd: true })
proxy.on('error', (error) => console.error(error.message))
const answer = (request: IncomingMessage, response: ServerResponse): void => proxy.web(request, response)
const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => proxy.ws(request, socket, head, { target: echoUrl })

for (const [port, server] of [
  [plainPort, createServer({ keepAliveTimeout: 600_000 }, answer)],
  [tlsPort, createTlsServer({ ...credentials, keepAliveTimeout: 600_000 }, answer)],
] as const) {
  server.on('upgrade', upgrade)
  server.listen(port, '127.0.0.1', 4096)
}
