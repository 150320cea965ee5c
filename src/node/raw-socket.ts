// The socket under a TLS socket.
import { Socket } from 'node:net'

/** The socket that TLS runs on; the socket itself where there is no TLS, or where this Node keeps it elsewhere. */
export function rawSocketOf(socket: Socket): Socket {
  const { _parent: raw } = socket as unknown as { readonly _parent?: unknown }
  return raw instanceof Socket ? raw : socket
}
