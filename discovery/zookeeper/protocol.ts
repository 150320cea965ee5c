// The messages of ZooKeeper's protocol that a reader needs, as bytes and back.
import { bool, buffer, frame, int, long, text, texts, type JuteReader } from './jute.ts'

/** Operation codes. */
export const OP = { exists: 3, getData: 4, sync: 9, ping: 11, getChildren2: 12, auth: 100, setWatches: 101, closeSession: -11 } as const

/** Transaction ids of messages that no request waits for. */
export const XID = { event: -1, ping: -2, auth: -4, setWatches: -8 } as const

/** Codes of errors that a reader tells apart. */
export const ERROR = { ok: 0, noNode: -101, noAuth: -102, authFailed: -115 } as const

const NAMES: ReadonlyMap<number, string> = new Map([
  [-4, 'connection loss'],
  [-6, 'unimplemented'],
  [-7, 'operation timeout'],
  [-8, 'bad arguments'],
  [-101, 'no such node'],
  [-102, 'no rights'],
  [-112, 'the session has expired'],
  [-115, 'the authentication failed'],
  [-118, 'the session moved to another server'],
  [-124, 'the server asks for SASL authentication'],
])

/** The name of an error code, for people. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `error ${code}`
}

/** A session as the server gave it. */
export interface SessionKey {
  readonly id: bigint
  readonly password: Uint8Array
}

/** The first message of a connection. */
export interface Hello {
  /** The newest transaction ever seen in this session: a server that is behind it refuses the connection. 0 for a new session. */
  readonly lastZxid: bigint
  /** Wanted session timeout, milliseconds. */
  readonly timeout: number
  /** Undefined asks for a new session. */
  readonly session: SessionKey | undefined
}

/** The first message. */
export function helloMessage({ lastZxid, timeout, session }: Hello): Uint8Array {
  return frame([int(0), long(lastZxid), int(timeout), long(session?.id ?? 0n), buffer(session?.password ?? new Uint8Array(16)), bool(false)])
}

/** Answer to the first message: the session and its timeout in milliseconds; undefined when the session has expired. */
export function readWelcome(reader: JuteReader): { readonly session: SessionKey; readonly timeout: number } | undefined {
  reader.int()
  const timeout = reader.int()
  const id = reader.long()
  const password = reader.buffer().slice()
  return timeout <= 0 || id === 0n ? undefined : { session: { id, password }, timeout }
}

/** A request with its body. */
export function requestMessage(xid: number, operation: number, body: readonly Uint8Array[] = []): Uint8Array {
  return frame([int(xid), int(operation), ...body])
}

/** Digest authentication; `credentials` are `user:password`. */
export function authMessage(credentials: string): Uint8Array {
  return requestMessage(XID.auth, OP.auth, [int(0), text('digest'), text(credentials)])
}

/** Paths of watches, by what is watched. */
export interface WatchPaths {
  readonly data: readonly string[]
  readonly exist: readonly string[]
  readonly child: readonly string[]
}

/** Arms watches again on a new connection of a session; the server fires at once what happened since `zxid`. */
export function setWatchesMessage(zxid: bigint, paths: WatchPaths): Uint8Array {
  return requestMessage(XID.setWatches, OP.setWatches, [long(zxid), texts(paths.data), texts(paths.exist), texts(paths.child)])
}

/** What starts every answer. */
export interface ReplyHeader {
  readonly xid: number
  readonly zxid: bigint
  readonly error: number
}

export const REPLY_HEADER_BYTES = 16

export function readHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), error: reader.int() }
}

/** What a watch says: only that something happened, never what is there now. */
export interface WatchEvent {
  readonly kind: 'created' | 'deleted' | 'data' | 'children'
  readonly path: string
}

const KINDS: Readonly<Record<number, WatchEvent['kind']>> = { 1: 'created', 2: 'deleted', 3: 'data', 4: 'children' }

/** Undefined for events about the session itself, which the connection tells as well. */
export function readEvent(reader: JuteReader): WatchEvent | undefined {
  const kind = KINDS[reader.int()]
  reader.int()
  const path = reader.text()
  return kind === undefined ? undefined : { kind, path }
}
