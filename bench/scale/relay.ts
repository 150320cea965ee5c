// A relay before a registry, which counts the requests and bytes that a gateway asks of it.
import { createServer, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Relay {
  readonly port: number
  /** Since the last time it was asked. */
  take(): { readonly requests: number; readonly bytes: number; readonly open: number }
  stop(): Promise<void>
}

/** Passes HTTP on to the registry at this URL and counts it. */
export async function startRelay(registry: string): Promise<Relay> {
  let [requests, bytes, open] = [0, 0, 0]
  const server = createServer((incoming, outgoing) => {
    requests++
    open++
    const onward = request(`${registry}${incoming.url}`, { method: incoming.method ?? 'GET', headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length))
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    outgoing.on('close', () => {
      open--
      onward.destroy()
    })
    incoming.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = { requests, bytes, open }
      ;[requests, bytes] = [0, 0]
      return taken
    },
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
