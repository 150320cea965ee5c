// Counts that the data plane keeps as plain numbers and changes in place (`live.upstreamOpened++`), and the metric each is.
import type { MetricName, Sample } from './metrics.ts'

/** Counts of one worker. All start at 0. */
export interface Live {
  /** Requests begun and not finished. */
  requestsActive: number
  downstreamOpen: number
  /** Of the open ones, those waiting for a request. */
  downstreamIdle: number
  downstreamAccepted: number
  /** Closed at once because the listener was at its limit. */
  downstreamRefused: number
  upstreamOpen: number
  /** Of the open ones, those waiting in a pool. */
  upstreamIdle: number
  upstreamOpened: number
  upstreamReused: number
  upstreamClosed: number
  connectFailures: number
  tunnelsOpen: number
  tunnelsOpened: number
  accessLogDropped: number
}

/** What goes up and down; the others only grow and are kept when a worker dies. */
const GAUGES = ['requestsActive', 'downstreamOpen', 'downstreamIdle', 'upstreamOpen', 'upstreamIdle', 'tunnelsOpen'] as const

export function createLive(): Live {
  return {
    requestsActive: 0,
    downstreamOpen: 0,
    downstreamIdle: 0,
    downstreamAccepted: 0,
    downstreamRefused: 0,
    upstreamOpen: 0,
    upstreamIdle: 0,
    upstreamOpened: 0,
    upstreamReused: 0,
    upstreamClosed: 0,
    connectFailures: 0,
    tunnelsOpen: 0,
    tunnelsOpened: 0,
    accessLogDropped: 0,
  }
}

/** The sum of two. */
export function addLive(a: Live, b: Live): Live {
  const sum = createLive()
  for (const key of Object.keys(sum) as (keyof Live)[]) sum[key] = a[key] + b[key]
  return sum
}

/** What remains of a worker that is gone: its counters, none of its gauges. */
export function withoutGauges(live: Live): Live {
  const counters = { ...live }
  for (const key of GAUGES) counters[key] = 0
  return counters
}

/** The counts as samples. */
export function liveSamples(live: Live): Sample[] {
  const sample = (metric: MetricName, value: number, labels: Readonly<Record<string, string>> = {}): Sample => ({ metric, labels, value })
  return [
    sample('active_requests', live.requestsActive),
    sample('downstream_connections', live.downstreamOpen - live.downstreamIdle, { state: 'active' }),
    sample('downstream_connections', live.downstreamIdle, { state: 'idle' }),
    sample('downstream_connections_total', live.downstreamAccepted, { event: 'accepted' }),
    sample('downstream_connections_total', live.downstreamRefused, { event: 'refused' }),
    sample('upstream_connections', live.upstreamOpen - live.upstreamIdle, { state: 'active' }),
    sample('upstream_connections', live.upstreamIdle, { state: 'idle' }),
    sample('upstream_connections_total', live.upstreamOpened, { event: 'opened' }),
    sample('upstream_connections_total', live.upstreamReused, { event: 'reused' }),
    sample('upstream_connections_total', live.upstreamClosed, { event: 'closed' }),
    sample('upstream_connections_total', live.connectFailures, { event: 'failed' }),
    sample('tunnels', live.tunnelsOpen),
    sample('tunnels_total', live.tunnelsOpened),
    sample('access_log_dropped_total', live.accessLogDropped),
  ]
}
