// A TCP proxy on loopback that fails as networks do. It stands between a gateway and its registry, and the test says how it fails.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What the proxy does with bytes and connections. A kind holds until the next is set. */
export interface FaultProxy {
  /** `host:port` to connect to; the same for as long as the proxy lives. */
  readonly address: string
  /** Connections taken so far. */
  readonly accepted: number
  /**
   * The most connections at once, since the kind was set, whose clients asked for the same (a path, in HTTP), had no answer, and were still there:
   * 1 where nobody asks again before the first question is given up.
   */
  readonly mostAlike: number
  /** Everything passes again: refused ports open, held bytes flow. */
  pass(): Promise<void>
  /** Resets every open connection, once. New ones go on by the kind that is set. */
  cut(): void
  /** Resets every connection, and nothing listens any more. */
  refuse(): Promise<void>
  /** Connections open and stay open, and no byte goes through in either direction: a host that vanished. */
  blackhole(): void
  /** The connections that are open now stay so, and no byte ever goes through any more. New ones go on by the kind that is set. */
  strand(): void
  /** Bytes of the server come `ms` milliseconds late. */
  delay(ms: number): void
  /** Bytes of the server come at this rate. */
  throttle(bytesPerSecond: number): void
  /** Each answer is cut off, with its connection, after this many bytes. */
  truncate(bytes: number): void
  /** Each question, also one that is open, gets these bytes and the end of its connection; the server hears nothing of it. */
  answer(bytes: string): void
  /** Sends new connections to another server. */
  retarget(address: string): void
  close(): Promise<void>
}

type Fault = { readonly kind: 'pass' | 'blackhole' } | { readonly kind: 'delay'; readonly ms: number } | { readonly kind: 'throttle'; readonly rate: number } | { readonly kind: 'truncate'; readonly bytes: number } | { readonly kind: 'answer'; readonly bytes: string }

const THROTTLE_TICK = 20

