// Reading nodes over a session, with the watch set in the same question: between reading and watching nothing could be missed.
import { createSlots } from '../slots.ts'
import { ZooKeeperError, type Answer } from './connection.ts'
import { text, bool, type JuteReader } from './jute.ts'
import { ERROR, errorName, OP } from './protocol.ts'
import { Session, type SessionOptions } from './session.ts'
import type { Watcher, WatchKind } from './watches.ts'

/** Questions to the ensemble at once, over one connection. */
const QUESTIONS = 64

/** What the ensemble said to a question, where that is no data. */
type NoData = { readonly kind: 'no-node' } | { readonly kind: 'no-rights' } | { readonly kind: 'too-large'; readonly size: number }

/** Names of the children of a node. */
interface Children {
  readonly kind: 'children'
  readonly names: readonly string[]
  readonly bytes: number
}

/** Data of a node, and the transaction that wrote it. */
interface NodeData {
  readonly kind: 'data'
  readonly data: Uint8Array
  readonly mzxid: bigint
}

/** Reads nodes. Everything rejects with a `ZooKeeperError` when no server answers. A watcher is called once, see `Watcher`. */
export interface ZooKeeper {
  /** Waits until the server has seen all that the leader had committed. */
  sync(path: string, signal: AbortSignal): Promise<void>
  children(path: string, watcher: Watcher, signal: AbortSignal): Promise<Children | NoData>
  data(path: string, watcher: Watcher, signal: AbortSignal): Promise<NodeData | NoData>
  /** Whether a node is there; the watcher hears of its creation, or of its end. */
  exists(path: string, watcher: Watcher, signal: AbortSignal): Promise<boolean>
  /** Forgets a watcher of a path. */
  unwatch(path: string, watcher: Watcher): void
  /** `host:port` of the server asked last, for people. */
  server(): string
  /** Credentials that questions are asked with. */
  credentials(): string | undefined
  /** Asks with the credentials of now from here on. False where they are those that were `refused`. */
  authenticate(refused: string | undefined): Promise<boolean>
  /** What is wrong, while no server can be reached. */
  trouble(): ZooKeeperError | undefined
  /** Resolves once no server can be reached, or when the signal is aborted. */
  down(signal: AbortSignal): Promise<void>
  /** True while instances may be missing because of an outage. */
  doubtful(): boolean
  close(): void
}

/** Opens a session. */
export function createZooKeeper(options: SessionOptions): ZooKeeper {
  const session = new Session(options)
  const slots = createSlots(QUESTIONS)
  const ask = async (operation: number, path: string, watch: { readonly kind: (answer: Answer) => WatchKind | undefined; readonly watcher: Watcher } | undefined, signal: AbortSignal): Promise<Answer> => {
    const connection = await session.connected(signal)
    if (!(await slots.take(signal))) throw new ZooKeeperError('stopped')
    try {
      const seen = (answer: Answer): void => {
        const kind = watch?.kind(answer)
        if (watch !== undefined && kind !== undefined) session.watches.add(kind, path, watch.watcher)
      }
      return await connection.request(operation, watch === undefined ? [text(path)] : [text(path), bool(true)], seen)
    } finally {
      slots.give()
    }
  }
  const refuse = ({ error }: Answer): void => {
    if (error !== ERROR.ok) throw new ZooKeeperError(`${session.server}: ZooKeeper says ${errorName(error)}`, error === ERROR.authFailed || error === ERROR.noAuth)
  }
  const bodyOf = (answer: Answer): JuteReader | NoData => {
    if (answer.error === ERROR.noNode) return { kind: 'no-node' }
    if (answer.error === ERROR.noAuth) return { kind: 'no-rights' }
    refuse(answer)
    return answer.body ?? { kind: 'too-large', size: answer.size }
  }
  const found = (kind: WatchKind) => ({ error }: Answer): WatchKind | undefined => (error === ERROR.ok ? kind : undefined)
  return {
    sync: async (path, signal) => refuse(await ask(OP.sync, path, undefined, signal)),
    async children(path, watcher, signal) {
      const answer = await ask(OP.getChildren2, path, { kind: found('child'), watcher }, signal)
      const body = bodyOf(answer)
      return 'kind' in body ? body : { kind: 'children', names: body.texts(), bytes: answer.size }
    },
    async data(path, watcher, signal) {
      const body = bodyOf(await ask(OP.getData, path, { kind: found('data'), watcher }, signal))
      if ('kind' in body) return body
      const data = body.buffer()
      body.long()
      return { kind: 'data', data, mzxid: body.long() }
    },
    async exists(path, watcher, signal) {
      const answer = await ask(OP.exists, path, { kind: ({ error }) => (error === ERROR.noNode ? 'exist' : error === ERROR.ok ? 'data' : undefined), watcher }, signal)
      if (answer.error !== ERROR.noNode) refuse(answer)
      return answer.error === ERROR.ok
    },
    unwatch: (path, watcher) => session.watches.remove(path, watcher),
    server: () => session.server,
    credentials: () => session.credentials,
    authenticate: (refused) => session.authenticate(refused),
    trouble: () => session.trouble,
    down: (signal) => session.down(signal),
    doubtful: () => session.doubtful,
    close: () => session.close(),
  }
}
