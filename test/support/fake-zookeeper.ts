// An ensemble of ZooKeeper at the level of its wire, under virtual time: sessions, nodes with their transactions, one-shot
// watches, ACLs and the ways in which it fails. Written against answers of ZooKeeper 3.8.0.
import type { ByteStream, Connect, StreamTarget } from '../../discovery/byte-stream.ts'
import { bool, buffer, concat, frame, int, JuteReader, long, text, texts } from '../../discovery/zookeeper/jute.ts'
import type { FakePlatform } from './fake-platform.ts'

/** One message from a client, as it arrived; `connect` for each attempt to connect. */
interface Seen {
  readonly server: string
  readonly what: 'connect' | 'hello' | 'auth' | 'exists' | 'getData' | 'sync' | 'ping' | 'getChildren2' | 'setWatches' | 'closeSession'
  readonly path: string
  readonly at: number
}

/** How a server behaves: `up`; `refuses` connections; `closes` them after the first message, as without quorum; `frozen`, as by SIGSTOP; `mute`, answering pings only; `mixes` up its answers; `garbage`, another protocol. */
type Behaviour = 'up' | 'refuses' | 'closes' | 'frozen' | 'mute' | 'mixes' | 'garbage'

export interface FakeZooKeeper {
  readonly connect: Connect
  readonly seen: Seen[]
  /** Questions that are no pings, and attempts to connect. */
  asked(): number
  /** Creates a node with its parents, or sets its data; fires watches. */
  set(path: string, data: string | Uint8Array): void
  /** Deletes a node with everything below it. */
  remove(path: string): void
  /** Children of a node. */
  children(path: string): string[]
  /** Nobody may read this node, but who has these credentials, until `allow`. */
  deny(path: string, except?: string): void
  allow(path: string): void
  /** Changes a server, all of them by default, and cuts its connections unless it is frozen or mute. */
  behave(behaviour: Behaviour, server?: string): void
  /** Ends every session, as after a long silence. Clients learn it when they connect again, so connections are cut. */
  expire(): void
  /** Forgets nodes, sessions and transactions. */
  wipe(): void
  /** Leaves a server behind: from now on it knows what it knows, until it is asked to catch up with the leader (`sync`). */
  fallBehind(server: string): void
  /** Answers before they are sent. */
  delay: number
  /** Refuses these credentials. */
  refuses: string | undefined
  sessions(): number
  /** Watches that stand at the servers now. */
  watches(): number
  /** Options of the last connection. */
  target(): StreamTarget | undefined
}

interface Node {
  data: Uint8Array
  mzxid: bigint
  pzxid: bigint
  /** Whether nobody may read it, or the credentials of who alone may. */
  denied: boolean | string
}

const NO_NODE = -101
const NO_AUTH = -102

