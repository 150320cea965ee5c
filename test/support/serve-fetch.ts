// A registry that answers like `fetch` behind a real socket.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'

type Answer = (url: string, init: { readonly headers: Headers; readonly signal: AbortSignal }) => Promise<Response>

export interface Served {
  /** `host:port`, or the path of the socket. */
  readonly address: string
  /** Closes every connection, and listens no more. */
  stop(): Promise<void>
}

/** Serves it at a free port of 127.0.0.1, or at a Unix socket. */
export async function serveFetch(fetch: Answer, socketPath?: string): Promise<Served> {
  const server = createServer((request, response) => void answer(fetch, request, response))
  await new Promise<void>((resolve) => (socketPath === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socketPath, resolve)))
  return {
    address: socketPath ?? `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(fetch: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const headers = new Headers(request.headers as Record<string, string>)
    const made = await fetch(`http://${request.headers.host ?? 'registry'}${request.url ?? '/'}`, { headers, signal: gone.signal })
    response.writeHead(made.status, Object.fromEntries(made.headers))
    if (made.body === null) return void response.end()
    await pipeline(Readable.fromWeb(made.body as NodeStream), response)
  } catch {
    response.destroy()
  }
}
