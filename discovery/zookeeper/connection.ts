// One connection to one server: the handshake, requests answered in their order, pings, and a watchdog. A server that is
// frozen keeps its connections open; only silence gives it away.
import type { Platform } from '../../src/model/platform.ts'
import type { ByteStream } from '../byte-stream.ts'
import { saidBy } from '../text.ts'
import { createFrames, type Frame } from './frames.ts'
import { JuteReader } from './jute.ts'
import { authMessage, ERROR, errorName, helloMessage, OP, readEvent, readHeader, readWelcome, REPLY_HEADER_BYTES, requestMessage, setWatchesMessage, XID, type Hello, type SessionKey, type WatchEvent, type WatchPaths } from './protocol.ts'

/** Why a connection ended or could not be had, or why nodes cannot be read; the message names the server. */
export class ZooKeeperError extends Error {
  /** True when the server refuses whom we say we are. */
  readonly denied: boolean
  constructor(message: string, denied = false) {
    super(message)
    this.name = 'ZooKeeperError'
    this.denied = denied
  }
}

/** The answer to one request. */
export interface Answer {
  readonly error: number
  /** Undefined when it is larger than is kept. */
  readonly body: JuteReader | undefined
  readonly size: number
}

/** An open connection of a live session. */
export interface Connection {
  readonly session: SessionKey
  /** Newest transaction seen. */
  readonly lastZxid: bigint
  /** True once any request was answered. */
  readonly proven: boolean
  /**
   * Asks. `seen` is called before anything that the server sent after the answer is read: what must not miss the next event
   * belongs there. Rejects with a `ZooKeeperError` when the connection ends first.
   */
  request(operation: number, body: readonly Uint8Array[], seen?: (answer: Answer) => void): Promise<Answer>
  setWatches(zxid: bigint, paths: WatchPaths): void
  /** `user:password` that it proved itself with last. */
  readonly credentials: string | undefined
  /** Proves itself with these too. What is asked after that is asked with them. */
  authenticate(credentials: string): void
  /** Resolves when the connection has ended, with why. */
  readonly ended: Promise<ZooKeeperError>
  /** Ends it; with `forGood` the session as well. */
  close(reason: ZooKeeperError, forGood?: boolean): void
}

/** What a connection is made with. */
export interface ConnectionOptions {
  /** `host:port` of the server, for people. */
  readonly name: string
  readonly stream: ByteStream
  readonly platform: Platform
  readonly hello: Hello
  /** `user:password` for digest authentication. */
  readonly credentials: string | undefined
  readonly onEvent: (event: WatchEvent) => void
}

/** Shakes hands. Undefined when the session has expired. Rejects when the server does not answer as ZooKeeper does. */
export async function openConnection(options: ConnectionOptions): Promise<Connection | undefined> {
  const { name, stream, hello } = options
  const next = createFrames(stream)
  stream.write(helloMessage(hello))
  const first = await next(REPLY_HEADER_BYTES)
  if (first === undefined) throw new ZooKeeperError(`${name}: the server closed the connection at once; it has no quorum, is behind what was seen before, or grants no more connections`)
  const welcome = readWelcome(new JuteReader(first.bytes))
  if (welcome === undefined) return undefined
  const open = new OpenConnection(options, welcome.session, welcome.timeout)
  void open.run(next)
  return open
}

interface Pending {
  readonly xid: number
  readonly at: number
  readonly seen: ((answer: Answer) => void) | undefined
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: ZooKeeperError) => void
}

class OpenConnection implements Connection {
  readonly session: SessionKey
  readonly ended: Promise<ZooKeeperError>
  lastZxid: bigint
  proven = false
  credentials: string | undefined
  readonly #options: ConnectionOptions
  readonly #timeout: number
  readonly #stop = new AbortController()
  readonly #pending: Pending[] = []
  #end: (reason: ZooKeeperError) => void = () => {}
  #reason: ZooKeeperError | undefined
  #xid = 0
  #heard: number
  #sent: number

