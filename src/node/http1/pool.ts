// Connections to one endpoint: the idle ones, last in first out, so that the rest can grow old and close.
import type { Sweep } from './sweep.ts'
import type { Upstream, UpstreamOwner } from './upstream.ts'

/** Milliseconds that a connection stays idle when the endpoint does not say how long it would keep it. */
const IDLE_MS = 30_000
/** Given back this long before the endpoint's own limit, so that a request does not meet its closing. */
const MARGIN_MS = 1000

/** What pools count. */
export interface PoolCounts {
  open: number
  idle: number
  reused: number
  /** Connects begun, those that failed included. */
  opened: number
  /** Those that the endpoint refused or left without an answer, and those that nobody waited for any more. */
  failed: number
}

export class EndpointPool implements UpstreamOwner {
  readonly sweep: Sweep
  /** Connections open or being opened. */
  open = 0
  /** Called when the last connection is gone. */
  onEmpty: (() => void) | undefined
  private readonly idle: Upstream[] = []
  private readonly counts: PoolCounts
  private readonly reuse: boolean
  private closing = false

  constructor(sweep: Sweep, counts: PoolCounts, reuse: boolean) {
    this.sweep = sweep
    this.counts = counts
    this.reuse = reuse
  }

  /** The most recently used idle connection. */
  take(): Upstream | undefined {
    for (;;) {
      const upstream = this.idle.pop()
      if (upstream === undefined) return undefined
      this.counts.idle--
      if (!upstream.reusable) continue
      this.counts.reused++
      upstream.deadline = 0
      return upstream
    }
  }

  onOpened(): void {
    this.open++
    this.counts.open++
    this.counts.opened++
  }

  /** A connection could not be opened. */
  onFailed(): void {
    this.open--
    this.counts.open--
    this.counts.failed++
    if (this.open === 0) this.onEmpty?.()
  }

  onReusable(upstream: Upstream): void {
    if (this.closing || !this.reuse) return upstream.abort()
    const limit = upstream.idleHint === 0 ? IDLE_MS : Math.min(IDLE_MS, upstream.idleHint - MARGIN_MS)
    if (limit <= 0) return upstream.abort()
    upstream.deadline = this.sweep.now + limit
    this.idle.push(upstream)
    this.counts.idle++
  }

  onGone(upstream: Upstream): void {
    this.open--
    this.counts.open--
    const at = this.idle.lastIndexOf(upstream)
    if (at >= 0) {
      this.idle.splice(at, 1)
      this.counts.idle--
    }
    if (this.open === 0) this.onEmpty?.()
  }

  /** The endpoint has left: idle connections close now, the others after their request. */
  close(): void {
    this.closing = true
    this.onStale()
  }

  /** Closes the idle connections, so that a request that met a dead one is sent again on a fresh one. */
  onStale(): void {
    for (const upstream of this.idle.splice(0)) {
      this.counts.idle--
      upstream.abort()
    }
  }

  /** The endpoint is back. */
  reopen(): void {
    this.closing = false
  }
}
