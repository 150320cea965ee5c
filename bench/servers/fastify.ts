// fastify with @fastify/http-proxy, as its README says, logging off. Usage: fastify.ts PORT TLSPORT
import { backendUrl, credentials, echoUrl, load, plainPort, tlsPort } from './environment.ts'

interface Fastify {
  register(plugin: unknown, options: object): Promise<unknown>
  listen(options: { port: number; host: string; backlog: number }): Promise<unknown>
}

const fastify = load('fastify') as (options: object) => Fastify
const proxy = load('@fastify/http-proxy')

for (const [port, options] of [
  [plainPort, {}],
  [tlsPort, { https: credentials }],
] as const) {
  const app = fastify({ ...options, bodyLimit: 1 << 30, keepAliveTimeout: 600_000 })
  await app.register(proxy, { upstream: echoUrl, prefix: '/socket', rewritePrefix: '/', websocket: true })
  await app.register(proxy, { upstream: backendUrl, prefix: '/', undici: { connections: 256, pipelining: 1 } })
  await app.listen({ port, host: '127.0.0.1', backlog: 4096 })
}