  constructor(options: ConnectionOptions, session: SessionKey, timeout: number) {
    this.#options = options
    this.session = session
    this.#timeout = timeout
    this.lastZxid = options.hello.lastZxid
    this.#heard = this.#sent = options.platform.now()
    this.ended = new Promise((resolve) => (this.#end = resolve))
    if (options.credentials !== undefined) this.authenticate(options.credentials)
  }

  async run(next: (keep: number) => Promise<Frame | undefined>): Promise<void> {
    void this.#watchdog()
    try {
      for (let frame = await next(REPLY_HEADER_BYTES); frame !== undefined && this.#reason === undefined; frame = await next(REPLY_HEADER_BYTES)) {
        this.#heard = this.#options.platform.now()
        this.#take(frame)
      }
      this.close(this.#trouble('the server closed the connection'))
    } catch (error) {
      this.close(error instanceof ZooKeeperError ? error : this.#trouble(saidBy(error)))
    }
  }

  request(operation: number, body: readonly Uint8Array[], seen?: (answer: Answer) => void): Promise<Answer> {
    if (this.#reason !== undefined) return Promise.reject(this.#reason)
    const xid = (this.#xid = (this.#xid % 0x7fff_fffe) + 1)
    this.#write(requestMessage(xid, operation, body))
    return new Promise((resolve, reject) => this.#pending.push({ xid, at: this.#options.platform.now(), seen, resolve, reject }))
  }

  setWatches(zxid: bigint, paths: WatchPaths): void {
    this.#write(setWatchesMessage(zxid, paths))
  }

  authenticate(credentials: string): void {
    this.credentials = credentials
    this.#write(authMessage(credentials))
  }

  close(reason: ZooKeeperError, forGood = false): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    if (forGood) this.#write(requestMessage(++this.#xid, OP.closeSession))
    this.#stop.abort()
    this.#options.stream.close()
    for (const { reject } of this.#pending.splice(0)) reject(reason)
    this.#end(reason)
  }

  #trouble(message: string, denied = false): ZooKeeperError {
    return new ZooKeeperError(`${this.#options.name}: ${message}`, denied)
  }

  #write(message: Uint8Array): void {
    this.#sent = this.#options.platform.now()
    this.#options.stream.write(message)
  }

  #take({ bytes, size }: Frame): void {
    const reader = new JuteReader(bytes)
    const { xid, zxid, error } = readHeader(reader)
    if (zxid > this.lastZxid) this.lastZxid = zxid
    if (xid === XID.event) {
      const event = size === bytes.byteLength ? readEvent(reader) : undefined
      if (event !== undefined) this.#options.onEvent(event)
    } else if (xid === XID.auth) {
      if (error !== ERROR.ok) throw this.#trouble(`the server refuses the credentials: ${errorName(error)}`, true)
    } else if (xid >= 0) {
      this.#answered(xid, { error, body: size === bytes.byteLength ? reader : undefined, size })
    }
  }

  // Answers come in the order of the requests; anything else would give one node the data of another.
  #answered(xid: number, answer: Answer): void {
    const pending = this.#pending.shift()
    if (pending?.xid !== xid) {
      const trouble = this.#trouble('the server mixed up its answers')
      pending?.reject(trouble)
      throw trouble
    }
    this.proven = true
    pending.seen?.(answer)
    pending.resolve(answer)
  }

  // A ping each third of the session timeout; after two thirds without a byte there is still time to reach another server.
  async #watchdog(): Promise<void> {
    const { platform } = this.#options
    const [interval, limit] = [this.#timeout / 3, (this.#timeout * 2) / 3]
    while (this.#reason === undefined) {
      const now = platform.now()
      const oldest = this.#pending[0]?.at ?? now
      if (now - this.#heard >= limit) return this.close(this.#trouble(`the server was silent for ${seconds(now - this.#heard)} s; it may be frozen or cut off`))
      if (now - oldest >= this.#timeout) return this.close(this.#trouble(`the server left a question unanswered for ${seconds(now - oldest)} s`))
      if (now - this.#sent >= interval) this.#write(requestMessage(XID.ping, OP.ping))
      await platform.sleep(Math.max(1, Math.min(this.#sent + interval, this.#heard + limit) - now), this.#stop.signal)
    }
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 1000)
}
