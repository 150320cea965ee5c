// One session for all services of a registry: which server, resumed or new, when to try again. A reader owns no nodes, so a
// session that is lost costs one reading of the lists.
import { type Life, lifeWithin } from '../../src/model/life.ts'
import type { UpstreamTlsConfig } from '../../src/model/service-config.ts'
import type { Platform } from '../../src/model/platform.ts'
import { backoff } from '../backoff.ts'
import type { Connect } from '../byte-stream.ts'
import { Late, withDeadline } from '../deadline.ts'
import { saidBy } from '../text.ts'
import { openConnection, ZooKeeperError, type Connection } from './connection.ts'
import type { SessionKey } from './protocol.ts'
import { createWatches, type Watches } from './watches.ts'

/** A server as `host` and `port`. */
export interface Server {
  readonly host: string
  readonly port: number
}

export interface SessionOptions {
  readonly servers: readonly Server[]
  /** Wanted session timeout, milliseconds; the server may grant another. */
  readonly timeout: number
  readonly tls: UpstreamTlsConfig | undefined
  readonly connect: Connect
  readonly platform: Platform
  /** `user:password`, asked for before each connection, and when something is denied. */
  readonly credentials: () => Promise<string | undefined>
}

/** Cap of the backoff after every server has failed, milliseconds. Below the 30 s of questions, which wait on top of it. */
const MAX_BACKOFF = 15_000
/** After a connection is lost the clients of a server scatter over this time, so that the next one is not stormed. */
const SCATTER = 500
/** Bounds of the time for connecting and the handshake with one server, milliseconds. */
const [MIN_ATTEMPT, MAX_ATTEMPT] = [1000, 5000]
/** A question waits so long for a connection, milliseconds; less than its deadline, so that it can say what is wrong. */
const PATIENCE = 8000
/** Away for longer than this (milliseconds), others lost their sessions too … */
const OUTAGE = 3000
/** … and so long (milliseconds) after it every instance that is missing is in doubt. Curator's default session is 60 s. */
export const DOUBT = 60_000

/** A session that keeps itself up until it is closed. */
export class Session {
  readonly watches: Watches = createWatches()
  /** `host:port` of the server asked last, for people. */
  server = ''
  readonly #options: SessionOptions
  readonly #stop = new AbortController()
  readonly #order: readonly Server[]
  readonly #waiting = new Set<(outcome: Connection | ZooKeeperError) => void>()
  #connection: Connection | undefined
  #key: SessionKey | undefined
  #lastZxid = 0n
  /** Monotonic milliseconds of the last moment with a connection; undefined before the first. */
  #seenAt: number | undefined
  #doubtUntil = -Infinity
  #trouble: ZooKeeperError | undefined
  #turn = 0

  constructor(options: SessionOptions) {
    this.#options = options
    this.#order = shuffled(options.servers, options.platform)
    void this.#run()
  }

  /** The connection now or soon. Rejects with a `ZooKeeperError` when every server has just failed, or after 8 s. */
  async connected(signal: AbortSignal): Promise<Connection> {
    const outcome = this.#connection ?? (await this.#next(signal, PATIENCE))
    if (outcome === undefined) throw this.#trouble ?? new ZooKeeperError('no server has answered yet')
    if (outcome instanceof ZooKeeperError) throw outcome
    return outcome
  }

  /** What is wrong, while no server can be reached. */
  get trouble(): ZooKeeperError | undefined {
    return this.#trouble
  }

