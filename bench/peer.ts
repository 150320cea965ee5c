// What a contestant of the bench is: something that can be started before the same backend with one worker.
import type { Backend } from './backend.ts'

export interface Setup {
  readonly backend: Backend
  /** Folder for configuration and logs. */
  readonly scratch: string
  /** PEM files for TLS listeners. */
  readonly certificate: { readonly cert: string; readonly key: string }
  /** Routes in the table besides those that every run has; 0 for just those. */
  readonly tableSize: number
}

export interface RunningPeer {
  readonly plainPort: number
  readonly tlsPort: number
  /** Processes that carry the traffic. */
  workers(): number[]
  /** A process beside them that carries none. */
  readonly control?: number
  stop(): Promise<void>
}

export interface Peer {
  readonly name: string
  /** Why it cannot run here, for people; undefined when it can. */
  missing(): string | undefined
  start(setup: Setup): Promise<RunningPeer>
}

/** Host that every request of the bench asks for. */
export const HOST = 'bench.example.com'

/** Path of the n-th route of a big table. */
export function routePath(n: number): string {
  return `/table/section-${n % 100}/item-${n}`
}
