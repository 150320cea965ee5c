// The best of the proxies written for Node, each with its own defaults and keep-alive to the backend.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { modules } from '../paths.ts'
import type { Peer } from '../peer.ts'
import { freePort, launch, listening, stop } from '../process.ts'

function nodePeer(name: string, script: string, needs: readonly string[]): Peer {
  return {
    name,
    missing: () => (needs.every((module) => existsSync(join(modules, 'node_modules', module))) ? undefined : `no ${needs.join(' and ')}; npm run bench -- --install`),
    async start({ backend, certificate, scratch }) {
      const [plainPort, tlsPort] = [await freePort(), await freePort()]
      const log = `${name}-${plainPort}`
      const environment = { BENCH_MODULES: modules, BENCH_BACKEND: String(backend.port), BENCH_ECHO: String(backend.webSocketPort), BENCH_CERT: certificate.cert, BENCH_KEY: certificate.key }
      const child = launch(log, process.execPath, [join(import.meta.dirname, '..', 'servers', script), String(plainPort), String(tlsPort)], scratch, environment)
      await listening(tlsPort, child, log, scratch)
      return { plainPort, tlsPort, workers: () => [child.pid ?? 0], stop: async () => stop(child) }
    },
  }
}

export const fastify = nodePeer('fastify-http-proxy', 'fastify.ts', ['fastify', '@fastify/http-proxy'])
export const httpProxy3 = nodePeer('http-proxy-3', 'http-proxy.ts', ['http-proxy-3'])
