// The children of one node with their data, kept for one watch: after an event only what is new or has changed is read.
import { ZooKeeperError } from './connection.ts'
import type { ZooKeeper } from './client.ts'
import type { Watcher } from './watches.ts'

/** Questions of one reading at once. */
const AT_ONCE = 32
/** Most bytes of data in one service. */
const MAX_BYTES = 32 * 2 ** 20

/** What is in a child, decoded: a value, a reason why it is none, or undefined for what is none of ours. What is `foreign` is none of ours unless it was one before. */
export type Decoded<T> = { readonly value: T } | { readonly reason: string; readonly foreign?: boolean } | undefined

/** How children become values. */
export interface Format<T> {
  /** Whether a child of this name is one of ours. */
  accepts(name: string): boolean
  decode(name: string, data: Uint8Array): Decoded<T>
}

/** All values, by the name of their node; a value beside a reason is the last good one. */
export interface Content<T> {
  readonly values: ReadonlyMap<string, T>
  readonly rejected: readonly { readonly id: string; readonly reason: string }[]
  /** Children that we may not read. */
  readonly hidden: number
  readonly bytes: number
}

/** What to read: what events spoke of; the list and what is new in it; everything, after the server has caught up with the leader. */
type Depth = 'news' | 'list' | 'all'

interface Known<T> {
  readonly mzxid: bigint
  readonly bytes: number
  readonly decoded: Decoded<T>
  readonly lastGood: T | undefined
}

