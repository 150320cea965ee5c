// A live endpoint that says who it is, and that can stop, crash and come back on its port.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The path whose requests are answered only when the test says so. */
export const HELD = '/held'

export interface Backend {
  readonly name: string
  readonly host: string
  /** The same for as long as the drill lives. */
  readonly port: number
  /** Requests taken. */
  readonly requests: number
  /** Requests for `HELD` that wait for their answer. */
  readonly held: number
  /** Answers them. */
  release(): void
  /** Whether it takes connections. */
  readonly up: boolean
  start(): Promise<void>
  /** Orderly end: answers what is under way, with `connection: close`, and takes no more. Deregister it first, as a deploy does. */
  stop(): Promise<void>
  /** A crash: every connection is reset. */
  kill(): Promise<void>
}

/** Starts one. `changed` is called just after it came up and just before it goes down. */
export async function startBackend(name: string, changed: () => void, host = '127.0.0.1'): Promise<Backend> {
  const backend = new Serving(name, host, changed)
  await backend.start()
  return backend
}

class Serving implements Backend {
  readonly name: string
  readonly host: string
  port = 0
  requests = 0
  up = false
  readonly #changed: () => void
  #server: Server | undefined
  #waiting: (() => void)[] = []

  constructor(name: string, host: string, changed: () => void) {
    this.name = name
    this.host = host
    this.#changed = changed
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.requests++
      request.resume()
      const answer = (): void => {
        if (!this.up) response.setHeader('connection', 'close')
        response.end(this.name)
      }
      if (request.url === HELD) this.#waiting.push(answer)
      else answer()
    })
    server.listen(this.port, this.host)
    await once(server, 'listening')
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.#turn(true)
  }

  get held(): number {
    return this.#waiting.length
  }

  release(): void {
    for (const answer of this.#waiting.splice(0)) answer()
  }

  async stop(): Promise<void> {
    const server = this.#down()
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    server.closeIdleConnections()
    await closed
  }

  async kill(): Promise<void> {
    const server = this.#down()
    if (server === undefined) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  #down(): Server | undefined {
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) this.#turn(false)
    return server
  }

  #turn(up: boolean): void {
    this.up = up
    this.#changed()
  }
}
