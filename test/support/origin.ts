// An HTTP/1.1 origin on a raw socket. It records every byte it gets, reads requests with the strict reader and answers by
// script; what a gateway sent is judged from what is recorded here.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import { uncleanliness } from './clean.ts'
import { type Head, type Message, readBody, readHead } from './http1.ts'

export interface SeenRequest extends Message {
  readonly method: string
  readonly target: string
}

/** One connection to the origin, with every byte since the last `clear`. */
export interface OriginConnection {
  received: string
  /** Why what came is not clean. */
  readonly problems: string[]
  readonly socket: Socket
  closed: boolean
}

/** After the bytes: `keep` reads on, `end` sends FIN, `reset` sends RST, `silent` never answers again, `tunnel` hands the socket to `open`. */
export type Answer =
  | { readonly bytes: string; readonly next: 'keep' | 'end' | 'reset' | 'silent' }
  | { readonly bytes: string; readonly next: 'tunnel'; readonly open: (socket: Socket, early: string) => void }

/** Undefined means the echo: 200 with a JSON account of the request. */
type Script = (request: SeenRequest, connection: OriginConnection) => Answer | Promise<Answer> | undefined

export interface Origin {
  readonly port: number
  /** Complete requests in the order of their completion, since the last `clear`. */
  readonly requests: SeenRequest[]
  /** Heads, also of requests that never completed, since the last `clear`. */
  readonly heads: Head[]
  /** Connections open now or opened since the last `clear`. */
  readonly connections: OriginConnection[]
  /** Asked when a request is complete. */
  script: Script
  /** Asked when a head is complete; an answer here goes out before the body is read, and is the only one. */
  onHead: (head: Head) => Answer | undefined
  problems(): string[]
  clear(): void
  stop(): Promise<void>
}

/** Starts an origin on a loopback port, a free one unless told otherwise. */
export async function startOrigin(port = 0): Promise<Origin> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => serve(origin, socket))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const origin: Origin = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    heads: [],
    connections: [],
    script: () => undefined,
    onHead: () => undefined,
    problems: () => origin.connections.flatMap((connection) => connection.problems),
    clear() {
      origin.requests.length = origin.heads.length = 0
      origin.connections.splice(0, origin.connections.length, ...origin.connections.filter((connection) => !connection.closed))
      for (const connection of origin.connections) {
        connection.received = ''
        connection.problems.length = 0
      }
    },
    async stop() {
      for (const connection of origin.connections) connection.socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return origin
}

/** Bytes of a plain response with a length. */
export function response(status: string, body: string, fields: readonly string[] = []): string {
  return [`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')
}

/** The echo: what the origin understood of the request. */
function echo(request: SeenRequest): Answer {
  const { method, target, fields, body, trailers, framing } = request
  const account = JSON.stringify({ method, target, fields, body, trailers, framing }).replaceAll(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return { bytes: response('200 OK', method === 'HEAD' ? '' : account, ['Content-Type: application/json']), next: 'keep' }
}

function serve(origin: Origin, socket: Socket): void {
  const connection: OriginConnection = { received: '', problems: [], socket, closed: false }
  origin.connections.push(connection)
  let pending = ''
  let head: Head | undefined
  let answered = false
  // `deaf`: nothing more is read as requests. `tunnel`: the script has the socket, and ends it.
  let mode: 'requests' | 'deaf' | 'tunnel' = 'requests'
  let turn: Promise<void> = Promise.resolve()

  const send = (answer: Answer, early: () => string): void => {
    socket.write(answer.bytes, 'latin1')
    if (answer.next === 'end') socket.end()
    if (answer.next === 'reset') socket.resetAndDestroy()
    if (answer.next === 'silent') mode = 'deaf'
    if (answer.next === 'tunnel') {
      mode = 'tunnel'
      answer.open(socket, early())
    }
  }
  const takeAll = (): string => {
    const rest = pending
    pending = ''
    return rest
  }
  const fail = (problem: string): void => {
    connection.problems.push(problem)
    mode = 'deaf'
    socket.end(response('400 Bad Request', problem.replaceAll(/[^\x20-\x7e]/g, '?'), ['Connection: close']), 'latin1')
  }
  const step = (): boolean => {
    if (head === undefined) {
      head = readHead(pending, 0)
      if (head === undefined) return false
      origin.heads.push(head)
      const early = origin.onHead(head)
      answered = early !== undefined
      if (early !== undefined) send(early, takeAll)
    }
    const read = readBody(pending, head)
    if (read.kind === 'more') return false
    if (read.kind === 'bad') {
      fail(read.problem)
      return false
    }
    const [method = '', target = ''] = read.message.line.split(' ')
    const request: SeenRequest = { ...read.message, method, target }
    pending = pending.slice(request.end)
    head = undefined
    connection.problems.push(...uncleanliness(request))
    origin.requests.push(request)
    if (!answered) turn = turn.then(async () => send((await origin.script(request, connection)) ?? echo(request), takeAll))
    return true
  }
  socket.on('data', (chunk) => {
    const text = chunk.toString('latin1')
    connection.received += text
    if (mode !== 'requests') return
    pending += text
    for (let more = true; more; ) more = mode === 'requests' && step()
  })
  socket.on('end', () => {
    if (mode !== 'tunnel') socket.end()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    connection.closed = true
  })
}