/** A whole answer in HTTP, for `answer`. */
export function httpAnswer(status: string, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const all = { 'content-type': 'text/plain', 'content-length': String(Buffer.byteLength(body)), connection: 'close', ...headers }
  return `HTTP/1.1 ${status}\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

/** Starts a proxy in front of `host:port`. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const proxy = new Proxying(target)
  await proxy.listen(0)
  return proxy
}

class Proxying implements FaultProxy {
  accepted = 0
  mostAlike = 0
  #target: string
  #fault: Fault = { kind: 'pass' }
  #port = 0
  #server: Server | undefined
  readonly #pairs = new Set<Pair>()

  constructor(target: string) {
    this.#target = target
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.accepted++
      const pair = new Pair(client, this.#target, { fault: () => this.#fault, gone: () => this.#pairs.delete(pair), asked: () => this.#count() })
      this.#pairs.add(pair)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  async pass(): Promise<void> {
    if (this.#server === undefined) await this.listen(this.#port)
    this.#set({ kind: 'pass' })
  }

  cut(): void {
    for (const pair of this.#pairs) pair.reset()
  }

  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    const closed = server === undefined ? undefined : once(server, 'close')
    server?.close()
    this.cut()
    await closed
  }

  blackhole(): void {
    this.#set({ kind: 'blackhole' })
  }

  strand(): void {
    for (const pair of this.#pairs) pair.strand()
  }

  delay(ms: number): void {
    this.#set({ kind: 'delay', ms })
  }

  throttle(bytesPerSecond: number): void {
    this.#set({ kind: 'throttle', rate: bytesPerSecond })
  }

  truncate(bytes: number): void {
    this.#set({ kind: 'truncate', bytes })
  }

  answer(bytes: string): void {
    this.#set({ kind: 'answer', bytes })
  }

  retarget(address: string): void {
    this.#target = address
  }

  close(): Promise<void> {
    return this.refuse()
  }

  #set(fault: Fault): void {
    this.#fault = fault
    for (const pair of this.#pairs) pair.changed()
    this.mostAlike = 0
    this.#count()
  }

  // Once all that has arrived by now was read: who gave up one question and asked the next one never had two.
  #count(): void {
    setImmediate(() => {
      const asked = Map.groupBy([...this.#pairs].map(({ asking }) => asking).filter((question) => question !== undefined), (question) => question)
      this.mostAlike = Math.max(this.mostAlike, ...[...asked.values()].map(({ length }) => length))
    })
  }
}

interface PairOptions {
  fault(): Fault
  gone(): void
  /** The client said something. */
  asked(): void
}

/** One connection through the proxy. */
class Pair {
  readonly #client: Socket
  readonly #server: Socket
  readonly #options: PairOptions
  /** Bytes of the server since the client last said something: one answer. */
  #answered = 0
  /** What the client asked for since the server last said something. */
  #asking: string | undefined
  /** The client is gone, which the server may not know yet. */
  #left = false
  /** What the client did while nothing went through. */
  #held: (() => void)[] = []
  /** What the server said goes to the client in order, however late. */
  #turn: Promise<void> = Promise.resolve()
  readonly #timers = new Map<NodeJS.Timeout, () => void>()
  #stranded = false
  #over = false

  constructor(client: Socket, target: string, options: PairOptions) {
    const [host, port] = target.split(':')
    this.#client = client
    this.#server = connect({ host: host ?? '', port: Number(port), noDelay: true, allowHalfOpen: true })
    this.#options = options
    this.#client.on('data', (chunk: Buffer) => {
      this.#answered = 0
      this.#asking ??= pathOf(chunk)
      this.#options.asked()
      if (this.#fault.kind === 'answer') this.changed()
      else this.#pass(() => this.#server.write(chunk))
    })
    this.#client.on('end', () => this.#leave(() => this.#server.end()))
    this.#server.on('data', (chunk: Buffer) => {
      this.#asking = undefined
      this.#later(() => this.#answer(chunk))
    })
    this.#server.on('end', () => this.#later(async () => void this.#client.end()))
    this.#client.on('error', () => this.#leave(() => this.reset()))
    this.#server.on('error', () => this.reset())
    for (const socket of [this.#client, this.#server]) socket.on('close', () => this.#closed())
    this.changed()
  }

  /** What the client waits for; undefined when it does not. */
  get asking(): string | undefined {
    return this.#left ? undefined : this.#asking
  }

  reset(): void {
    if (this.#over) return
    this.#over = true
    for (const [timer, wake] of this.#timers) {
      clearTimeout(timer)
      wake()
    }
    for (const socket of [this.#client, this.#server]) if (!socket.destroyed) socket.resetAndDestroy()
    this.#options.gone()
  }

  strand(): void {
    this.#stranded = true
    this.changed()
  }

  changed(): void {
    const fault = this.#fault
    if (this.#isBlack) this.#server.pause()
    else {
      for (const step of this.#held.splice(0)) step()
      this.#server.resume()
    }
    if (fault.kind === 'answer' && this.#asking !== undefined) this.#later(() => this.#breakOff(Buffer.from(fault.bytes)))
  }

  get #fault(): Fault {
    return this.#options.fault()
  }

  /** Nothing goes through. The client is heard all the same, so that it is seen whether it is still there. */
  get #isBlack(): boolean {
    return this.#stranded || this.#fault.kind === 'blackhole'
  }

  #pass(step: () => void): void {
    if (this.#isBlack) this.#held.push(step)
    else step()
  }

  #leave(step: () => void): void {
    this.#left = true
    this.#pass(step)
  }

  #closed(): void {
    if (this.#client.destroyed && this.#server.destroyed) this.reset()
  }

  #later(step: () => Promise<void>): void {
    this.#turn = this.#turn.then(() => (this.#over ? undefined : step()))
  }

  async #answer(chunk: Buffer): Promise<void> {
    const fault = this.#fault
    if (fault.kind === 'delay') await this.#sleep(fault.ms)
    if (fault.kind === 'throttle') return this.#trickle(chunk, fault.rate)
    if (fault.kind === 'truncate' && this.#answered + chunk.length > fault.bytes) return this.#breakOff(chunk.subarray(0, fault.bytes - this.#answered))
    this.#answered += chunk.length
    if (!this.#over) this.#client.write(chunk)
  }

  async #trickle(chunk: Buffer, rate: number): Promise<void> {
    const step = Math.max(1, Math.floor((rate * THROTTLE_TICK) / 1000))
    for (let at = 0; at < chunk.length && !this.#over; at += step) {
      // The rest goes at once where the fault is over meanwhile.
      const part = this.#fault.kind === 'throttle' ? chunk.subarray(at, at + step) : chunk.subarray(at)
      this.#client.write(part)
      if (part.length > step) return
      await this.#sleep(THROTTLE_TICK)
    }
  }

  async #breakOff(rest: Buffer): Promise<void> {
    await new Promise<void>((resolve) => void this.#client.write(rest, () => resolve()))
    this.#client.end()
    this.#server.destroy()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        resolve()
      }, ms)
      this.#timers.set(timer, resolve)
    })
  }
}

/** The path of a request that begins here, without its query; empty for what is not HTTP. */
function pathOf(chunk: Buffer): string {
  return /^[A-Z]+ ([^ ?]*)/.exec(chunk.toString('latin1'))?.[1] ?? ''
}
