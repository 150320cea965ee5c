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

/** Where all reads of the process go: each is dealt with before the next one. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024)

/** The owner that a socket's reads go to. */
class Reader {
  owner: WireOwner | undefined
}

const readers = new WeakMap<Socket, Reader>()

/**
 * Makes a socket that reads into the one shared buffer: no stream, no event and no allocation for each read. `make` is given
 * what to add to the socket's options.
 */
export function withSharedRead(make: (onread: OnReadOpts) => Socket): Socket {
  const reader = new Reader()
  const socket = make({
    buffer: SHARED,
    callback: (length) => {
      reader.owner?.onBytes(SHARED.subarray(0, length))
      return true
    },
  })
  readers.set(socket, reader)
  return socket
}

/** Bytes given to `onBytes` that are needed beyond the call: a copy, unless nobody else writes there. */
export function owned(bytes: Buffer): Buffer {
  return bytes.buffer === SHARED.buffer ? Buffer.from(bytes) : bytes
}