/** Follows the children of one node. */
export class Nodes<T> {
  readonly #client: ZooKeeper
  readonly #path: string
  readonly #format: Format<T>
  readonly #max: number
  readonly #known = new Map<string, Known<T>>()
  /** Children with a watch on their data, which need not be read again. */
  readonly #armed = new Set<string>()
  readonly #watchers = new Map<string, Watcher>()
  readonly #parentWatcher: Watcher = (what) => {
    this.#listArmed = false
    this.#behind ||= what === 'lost'
    this.#wake()
  }
  /** Our children as listed last, and whether a watch stands on the list, so that it need not be read again. */
  #ours: readonly string[] | undefined
  #listArmed = false
  /** A session was lost: the server of the next one may be behind what is known here, and list who is gone already. */
  #behind = false
  #changed = false
  #bell: () => void = () => {}

  /** @param max most children of a service */
  constructor(client: ZooKeeper, path: string, format: Format<T>, max: number) {
    this.#client = client
    this.#path = path
    this.#format = format
    this.#max = max
  }

  /** Resolves when something has happened since the last reading began, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    if (this.#changed || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done)
        this.#bell = () => {}
        resolve()
      }
      this.#bell = done
      signal.addEventListener('abort', done)
    })
  }

  /** True when something has happened since the last reading began. */
  get hasChanged(): boolean {
    return this.#changed
  }

  /**
   * Reads the children and what is not known of them.
   * Rejects with a `ZooKeeperError`; `denied` when the list, or the data of every child, may not be read.
   */
  async read(depth: Depth, signal: AbortSignal): Promise<Content<T> | 'no-node'> {
    this.#changed = false
    if (depth === 'all' || this.#behind) await this.#catchUp(signal)
    if (depth !== 'news' || !this.#listArmed || this.#ours === undefined) this.#ours = await this.#listOurs(signal)
    if (this.#ours === undefined) return 'no-node'
    return this.#readAll(this.#ours, depth === 'all', signal)
  }

  /** Takes the watchers away. */
  close(): void {
    this.#client.unwatch(this.#path, this.#parentWatcher)
    this.#forgetOthers(new Set())
  }

  // Only inside of a session does ZooKeeper see to it that nobody goes back in time.
  async #catchUp(signal: AbortSignal): Promise<void> {
    this.#behind = false
    try {
      await this.#client.sync(this.#path, signal)
    } catch (error) {
      this.#behind = true
      throw error
    }
  }

  async #listOurs(signal: AbortSignal): Promise<readonly string[] | undefined> {
    this.#ours = undefined
    const names = await this.#list(signal)
    const ours = (names ?? []).filter((name) => this.#format.accepts(name))
    if (ours.length > this.#max) throw this.#trouble(`${this.#path} has ${ours.length} children; more than ${this.#max} of one service are refused`)
    this.#forgetOthers(new Set(ours))
    return names === undefined ? undefined : ours
  }

  async #list(signal: AbortSignal): Promise<readonly string[] | undefined> {
    // A node that comes to be between the two questions is listed by the next turn.
    for (let turn = 0; turn < 3; turn++) {
      // Before the question: a change that comes right behind the answer takes it away again.
      this.#listArmed = true
      const answer = await this.#client.children(this.#path, this.#parentWatcher, signal)
      if (answer.kind === 'children') return answer.names
      if (answer.kind === 'no-rights') throw this.#trouble(`the children of ${this.#path} may not be read; check auth and the node’s ACL`, true)
      if (answer.kind === 'too-large') throw this.#trouble(`the list of the children of ${this.#path} has ${answer.size} bytes; at most 1 MiB is read`)
      if (!(await this.#client.exists(this.#path, this.#parentWatcher, signal))) return undefined
    }
    throw this.#trouble(`${this.#path} comes and goes`)
  }

  async #readAll(names: readonly string[], all: boolean, signal: AbortSignal): Promise<Content<T>> {
    const hidden = new Set<string>()
    const wanted = names.filter((name) => all || !this.#armed.has(name))
    let at = 0
    let fresh = 0
    const work = async (): Promise<void> => {
      for (let name = wanted[at++]; name !== undefined; name = wanted[at++]) {
        fresh += await this.#readChild(name, hidden, signal)
        if (fresh > MAX_BYTES) throw this.#trouble(`the children of ${this.#path} hold more than ${MAX_BYTES / 2 ** 20} MiB`)
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, work))
    if (hidden.size > 0 && hidden.size === names.length) throw this.#trouble(`no child of ${this.#path} may be read; check auth and the nodes’ ACL`, true)
    return this.#content(names, hidden)
  }

  // Bytes that were read.
  async #readChild(name: string, hidden: Set<string>, signal: AbortSignal): Promise<number> {
    const before = this.#known.get(name)
    // As with the list.
    this.#armed.add(name)
    const answer = await this.#client.data(this.#pathOf(name), this.#watcherOf(name), signal).catch((error: unknown) => {
      this.#armed.delete(name)
      throw error
    })
    if (answer.kind === 'data') {
      const decoded = before?.mzxid === answer.mzxid ? before.decoded : this.#format.decode(name, answer.data)
      this.#known.set(name, { mzxid: answer.mzxid, bytes: answer.data.byteLength, decoded, lastGood: decoded !== undefined && 'value' in decoded ? decoded.value : before?.lastGood })
      return answer.data.byteLength
    }
    if (answer.kind === 'too-large') {
      this.#known.set(name, { mzxid: -1n, bytes: 0, decoded: { reason: `has ${answer.size} bytes; at most 1 MiB is read` }, lastGood: before?.lastGood })
      return 0
    }
    // Gone since the list was made: that is an event of the list as well.
    if (answer.kind === 'no-node') this.#forget(name)
    else {
      this.#armed.delete(name)
      hidden.add(name)
    }
    return 0
  }

  #content(names: readonly string[], hidden: ReadonlySet<string>): Content<T> {
    const values = new Map<string, T>()
    const rejected = [...hidden].map((id) => ({ id, reason: 'may not be read' }))
    let bytes = 0
    for (const name of names) {
      const known = this.#known.get(name)
      if (known === undefined || hidden.has(name)) continue
      bytes += known.bytes
      const { decoded, lastGood } = known
      if (decoded === undefined || ('reason' in decoded && decoded.foreign === true && lastGood === undefined)) continue
      if ('reason' in decoded) rejected.push({ id: name, reason: lastGood === undefined ? decoded.reason : `${decoded.reason}; its last good data are used` })
      if (lastGood !== undefined) values.set(name, lastGood)
    }
    return { values, rejected, hidden: hidden.size, bytes }
  }

  #watcherOf(name: string): Watcher {
    const kept = this.#watchers.get(name)
    if (kept !== undefined) return kept
    const watcher: Watcher = (what) => {
      this.#armed.delete(name)
      this.#behind ||= what === 'lost'
      // The list tells of a child that is gone, once for all that go together.
      if (what !== 'deleted') this.#wake()
    }
    this.#watchers.set(name, watcher)
    return watcher
  }

  #forgetOthers(names: ReadonlySet<string>): void {
    for (const name of this.#watchers.keys()) if (!names.has(name)) this.#forget(name)
  }

  #forget(name: string): void {
    const watcher = this.#watchers.get(name)
    if (watcher !== undefined) this.#client.unwatch(this.#pathOf(name), watcher)
    this.#watchers.delete(name)
    this.#known.delete(name)
    this.#armed.delete(name)
  }

  #pathOf(name: string): string {
    return this.#path === '/' ? `/${name}` : `${this.#path}/${name}`
  }

  #trouble(message: string, denied = false): ZooKeeperError {
    return new ZooKeeperError(`${this.#client.server()}: ${message}`, denied)
  }

  #wake(): void {
    this.#changed = true
    this.#bell()
  }
}
