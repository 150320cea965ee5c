// The fake Marathon behind sockets: each node is a Node HTTP server on a port of its own.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFakeMarathon, type Answer, type FakeMarathon, type FakeMarathonOptions } from './fake-marathon.ts'

export interface MarathonServer extends FakeMarathon {
  /** `host:port` of each node. */
  readonly nodes: readonly string[]
  /** Stops taking connections at a node and resets those it has: the process is gone. */
  kill(node: string): Promise<void>
  /** Takes connections again, on the same port. */
  restart(node: string): Promise<void>
  /** Takes requests and never answers, until `resume`; streams stay open and say nothing. */
  pause(): void
  resume(): void
  close(): Promise<void>
}

export interface MarathonServerOptions extends Omit<FakeMarathonOptions, 'nodes'> {
  /** Number of nodes; default 1. */
  readonly size?: number
  /** Milliseconds between two heartbeats; default 10 s as Marathon. */
  readonly heartbeat?: number
}

/** Starts one. */
export async function startMarathon(options: MarathonServerOptions = {}): Promise<MarathonServer> {
  let paused = false
  const held: (() => void)[] = []
  const servers = new Map<string, Server>()
  const serve = async (port: number): Promise<string> => {
    const server = createServer((request, response) => {
      const answer = (): void => respond(marathon.answer(readRequest(request, node)), response)
      if (paused) held.push(answer)
      else answer()
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const node = `127.0.0.1:${(server.address() as AddressInfo).port}`
    servers.set(node, server)
    return node
  }
  const stop = async (node: string): Promise<void> => {
    const server = servers.get(node)
    if (server === undefined) return
    servers.delete(node)
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  const nodes: string[] = []
  for (let index = 0; index < (options.size ?? 1); index++) nodes.push(await serve(0))
  const marathon = createFakeMarathon({ ...options, nodes })
  const timer = setInterval(() => marathon.streams.beat(), options.heartbeat ?? 10_000)
  return Object.assign(marathon, {
    nodes,
    kill: stop,
    restart: async (node: string): Promise<void> => void (await serve(Number(node.split(':')[1]))),
    pause(): void {
      paused = true
      marathon.streams.silence(true)
    },
    resume(): void {
      paused = false
      marathon.streams.silence(false)
      for (const answer of held.splice(0)) answer()
    },
    async close(): Promise<void> {
      clearInterval(timer)
      for (const node of servers.keys()) await stop(node)
    },
  })
}

function readRequest(request: IncomingMessage, node: string): Parameters<FakeMarathon['answer']>[0] {
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://${node}`)
  const headers = new Headers()
  for (const [name, values] of Object.entries(request.headersDistinct)) for (const value of values ?? []) headers.append(name, value)
  return { node, path: pathname, query: searchParams, headers }
}

function respond(answer: Answer, response: ServerResponse): void {
  if (response.destroyed) return
  response.writeHead(answer.status, { ...answer.headers })
  if (answer.stream === undefined) {
    response.end(answer.body)
    return
  }
  response.flushHeaders()
  let outstanding = 0
  const write = (text: string): void => {
    outstanding++
    response.write(text, () => void outstanding--)
  }
  const detach = answer.stream({ write, outstanding: () => outstanding, end: () => void response.end() })
  response.on('close', detach)
}
