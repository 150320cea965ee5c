// A client that sends exactly the bytes it is told to, in the pieces it is told to, and reads responses strictly. It waits on
// events, never on time; a wait that does not come true within its limit fails with what was seen.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { type Message, readBody, readHead } from './http1.ts'

export interface ReceivedResponse extends Message {
  readonly status: number
}

export interface Reading {
  /** Final responses. */
  readonly responses: readonly ReceivedResponse[]
  readonly interim: readonly ReceivedResponse[]
  /** Bytes after the last complete response. */
  readonly rest: string
  /** Whether `rest` begins a response that did not end. */
  readonly unfinished: boolean
  /** Why the bytes are not clean; empty when they are. */
  readonly problems: readonly string[]
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-9]\d\d) [\t\x20-\x7e\x80-\xff]*$/
const WAIT_LIMIT = 20_000

/** Reads a connection's bytes as the responses to these methods, in order. */
function readResponses(bytes: string, methods: readonly string[], closed: boolean): Reading {
  const responses: ReceivedResponse[] = []
  const interim: ReceivedResponse[] = []
  const problems: string[] = []
  let at = 0
  while (at < bytes.length) {
    const head = readHead(bytes, at)
    if (head === undefined) break
    const status = Number(STATUS_LINE.exec(head.line)?.[1] ?? Number.NaN)
    if (Number.isNaN(status)) problems.push(`status line ${JSON.stringify(head.line.slice(0, 80))}`)
    const method = methods[responses.length] ?? 'GET'
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
    const read = readBody(bytes, head, { bodiless, untilClose: true, ended: closed })
    if (read.kind === 'bad') problems.push(read.problem)
    if (read.kind !== 'message') break
    problems.push(...read.message.problems)
    const message = { ...read.message, status }
    if (status < 200) interim.push(message)
    else responses.push(message)
    at = read.message.end
    if (status === 101) break
  }
  const rest = bytes.slice(at)
  return { responses, interim, rest, unfinished: rest.length > 0 && interim.at(-1)?.status !== 101, problems }
}

/** One connection of a test client. */
export class RawClient {
  /** Everything received, latin1. */
  received = ''
  /** How the connection ended; undefined while the other side has not ended it. */
  closed: 'end' | 'reset' | undefined
  readonly socket: Socket
  /** Methods of the requests sent, so that responses to HEAD are read right. */
  readonly methods: string[] = []
  private readonly wakes = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      this.wake()
    })
    socket.on('end', () => this.finish('end'))
    socket.on('error', () => this.finish('reset'))
    socket.on('close', () => this.finish('end'))
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true, allowHalfOpen: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Writes latin1 text. */
  send(text: string): void {
    if (this.socket.writable) this.socket.write(text, 'latin1')
  }

  /** Writes the pieces one by one, each after the one before has left, so that they arrive as separate reads wherever the other side is quick enough. */
  async sendParts(parts: readonly string[]): Promise<void> {
    for (const part of parts) {
      if (!this.socket.writable) return
      await new Promise<void>((resolve) => {
        this.socket.write(part, 'latin1', () => setImmediate(resolve))
      })
    }
  }

  reading(): Reading {
    return readResponses(this.received, this.methods, this.closed === 'end')
  }

  /** Waits until the predicate holds; it is asked again after each event of the connection. */
  async until(predicate: () => boolean, what: string): Promise<void> {
    if (predicate()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.wakes.delete(check)
        reject(new Error(`waited ${WAIT_LIMIT} ms for ${what}; got ${JSON.stringify(this.received.slice(-500))}, ${this.closed ?? 'open'}`))
      }, WAIT_LIMIT)
      const check = (): void => {
        if (!predicate()) return
        clearTimeout(timer)
        this.wakes.delete(check)
        resolve()
      }
      this.wakes.add(check)
    })
  }

  /** Waits for this many final responses, or for the end of the connection. */
  async answers(count: number): Promise<Reading> {
    await this.until(() => this.closed !== undefined || this.reading().responses.length >= count, `${count} responses`)
    return this.reading()
  }

  /** Waits until the other side has ended the connection. */
  async ended(): Promise<Reading> {
    await this.until(() => this.closed !== undefined, 'the end of the connection')
    return this.reading()
  }

  /** Sends FIN; the other direction stays open. */
  end(): void {
    this.socket.end()
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  destroy(): void {
    this.socket.destroy()
  }

  private finish(how: 'end' | 'reset'): void {
    this.closed ??= how
    this.wake()
  }

  private wake(): void {
    for (const check of this.wakes) check()
  }
}

/** One request on a connection of its own, answered and closed. */
export async function exchange(port: number, text: string): Promise<Reading> {
  const client = await RawClient.connect(port)
  client.methods.push(text.slice(0, text.indexOf(' ')))
  client.send(text)
  const reading = await client.answers(1)
  client.destroy()
  return reading
}
