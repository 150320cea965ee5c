// The little of a network that name lookups need; src/node gives it, a worker has none.

/** Address of a name server. */
export interface DnsServer {
  /** IP address. */
  readonly host: string
  readonly port: number
}

/** Carries messages to name servers and back. Each call ends soon after its signal is aborted, with a rejection. */
export interface DnsTransport {
  /** The name servers this machine is configured with now, as addresses with or without port. */
  servers(): readonly string[]
  /**
   * Sends one datagram from a fresh, random port, and resolves with the first datagram from that server that `accept` takes.
   * Rejects when the server is not reachable, or after 64 datagrams that were not taken.
   */
  udp(server: DnsServer, message: Uint8Array, accept: (message: Uint8Array) => boolean, signal: AbortSignal): Promise<Uint8Array>
  /** Sends one message over a connection of its own and resolves with one message. */
  tcp(server: DnsServer, message: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
}

/** Reads `1.2.3.4`, `1.2.3.4:53`, `::1` or `[::1]:53`; the port is 53 where none is given. Undefined for anything else. */
export function parseServer(text: string): DnsServer | undefined {
  const match = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:.]+)\])(?::(\d{1,5}))?$/i.exec(text) ?? /^()([0-9a-f]*:[0-9a-f:.]+(?:%[\w.-]+)?)$/i.exec(text)
  const host = match?.[1] === undefined || match[1] === '' ? match?.[2] : match[1]
  const port = Number(match?.[3] ?? 53)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