/** Makes an ensemble in which every address is a server. */
export function fakeZooKeeper(platform: FakePlatform): FakeZooKeeper {
  const nodes = new Map<string, Node>()
  const sessions = new Map<bigint, number>()
  const behaviours = new Map<string, Behaviour>()
  /** What servers know that are behind the others. */
  const views = new Map<string, { readonly nodes: ReadonlyMap<string, Node>; readonly zxid: bigint }>()
  const links = new Set<Link>()
  let all: Behaviour = 'up'
  // The upper half counts elections; beyond what a double tells apart, so that nobody takes it for a number.
  let zxid = 2n ** 54n
  let sessionIds = 0x1000n
  let target: StreamTarget | undefined

  const fire = (kind: number, path: string): void => {
    for (const link of links) link.fire(kind, path)
  }
  const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'
  const childrenOf = (path: string, known: ReadonlyMap<string, Node> = nodes): string[] => [...known.keys()].filter((each) => each !== '/' && parentOf(each) === path).map((each) => each.slice(each.lastIndexOf('/') + 1))

  class Link implements ByteStream {
    readonly server: string
    readonly #identities = new Set<string>()
    readonly #watched = { data: new Set<string>(), child: new Set<string>() }
    readonly #out: Uint8Array[] = []
    #bell: () => void = () => {}
    #closed = false
    #session: bigint | undefined
    #greeted = false

    constructor(server: string) {
      this.server = server
      links.add(this)
    }

    get behaviour(): Behaviour {
      return behaviours.get(this.server) ?? all
    }

    get standing(): number {
      return this.#watched.data.size + this.#watched.child.size
    }

    async read(): Promise<Uint8Array | undefined> {
      while (this.#out.length === 0 && !this.#closed) await new Promise<void>((resolve) => (this.#bell = resolve))
      return this.#out.shift()
    }

    write(message: Uint8Array): void {
      if (this.#closed || this.behaviour === 'frozen') return
      const reader = new JuteReader(message)
      reader.int()
      if (this.#greeted) return this.#answer(reader)
      this.#greeted = true
      note(this.server, 'hello', '')
      if (this.behaviour === 'closes') return this.close()
      if (this.behaviour === 'garbage') return this.#send(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n\r\n'))
      this.#greet(reader)
    }

    close(): void {
      this.#closed = true
      links.delete(this)
      this.#bell()
    }

    fire(kind: number, path: string): void {
      const isData = kind !== 4 && this.#watched.data.delete(path)
      const isChild = (kind === 4 || kind === 2) && this.#watched.child.delete(path)
      if (isData || isChild) this.#send(frame([int(-1), long(-1n), int(0), int(kind), int(3), text(path)]))
    }

    #greet(reader: JuteReader): void {
      reader.int()
      const seenZxid = reader.long()
      const timeout = Math.min(40_000, Math.max(4000, reader.int()))
      const id = reader.long()
      if (seenZxid > (views.get(this.server)?.zxid ?? zxid)) return this.close()
      if (id !== 0n && !sessions.has(id)) {
        this.#send(frame([int(0), int(0), long(0n), buffer(new Uint8Array(16)), bool(false)]))
        return this.close()
      }
      this.#session = id === 0n ? ++sessionIds : id
      sessions.set(this.#session, timeout)
      this.#send(frame([int(0), int(timeout), long(this.#session), buffer(new Uint8Array(16).fill(7)), bool(false)]))
    }

    #answer(reader: JuteReader): void {
      const [xid, operation] = [reader.int(), reader.int()]
      const reply = (error: number, ...body: readonly Uint8Array[]): void => this.#send(frame([int(this.behaviour === 'mixes' && xid > 0 ? xid + 1 : xid), long(views.get(this.server)?.zxid ?? zxid), int(error), ...body]))
      if (operation === 11) {
        note(this.server, 'ping', '')
        return reply(0)
      }
      if (operation === 100) {
        reader.int()
        reader.text()
        const credentials = reader.text()
        note(this.server, 'auth', credentials)
        this.#identities.add(credentials)
        if (credentials !== fake.refuses) return reply(0)
        reply(-115)
        return this.close()
      }
      if (operation === 101) return this.#setWatches(reader, reply)
      if (operation === -11) {
        note(this.server, 'closeSession', '')
        sessions.delete(this.#session ?? 0n)
        return this.close()
      }
      if (this.behaviour !== 'mute') this.#read(operation, reader, reply)
    }

    #read(operation: number, reader: JuteReader, reply: (error: number, ...body: readonly Uint8Array[]) => void): void {
      const path = reader.text()
      const watch = operation !== 9 && reader.bool()
      const known = views.get(this.server)?.nodes ?? nodes
      const node = known.get(path)
      if (operation === 9) {
        note(this.server, 'sync', path)
        views.delete(this.server)
        return reply(0, text(path))
      }
      if (operation === 3) {
        note(this.server, 'exists', path)
        if (watch) this.#watched.data.add(path)
        return node === undefined ? reply(NO_NODE) : reply(0, stat(path, node))
      }
      note(this.server, operation === 4 ? 'getData' : 'getChildren2', path)
      if (node === undefined) return reply(NO_NODE)
      if (node.denied === true || (typeof node.denied === 'string' && !this.#identities.has(node.denied))) return reply(NO_AUTH)
      if (watch) this.#watched[operation === 4 ? 'data' : 'child'].add(path)
      if (operation === 4) return reply(0, buffer(node.data), stat(path, node))
      reply(0, texts(childrenOf(path, known)), stat(path, node))
    }

    #setWatches(reader: JuteReader, reply: (error: number) => void): void {
      note(this.server, 'setWatches', '')
      const since = reader.long()
      const [data, exist, child] = [reader.texts(), reader.texts(), reader.texts()]
      for (const path of data) this.#rearm('data', path, nodes.get(path) === undefined ? 2 : (nodes.get(path)?.mzxid ?? 0n) > since ? 3 : undefined)
      for (const path of exist) this.#rearm('data', path, nodes.get(path) === undefined ? undefined : 1)
      for (const path of child) this.#rearm('child', path, nodes.get(path) === undefined ? 2 : (nodes.get(path)?.pzxid ?? 0n) > since ? 4 : undefined)
      reply(0)
    }

    #rearm(kind: 'data' | 'child', path: string, missed: number | undefined): void {
      this.#watched[kind].add(path)
      if (missed !== undefined) this.fire(missed, path)
    }

    #send(message: Uint8Array): void {
      if (this.behaviour === 'frozen') return
      const send = (): void => {
        if (this.#closed && message.byteLength > 0 && !links.has(this)) return
        // In pieces, as a network may cut them.
        this.#out.push(message.subarray(0, 3), message.subarray(3))
        this.#bell()
      }
      if (fake.delay === 0) send()
      else void platform.sleep(fake.delay).then(send)
    }
  }

  const note = (server: string, what: Seen['what'], path: string): void => void fake.seen.push({ server, what, path, at: platform.now() })
  const create = (path: string): Node => {
    const found = nodes.get(path)
    if (found !== undefined) return found
    const node = { data: new Uint8Array(0), mzxid: ++zxid, pzxid: zxid, denied: false }
    if (path !== '/') create(parentOf(path)).pzxid = zxid
    nodes.set(path, node)
    fire(1, path)
    if (path !== '/') fire(4, parentOf(path))
    return node
  }
  const fake: FakeZooKeeper = {
    seen: [],
    delay: 0,
    refuses: undefined,
    asked: () => fake.seen.filter(({ what }) => what !== 'ping' && what !== 'hello' && what !== 'closeSession').length,
    set(path, data) {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
      const known = nodes.get(path)
      if (known === undefined) {
        create(parentOf(path))
        nodes.set(path, { data: bytes, mzxid: ++zxid, pzxid: zxid, denied: false })
        create(parentOf(path)).pzxid = zxid
        fire(1, path)
        return fire(4, parentOf(path))
      }
      known.data = bytes
      known.mzxid = ++zxid
      fire(3, path)
    },
    remove(path) {
      for (const name of childrenOf(path)) fake.remove(`${path}/${name}`)
      if (!nodes.delete(path)) return
      const parent = nodes.get(parentOf(path))
      zxid++
      if (parent !== undefined) parent.pzxid = zxid
      fire(2, path)
      fire(4, parentOf(path))
    },
    children: (path) => childrenOf(path),
    fallBehind: (server) => void views.set(server, { nodes: new Map([...nodes].map(([path, node]) => [path, { ...node }])), zxid }),
    deny: (path, except) => void (create(path).denied = except ?? true),
    allow: (path) => void (create(path).denied = false),
    behave(behaviour, server) {
      if (server === undefined) {
        all = behaviour
        behaviours.clear()
      } else behaviours.set(server, behaviour)
      if (behaviour !== 'frozen' && behaviour !== 'mute') for (const link of links) if (server === undefined || link.server === server) link.close()
    },
    expire() {
      sessions.clear()
      for (const link of links) link.close()
    },
    wipe() {
      sessions.clear()
      nodes.clear()
      zxid = 2n ** 53n
      for (const link of links) link.close()
    },
    sessions: () => sessions.size,
    watches: () => [...links].reduce((sum, link) => sum + link.standing, 0),
    target: () => target,
    async connect(to) {
      target = to
      const server = `${to.host}:${to.port}`
      note(server, 'connect', '')
      if ((behaviours.get(server) ?? all) === 'refuses') throw new Error(`connect ECONNREFUSED ${server}`)
      const link = new Link(server)
      to.signal.addEventListener('abort', () => link.close())
      return link
    },
  }
  return fake
}

function stat(path: string, node: Node): Uint8Array {
  const numbers = [int(0), int(0), int(0), long(0n), int(node.data.byteLength), int(path.length)]
  return concat([long(1n), long(node.mzxid), long(0n), long(0n), ...numbers, long(node.pzxid)])
}
