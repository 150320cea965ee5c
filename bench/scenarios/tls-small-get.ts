// The same over TLS on the listener (P-256 certificate, handshakes done once for each connection).
import type { Scenario } from '../scenario.ts'
import { columnsAt, measureHttp } from './http.ts'

/** Requests a second at which latencies are compared: about half of what the slower one of the proxies written in C manages. */
const PACE = 8000

export const tlsSmallGet: Scenario = {
  name: 'tls-small-get',
  title: 'small GET over TLS, 64 keep-alive connections',
  columns: columnsAt(PACE),
  headline: 'cpu',
  measure: async (context) => measureHttp(context, { path: '/words/one?lang=en', tls: true, pace: PACE }),
}
