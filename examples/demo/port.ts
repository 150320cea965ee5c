// A port for the gateway: the usual one, or the next that is free.
import { createServer } from 'node:net'

/** How many ports after the wanted one are tried before any free one is taken. */
const NEIGHBOURS = 20

/** The wanted port of loopback if it is free, else one near it, else any. Not one of `taken`. */
export async function freePort(wanted: number, taken: readonly number[] = []): Promise<number> {
  for (let port = wanted; port <= Math.min(wanted + NEIGHBOURS, 65_535); port++) if (!taken.includes(port) && (await tryPort(port)) !== undefined) return port
  const any = await tryPort(0)
  if (any === undefined) throw new Error('no port of 127.0.0.1 is free')
  return any
}

/** The port that was bound and given back; undefined when it is in use. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}
