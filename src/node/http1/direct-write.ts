// Writes past the stream machinery of a socket, straight to its handle. A stream spends more on a small write (queues, a
// callback on the next tick, events) than the write itself takes, and nearly every write is done at once.
//
// A handle is private to Node, and how it wants to be called has changed: since Node 26 without a request object, which is made
// only for a write that must wait. So nothing is assumed: the first ordinary write of the process is watched once, and where Node
// itself calls otherwise, or there is no such handle, everything goes through the stream.
import type { Socket } from 'node:net'

/** What a handle gives back for a write that could not be done at once. */
interface WriteRequest {
  handle: unknown
  oncomplete: (status: number) => void
  /** What must stay in memory until it is out. */
  buffer: unknown
  /** Set when it was done before `oncomplete` could be set. */
  writeStatus?: number | null
}

/** The part of a TCP handle that is used: 0 or a negative error for what was done at once, else a request. */
export interface Handle {
  writeLatin1String(request: null, text: string): number | WriteRequest
  writeBuffer(request: null, bytes: Uint8Array): number | WriteRequest
}

type Convention = 'unknown' | 'null' | 'other'
let convention: Convention = 'unknown'

/** The handle of a plain TCP socket where this Node takes direct writes; undefined while that is not known, or not so. */
export function directHandle(socket: Socket): Handle | undefined {
  const handle = (socket as unknown as { readonly _handle?: unknown })._handle
  if (!isHandle(handle)) return undefined
  if (convention === 'unknown') watch(handle)
  return convention === 'null' ? handle : undefined
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'writeLatin1String' in value && typeof value.writeLatin1String === 'function' && 'writeBuffer' in value && typeof value.writeBuffer === 'function'
}

/** Sees how Node calls this handle the next time that text is written to its socket. */
function watch(handle: Handle): void {
  const { writeLatin1String } = handle
  handle.writeLatin1String = (...args) => {
    Reflect.deleteProperty(handle, 'writeLatin1String')
    convention = args[0] === null && args.length === 2 ? 'null' : 'other'
    return Reflect.apply(writeLatin1String, handle, args)
  }
}

/** Calls `done` with 0 or a negative error once a write that had to wait is over. `buffer` is kept in memory until then. */
export function whenWritten(handle: Handle, request: WriteRequest, buffer: Uint8Array | undefined, done: (status: number) => void): void {
  request.handle = handle
  request.buffer = buffer
  request.oncomplete = done
  const status = request.writeStatus
  if (typeof status !== 'number') return
  request.writeStatus = null
  done(status)
}
