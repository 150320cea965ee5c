// The socket of one connection as the engine uses it: bytes in by callback, bytes out with a word on back-pressure.
import type { Socket } from 'node:net'

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
  socket.on('data', (bytes: Buffer) => owner.onBytes(bytes))
  socket.on('end', () => owner.onEnd())
  socket.on('drain', () => owner.onDrain())
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => owner.onClosed(failure))
}
