// What the data plane counts besides requests: plain numbers at one moment, how they add up, and the metric each is.
import type { MetricName, Sample } from './metrics.ts'

/** Counts of one worker. */
export interface Live {
  /** Requests begun and not finished, tunnels among them. */
  readonly requestsActive: number
  readonly downstreamOpen: number
  readonly downstreamAccepted: number
  readonly tlsFailed: number
  readonly proxyHeaderBad: number
  readonly tunnelsOpen: number
  readonly tunnelsIdleClosed: number
  readonly upstreamOpen: number
  /** Of the open ones, those waiting in a pool. */
  readonly upstreamIdle: number
  readonly upstreamOpened: number
  readonly upstreamReused: number
  /** Connects that failed; they are not among the opened. */
  readonly upstreamFailed: number
  readonly accessLogDropped: number
}

export const NO_COUNTS: Live = {
  requestsActive: 0,
  downstreamOpen: 0,
  downstreamAccepted: 0,
  tlsFailed: 0,
  proxyHeaderBad: 0,
  tunnelsOpen: 0,
  tunnelsIdleClosed: 0,
  upstreamOpen: 0,
  upstreamIdle: 0,
  upstreamOpened: 0,
  upstreamReused: 0,
  upstreamFailed: 0,
  accessLogDropped: 0,
}

const KEYS = Object.keys(NO_COUNTS) as (keyof Live)[]

/** The sum of two. */
export function addLive(a: Live, b: Live): Live {
  return Object.fromEntries(KEYS.map((key) => [key, a[key] + b[key]])) as unknown as Live
}

/** What remains of a worker that is gone: what only grows, nothing of what goes up and down. */
export function withoutGauges(live: Live): Live {
  // What was open is closed now: closed is opened less open.
  return { ...live, requestsActive: 0, downstreamOpen: 0, tunnelsOpen: 0, upstreamOpen: 0, upstreamIdle: 0 }
}

/** The counts as samples. */
export function liveSamples(live: Live): Sample[] {
  const sample = (metric: MetricName, value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({ metric, labels, value })
  return [
    sample('active_requests', live.requestsActive),
    sample('downstream_connections', live.requestsActive, { state: 'active' }),
    sample('downstream_connections', Math.max(0, live.downstreamOpen - live.requestsActive), { state: 'idle' }),
    sample('downstream_connections_total', live.downstreamAccepted, { event: 'accepted' }),
    sample('downstream_connections_total', live.tlsFailed, { event: 'tls_failed' }),
    sample('downstream_connections_total', live.proxyHeaderBad, { event: 'proxy_header_bad' }),
    sample('upstream_connections', live.upstreamOpen - live.upstreamIdle, { state: 'active' }),
    sample('upstream_connections', live.upstreamIdle, { state: 'idle' }),
    sample('upstream_connections_total', live.upstreamOpened, { event: 'opened' }),
    sample('upstream_connections_total', live.upstreamReused, { event: 'reused' }),
    sample('upstream_connections_total', Math.max(0, live.upstreamOpened - live.upstreamOpen), { event: 'closed' }),
    sample('upstream_connections_total', live.upstreamFailed, { event: 'failed' }),
    sample('tunnels', live.tunnelsOpen),
    sample('tunnels_idle_closed_total', live.tunnelsIdleClosed),
    sample('access_log_dropped_total', live.accessLogDropped),
  ]
}
