// What watching 100 services costs a Consul: the requests and bytes that a gateway asks of a real agent, counted by a relay
// in front of it, while nothing changes and while services do.
import { createServer, request } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface Relay {
  readonly port: number
  /** Since the last time it was asked. */
  take(): { readonly requests: number; readonly bytes: number; readonly open: number; readonly paths: ReadonlyMap<string, number> }
  stop(): Promise<void>
}

/** Passes HTTP on to the agent and counts it. */
export async function startRelay(agent: string): Promise<Relay> {
  let [requests, bytes, open] = [0, 0, 0]
  let paths = new Map<string, number>()
  const server = createServer((incoming, outgoing) => {
    requests++
    open++
    const path = (incoming.url ?? '').split('?')[0]?.split('/').slice(0, 4).join('/') ?? ''
    paths.set(path, (paths.get(path) ?? 0) + 1)
    const onward = request(`${agent}${incoming.url}`, { method: incoming.method ?? 'GET', headers: incoming.headers }, (answer) => {
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
      const taken = { requests, bytes, open, paths }
      ;[requests, bytes] = [0, 0]
      paths = new Map()
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
