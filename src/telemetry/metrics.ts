// Every metric there is: name, type, unit, labels and one line of help. docs/reference/metrics.md has the same list, and a
// test holds the two together.

type MetricType = 'counter' | 'gauge' | 'histogram'

export interface Metric {
  readonly type: MetricType
  readonly help: string
  readonly labels: readonly string[]
}

const perRoute = ['route', 'service'] as const
const perWatch = ['registry', 'service'] as const

/** By name, without the prefix `fairlead_`. */
export const METRICS = {
  requests_total: { type: 'counter', labels: [...perRoute, 'code', 'reason'], help: 'Requests finished, by status sent (0 when the client left before one) and by the reason when the gateway answered itself or cut the response.' },
  request_duration_seconds: { type: 'histogram', labels: perRoute, help: 'From the first byte of the request head to the last byte of the response; upgraded connections are not in it.' },
  request_bytes_total: { type: 'counter', labels: perRoute, help: 'Body bytes received from clients.' },
  response_bytes_total: { type: 'counter', labels: perRoute, help: 'Body bytes sent to clients.' },
  retries_total: { type: 'counter', labels: perRoute, help: 'Further tries of requests after the first.' },
  active_requests: { type: 'gauge', labels: [], help: 'Requests begun and not finished, upgraded connections among them.' },
  refused_requests_total: { type: 'counter', labels: ['listener', 'reason'], help: 'Requests refused before they could be decided on: malformed, too large or too slow. They are not in requests_total.' },
  downstream_connections: { type: 'gauge', labels: ['state'], help: 'Connections from clients: active with a request or tunnel, idle without.' },
  downstream_connections_total: { type: 'counter', labels: ['event'], help: 'Connections from clients that were accepted, and those given up before a request: TLS handshakes that failed, PROXY headers that were bad.' },
  upstream_connections: { type: 'gauge', labels: ['state'], help: 'Connections to endpoints: active with a request or tunnel, idle in a pool.' },
  upstream_connections_total: { type: 'counter', labels: ['event'], help: 'Connections to endpoints opened and closed, requests sent on a reused one, and connects that failed, or that nobody waited for any more.' },
  tunnels: { type: 'gauge', labels: [], help: 'Upgraded connections (WebSocket) that are open.' },
  tunnels_idle_closed_total: { type: 'counter', labels: [], help: 'Upgraded connections closed because neither side sent anything for too long.' },
  access_log_dropped_total: { type: 'counter', labels: [], help: 'Lines of the access log dropped because its reader was too slow or the disk was full.' },
  discovery_age_seconds: { type: 'gauge', labels: perWatch, help: 'Time since the registry last confirmed the endpoints of a service.' },
  discovery_last_success_timestamp_seconds: { type: 'gauge', labels: perWatch, help: 'Wall clock of the last answer of the registry that was believed, also of an earlier run.' },
  discovery_last_attempt_timestamp_seconds: { type: 'gauge', labels: perWatch, help: 'Wall clock at which the last question to the registry was finished.' },
  discovery_consecutive_failures: { type: 'gauge', labels: perWatch, help: 'Questions to the registry that failed or were denied since the last one that was answered; /api/watches has the error.' },
  discovery_mode: { type: 'gauge', labels: [...perWatch, 'mode'], help: '1 for the mode a watched service is in: live, absent (the registry does not know it), pending (nothing is known yet), or with the last good set in use: stale (the registry cannot be asked), denied (rights are missing), guarded (a doubtful answer is being confirmed), disk (read back from the last run).' },
  discovery_endpoints: { type: 'gauge', labels: [...perWatch, 'usable'], help: 'Endpoints of a watched service, by whether they may get requests.' },
  discovery_attempts_total: { type: 'counter', labels: [...perWatch, 'outcome'], help: 'Questions to the registry about a service, by what they came to: ok-with-data, ok-empty, not-found, denied, failed.' },
  discovery_changes_total: { type: 'counter', labels: perWatch, help: 'Changes of what is known of a watched service: its endpoints or its mode.' },
  discovery_missed_changes_total: { type: 'counter', labels: perWatch, help: 'Changes of a service that only the periodic full reading found.' },
  discovery_rejected_entries: { type: 'gauge', labels: perWatch, help: 'Entries of the last answer about a service that were refused, wholly or in part.' },
  service_endpoints: { type: 'gauge', labels: ['service', 'reference', 'use'], help: 'Endpoints of a service by the reference they are taken from: used, last (draining, and used only since nothing else is left), reserve (they get a request only when none that is used is free), or none (they get none). An address counts once, whoever lists it.' },
  announced: { type: 'gauge', labels: ['registry', 'state'], help: '1 for how the gateway stands in a registry that it announces itself to: waiting (it does not serve yet), registering (the registry does not know it), up, draining, gone.' },
  table_revision: { type: 'gauge', labels: [], help: 'Number of the revision of the route table in force.' },
  table_info: { type: 'gauge', labels: ['hash', 'origin'], help: '1, with the content hash of the route table in force and where it came from.' },
  table_applied_timestamp_seconds: { type: 'gauge', labels: [], help: 'Wall clock at which the route table in force was applied.' },
  store_mode: { type: 'gauge', labels: ['mode'], help: '1 for the mode the route store is in: live (it holds the table taken last), pending (it has not answered yet), or, with the last table in force: unreachable (it cannot be read), absent (it answers and holds no table), behind (it went back to an older version), refused (it holds a table that is not taken).' },
  store_last_success_timestamp_seconds: { type: 'gauge', labels: [], help: 'Wall clock of the last look at which the route store could be read, whatever it held.' },
  last_good_table_fault: { type: 'gauge', labels: [], help: '1 when the last good table on disk could not be read or saved the last time, else 0; absent where none is kept.' },
  catalog_mode: { type: 'gauge', labels: ['registry', 'mode'], help: '1 for the mode in which the list of services is whose tags make routes: live, pending, or with the last good list in use: stale, denied, guarded, disk.' },
  catalog_services: { type: 'gauge', labels: ['registry'], help: 'Services of a registry that carry routes in their tags.' },
  catalog_last_success_timestamp_seconds: { type: 'gauge', labels: ['registry'], help: 'Wall clock at which the list of services was last confirmed.' },
  refused_tags: { type: 'gauge', labels: ['registry', 'kind'], help: 'Tags of services from which no route came (refused), and those of which a part means nothing here (note), in the table in force.' },
  tables_rejected_total: { type: 'counter', labels: [], help: 'Route tables refused since the start; the one before stayed in force.' },
  workers: { type: 'gauge', labels: ['state'], help: 'Worker processes, by state.' },
  worker_restarts_total: { type: 'counter', labels: [], help: 'Workers replaced because they died.' },
  start_timestamp_seconds: { type: 'gauge', labels: [], help: 'Wall clock at which the gateway started.' },
  build_info: { type: 'gauge', labels: ['version'], help: '1, with the version of Fairlead.' },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricName = keyof typeof METRICS

/** One value of a metric. Labels are in the order in which they are shown; those of the metric that are missing count as empty. */
export interface Sample {
  readonly metric: MetricName
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
