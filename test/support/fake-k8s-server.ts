// The double of a Kubernetes API server on a real port of loopback: for drills, and for the bench.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { nodePlatform } from '../../src/node/platform.ts'
import { createFakeK8s, type FakeK8s } from './fake-k8s.ts'

export interface FakeK8sServer {
  /** Put slices here; watches hear of it at once. */
  readonly fake: FakeK8s
  /** `host:port`. */
  readonly address: string
  readonly url: string
  close(): Promise<void>
}

/** Starts one on a port that the system chooses. */
export async function startFakeK8s(): Promise<FakeK8sServer> {
  const fake = createFakeK8s(nodePlatform(() => undefined))
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] => (typeof value === 'string' ? [[name, value]] : []))
    const answer = fake.answer(`http://${request.headers.host ?? 'k8s'}${request.url ?? '/'}`, { headers, signal: gone.signal })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    // A watcher knows at once that it watches.
    response.flushHeaders()
    if (answer.body === null) response.end()
    else void pipeline(Readable.fromWeb(answer.body as import('node:stream/web').ReadableStream), response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    fake,
    address,
    url: `http://${address}`,
    async close() {
      fake.endWatches('end')
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
