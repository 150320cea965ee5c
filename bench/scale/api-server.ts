// What the gateway sees of a Kubernetes API server: EndpointSlices listed in pages and watched (test/support has one that
// misbehaves; this one only has to be quick). It counts what it is asked.
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Estate, Slice } from './estate.ts'

export interface ApiServer {
  readonly url: string
  readonly counts: { lists: number; watches: number }
  /** Tells every watch. */
  modified(slice: Slice): void
  /** Closes the port and every connection. */
  stop(): Promise<void>
}

/** Events kept for watches that begin a little late. */
const KEPT = 400
/** Between two bookmarks, milliseconds. */
const BOOKMARK = 30_000

export async function startApiServer(estate: Estate): Promise<ApiServer> {
  const watches = new Set<ServerResponse>()
  const events: { readonly version: number; readonly line: Buffer }[] = []
  const counts = { lists: 0, watches: 0 }
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://k8s')
    response.setHeader('content-type', 'application/json')
    if (searchParams.has('watch')) {
      counts.watches++
      watches.add(response)
      response.flushHeaders()
      // What happened between two watches is not lost.
      const from = Number(searchParams.get('resourceVersion') ?? 0)
      for (const event of events) if (event.version > from) response.write(event.line)
      response.on('close', () => watches.delete(response))
      const end = (): void => {
        watches.delete(response)
        response.end()
      }
      setTimeout(end, Number(searchParams.get('timeoutSeconds') ?? 60) * 1000).unref()
      return
    }
    counts.lists++
    const [from, limit] = [Number(searchParams.get('continue') ?? 0), Number(searchParams.get('limit') ?? Infinity)]
    const items = estate.page(from, limit)
    const rest = estate.size.services - from - items.length
    const metadata = { resourceVersion: String(estate.version), ...(rest > 0 ? { continue: String(from + items.length), remainingItemCount: rest } : {}) }
    response.end(JSON.stringify({ kind: 'EndpointSliceList', apiVersion: 'discovery.k8s.io/v1', metadata, items }))
  })
  const write = (event: object): void => {
    const line = Buffer.from(`${JSON.stringify(event)}\n`)
    events.push({ version: estate.version, line })
    if (events.length > KEPT) events.shift()
    for (const watch of watches) watch.write(line)
  }
  const bookmarks = setInterval(() => write({ type: 'BOOKMARK', object: { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', metadata: { resourceVersion: String(estate.version) } } }), BOOKMARK)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    modified: (slice) => write({ type: 'MODIFIED', object: { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', ...slice } }),
    async stop() {
      clearInterval(bookmarks)
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
