// Everything the core may ask of the world it runs in. Tests pass a virtual clock and seeded randomness.
import type { UpstreamTlsConfig } from './service-config.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a registry client may ask of `fetch` besides the standard. */
export interface FetchInit extends RequestInit {
  /** Trust and identity for `https:`; on Node an agent of undici's. A runtime that cannot do it rejects, and says so. */
  readonly tls?: UpstreamTlsConfig
  /** Path of a Unix socket to connect to; the host of the URL is then only a name. A runtime without such sockets rejects, and says so. */
  readonly socketPath?: string
}

/** The longest time of one timer, milliseconds: one that is longer ends at once. */
export const LONGEST_SLEEP = 2 ** 31 - 1

/** The outside world as one value. Nothing in the core reaches past it. */
export interface Platform {
  /** Monotonic milliseconds; only differences mean anything. */
  now(): number
  /** Wall clock, milliseconds since the epoch; for logs, time windows and ages shown to people. */
  wallClock(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Resolves after `ms` milliseconds, but no later than in 24 days, and at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** HTTP client for registries: undici's on Node, the runtime's own in a worker. */
  fetch(url: string, init?: FetchInit): Promise<Response>
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void
}
