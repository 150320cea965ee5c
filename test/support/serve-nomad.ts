// The fake Nomad behind a real socket, in real time: for what only a real client, a real stream and a real gateway can show.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { nodePlatform } from '../../src/node/platform.ts'
import { fakeNomad, type FakeNomad } from './fake-nomad.ts'

export interface ServedNomad {
  readonly registry: FakeNomad
  /** `host:port`, or the path of the socket. */
  readonly address: string
  /** Closes every connection, and listens no more. */
  stop(): Promise<void>
}

export interface ServeOptions {
  /** A Unix socket; default a free port of 127.0.0.1. */
  readonly socketPath?: string
  /** How many times faster its time runs, default 1: heartbeats and waits are as much shorter. */
  readonly speed?: number
}

/** Serves a fake Nomad. */
export async function serveNomad({ socketPath, speed = 1 }: ServeOptions = {}): Promise<ServedNomad> {
  const real = nodePlatform(() => {})
  const registry = fakeNomad({ ...real, now: () => real.now() * speed, sleep: (ms, signal) => real.sleep(ms / speed, signal) })
  const server = createServer((request, response) => void answer(registry, request, response))
  await new Promise<void>((resolve) => (socketPath === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socketPath, resolve)))
  return {
    registry,
    address: socketPath ?? `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(registry: FakeNomad, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const headers = new Headers(request.headers as Record<string, string>)
    const made = await registry.fetch(`http://${request.headers.host ?? 'nomad'}${request.url ?? '/'}`, { headers, signal: gone.signal })
    response.writeHead(made.status, Object.fromEntries(made.headers))
    if (made.body === null) return void response.end()
    await pipeline(Readable.fromWeb(made.body as NodeStream), response)
  } catch {
    response.destroy()
  }
}