  /** Resolves once no server can be reached, or when the signal is aborted. */
  async down(signal: AbortSignal): Promise<void> {
    while (this.#trouble === undefined && !signal.aborted) await this.#next(signal, Infinity)
  }

  /** True while an instance that is missing may have lost its session to an outage, and not have come back yet. */
  get doubtful(): boolean {
    return this.#options.platform.now() < this.#doubtUntil
  }

  /** `user:password` of the connection; undefined without one. */
  get credentials(): string | undefined {
    return this.#connection?.credentials
  }

  /** Has the connection prove itself with the credentials of now. False where there are none, or none but those that were `refused`. */
  async authenticate(refused: string | undefined): Promise<boolean> {
    // A file that cannot be read now says nothing new.
    const credentials = await this.#options.credentials().catch(() => undefined)
    if (credentials === undefined || credentials === refused || this.#connection === undefined) return false
    if (this.#connection.credentials !== credentials) this.#connection.authenticate(credentials)
    return true
  }

  /** Ends the session. */
  close(): void {
    this.#connection?.close(new ZooKeeperError('the session was closed'), true)
    this.#stop.abort()
  }

  // The next outcome of connecting; undefined when it does not come in time.
  #next(signal: AbortSignal, patience: number): Promise<Connection | ZooKeeperError | undefined> {
    return new Promise((resolve) => {
      const done = (outcome: Connection | ZooKeeperError | undefined): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', leave)
        enough.abort()
        resolve(outcome)
      }
      const leave = (): void => done(undefined)
      const enough = new AbortController()
      if (signal.aborted) return resolve(undefined)
      signal.addEventListener('abort', leave)
      this.#waiting.add(done)
      if (patience < Infinity) void this.#options.platform.sleep(patience, enough.signal).then(() => done(undefined))
    })
  }

  #tell(outcome: Connection | ZooKeeperError): void {
    for (const done of this.#waiting) done(outcome)
  }

  async #run(): Promise<void> {
    const { platform } = this.#options
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      const problems: ZooKeeperError[] = []
      let refused = false
      while (problems.length < this.#order.length && !this.#stop.signal.aborted) {
        const server = this.#order[this.#turn++ % this.#order.length] ?? { host: '', port: 0 }
        const outcome = await this.#attempt(server)
        if (outcome === 'expired') {
          // Every server may be asked for a new one, those too that were behind what the old one had seen.
          this.#leave()
          problems.length = 0
          refused = false
        } else if (outcome.proven) {
          failures = 0
          problems.length = 0
          await platform.sleep(platform.random() * SCATTER, this.#stop.signal)
        } else {
          problems.push(outcome.trouble)
          refused ||= outcome.atHandshake
        }
      }
      if (this.#stop.signal.aborted) break
      failures++
      this.#trouble = new ZooKeeperError(problems.map(({ message }) => message).join('; '), problems.some(({ denied }) => denied))
      // A server that lost its data, or went back to older data, refuses a session that has seen more. One that nobody takes is given up.
      if (refused) this.#lastZxid = 0n
      if (refused || platform.now() - (this.#seenAt ?? 0) > this.#options.timeout) this.#leave()
      this.#tell(this.#trouble)
      await platform.sleep(backoff(failures, platform.random(), MAX_BACKOFF), this.#stop.signal)
    }
    this.#tell(new ZooKeeperError('the session was closed'))
  }

  // One server: connects, and serves as long as the connection lasts.
  async #attempt(server: Server): Promise<'expired' | { readonly trouble: ZooKeeperError; readonly proven: boolean; readonly atHandshake: boolean }> {
    const name = `${server.host}:${server.port}`
    const life = lifeWithin(this.#stop.signal)
    let atHandshake = false
    try {
      const connection = await this.#open(server, name, life, () => (atHandshake = true))
      if (connection === undefined && this.#key !== undefined) return 'expired'
      if (connection === undefined) throw new Error('the server grants no session')
      const trouble = await this.#serve(connection, name)
      return { trouble, proven: connection.proven, atHandshake: false }
    } catch (error) {
      // What a connection says that we closed ourselves is not the reason.
      const late = life.signal.reason instanceof Late ? life.signal.reason : undefined
      if (late === undefined && error instanceof ZooKeeperError) return { trouble: error, proven: false, atHandshake }
      return { trouble: new ZooKeeperError(`${name}: ${saidBy(late ?? error)}`), proven: false, atHandshake: atHandshake && late === undefined }
    } finally {
      life.end()
    }
  }

  async #open(server: Server, name: string, life: Life, atHandshake: () => void): Promise<Connection | undefined> {
    const { platform, connect, tls, timeout } = this.#options
    const limit = Math.min(MAX_ATTEMPT, Math.max(MIN_ATTEMPT, (timeout * 2) / 3 / this.#order.length))
    const open = async (signal: AbortSignal): Promise<Connection | undefined> => {
      // The signal is aborted as well when all went well; the connection outlives that.
      signal.addEventListener('abort', () => signal.reason instanceof Late && life.end(signal.reason))
      const credentials = await this.#options.credentials()
      const stream = await connect({ host: server.host, port: server.port, tls, signal: life.signal })
      atHandshake()
      const hello = { lastZxid: this.#lastZxid, timeout, session: this.#key }
      return openConnection({ name, stream, platform, hello, credentials, onEvent: (event) => this.watches.fire(event) })
    }
    return withDeadline(platform, limit, this.#stop.signal, open, (late) => {
      throw late
    })
  }

  async #serve(connection: Connection, name: string): Promise<ZooKeeperError> {
    const { platform } = this.#options
    const resumed = this.#key !== undefined && this.#key.id === connection.session.id
    const away = this.#seenAt === undefined ? 0 : platform.now() - this.#seenAt
    if (this.#seenAt !== undefined && (away > OUTAGE || !resumed)) this.#doubtUntil = platform.now() + DOUBT
    if (!resumed) this.watches.lose()
    this.#key = connection.session
    for (const batch of this.watches.batches()) connection.setWatches(this.#lastZxid, batch)
    this.#connection = connection
    this.server = name
    this.#trouble = undefined
    this.#tell(connection)
    const trouble = await connection.ended
    this.#connection = undefined
    this.#lastZxid = connection.lastZxid
    this.#seenAt = platform.now()
    return trouble
  }

  // What was seen last is kept for the next session: a server that is behind it refuses the handshake, and another one is tried.
  #leave(): void {
    this.#key = undefined
    this.watches.lose()
  }
}

function shuffled(servers: readonly Server[], platform: Platform): readonly Server[] {
  return servers.map((server) => ({ server, key: platform.random() })).sort((a, b) => a.key - b.key).map(({ server }) => server)
}
