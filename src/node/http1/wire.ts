// The socket of one connection as the engine uses it: bytes in by callback, bytes out with a word on back-pressure.
import type { OnReadOpts, Socket } from 'node:net'

/** What a connection does with its socket's events. */
export interface WireOwner {
  /** Bytes arrived; the range is only valid during the call. */
  onBytes(bytes: Buffer): void
  /** The peer has ended its direction. */
  onEnd(): void
  /** The socket takes more again. */
  onDrain(): void
  /** The socket is gone, for whatever reason. Called once. */
  onClosed(error: Error | undefined): void
}

/** Connects a socket's events to its owner. Every event that could end the process is handled here. */
export function listen(socket: Socket, owner: WireOwner): void {
  let failure: Error | undefined
  const reader = readers.get(socket)
  if (reader === undefined) socket.on('data', (bytes: Buffer) => owner.onBytes(bytes))
  else reader.owner = owner
  socket.on('end', () => owner.onEnd())
  socket.on('drain', () => owner.onDrain())
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => owner.onClosed(failure))
  if (reader !== undefined) socket.resume()
}

/** Where reads go: one buffer for the whole process, since each read is dealt with before the next one. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024)

/** Buffers for long bodies: larger, and handed on instead of copied. They come back once they are written out. */
export const LARGE_BYTES = 256 * 1024
const MAX_SPARE = 32
const spare: Buffer[] = []

/** The reads of one socket. */
class Reader {
  owner: WireOwner | undefined
  large = false
  private current: Buffer = SHARED

  next(): Buffer {
    this.current = this.large ? (spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)) : SHARED
    return this.current
  }

  read(length: number): void {
    this.owner?.onBytes(this.current.subarray(0, length))
  }
}

const readers = new WeakMap<Socket, Reader>()

/**
 * Makes a socket that reads into the one shared buffer: no stream, no event and no allocation for each read. `make` is given
 * what to add to the socket's options.
 */
export function withSharedRead(make: (onread: OnReadOpts) => Socket): Socket {
  const reader = new Reader()
  const socket = make({
    buffer: () => reader.next(),
    callback: (length) => {
      reader.read(length)
      return true
    },
  })
  readers.set(socket, reader)
  return socket
}

/**
 * From the next read on, bytes come in buffers that may be handed on without a copy, or again in the shared one. Each such
 * read must be written out in one piece, with `release` as the callback, or dropped.
 */
export function readLarge(socket: Socket, large: boolean): void {
  const reader = readers.get(socket)
  if (reader !== undefined) reader.large = large
}

/** Takes back the buffer of a long body's read, once nobody reads it any more. */
export function release(bytes: Buffer): void {
  if (bytes.buffer.byteLength === LARGE_BYTES && spare.length < MAX_SPARE) spare.push(Buffer.from(bytes.buffer))
}

/** Bytes given to `onBytes` that are needed beyond the call: a copy, unless nobody else writes there. */
export function owned(bytes: Buffer): Buffer {
  return bytes.buffer === SHARED.buffer ? Buffer.from(bytes) : bytes
}
