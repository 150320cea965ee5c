// Where sockets read to: one buffer for the whole process, or, for long bodies, buffers that are handed on instead of copied.
import type { OnReadOpts, Socket } from 'node:net'
import { type DirectReader, readDirectly } from './direct-read.ts'
import { SHARED, takeLarge } from './read-buffers.ts'

/** Who takes what was read. */
export interface ReadOwner {
  /** The first `length` bytes of `bytes`, valid only during the call. */
  onBytes(bytes: Buffer, length: number): void
}

/** The reads of one socket. */
export class Reader implements DirectReader {
  owner: ReadOwner | undefined
  /** From the next read on, bytes come in buffers that may be handed on. */
  large = false
  private current: Buffer = SHARED

  next(): Buffer {
    this.current = this.large ? takeLarge() : SHARED
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
