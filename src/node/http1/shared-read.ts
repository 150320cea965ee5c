// Where sockets read to: one buffer for the whole process, or, for long bodies, buffers that are handed on instead of copied.
import type { OnReadOpts, Socket } from 'node:net'
import { type DirectReader, readDirectly } from './direct-read.ts'

/** Who takes what was read. */
export interface ReadOwner {
  /** The first `length` bytes of `bytes`, valid only during the call. */
  onBytes(bytes: Buffer, length: number): void
}

/** Bytes of one read: a body of 64 KiB comes in one piece together with its head. */
export const READ_BYTES = 80 * 1024
/** Where reads go, since each is dealt with before the next one. */
const SHARED = Buffer.allocUnsafeSlow(READ_BYTES)

/** Buffers for long bodies: larger, and handed on instead of copied. They come back once they are written out. */
export const LARGE_BYTES = 256 * 1024
const MAX_SPARE = 32
const spare: Buffer[] = []

/** The reads of one socket. */
export class Reader implements DirectReader {
  owner: ReadOwner | undefined
  /** From the next read on, bytes come in buffers that may be handed on. */
  large = false
  private current: Buffer = SHARED

  next(): Buffer {
    this.current = this.large ? (spare.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)) : SHARED
    return this.current
  }

  /** The first read of a socket, or each where handles cannot be read directly. */
  readByNode(socket: Socket, length: number): void {
    readDirectly(socket, length, this)
    this.owner?.onBytes(this.current, length)
  }

  take(length: number): Buffer | undefined {
    const { current } = this
    this.owner?.onBytes(current, length)
    return this.large || current !== SHARED ? this.next() : undefined
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
      reader.readByNode(socket, length)
      return true
    },
  })
  readers.set(socket, reader)
  return socket
}

/** The reader of a socket made by `withSharedRead`. */
export function readerOf(socket: Socket): Reader | undefined {
  return readers.get(socket)
}

/** Takes back the buffer of a long body's read, once nobody reads it any more. */
export function release(bytes: Buffer): void {
  if (bytes.buffer.byteLength === LARGE_BYTES && spare.length < MAX_SPARE) spare.push(Buffer.from(bytes.buffer))
}

/** The next read will overwrite these bytes. */
export function isShared(bytes: Buffer): boolean {
  return bytes.buffer === SHARED.buffer
}

/** Bytes of a read that are needed beyond the call: a copy, unless nobody else writes there. */
export function owned(bytes: Buffer): Buffer {
  return isShared(bytes) ? Buffer.from(bytes) : bytes
}

/** A range of what was read, without an object of its own where it is all of it. */
export function part(bytes: Buffer, from: number, to: number): Buffer {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
}
