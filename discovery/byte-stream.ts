// Connections of bytes, for registries that do not speak HTTP. src/node gives them over net and tls; a runtime with sockets of its own can as well.
import type { UpstreamTlsConfig } from '../src/model/service-config.ts'

/** One open connection. */
export interface ByteStream {
  /** The bytes that came next, at least one. Undefined once the other side has closed; rejects when the connection broke. One call at a time. */
  read(): Promise<Uint8Array | undefined>
  /** Sends bytes, in the order of the calls. Trouble shows in `read`. */
  write(bytes: Uint8Array): void
  /** Ends the connection at once, after what was written. A `read` that waits ends soon. */
  close(): void
}

/** Where to connect. */
export interface StreamTarget {
  /** Name or address, IPv6 without brackets. */
  readonly host: string
  readonly port: number
  /** Absent means plain TCP. */
  readonly tls?: UpstreamTlsConfig | undefined
  /** Gives up connecting, and closes the connection once it is open. */
  readonly signal: AbortSignal
}

/** Opens a connection. Rejects with an error whose message says what failed. */
export type Connect = (target: StreamTarget) => Promise<ByteStream>
