// The same over TLS on the listener (P-256 certificate, handshakes done once for each connection).
import type { Scenario } from '../scenario.ts'
import { COLUMNS, measureHttp } from './http.ts'

export const tlsSmallGet: Scenario = {
  name: 'tls-small-get',
  title: 'small GET over TLS, 64 keep-alive connections',
  columns: COLUMNS,
  headline: 'cpu',
  measure: async (context) => measureHttp(context, { path: '/words/one?lang=en', tls: true }),
}
