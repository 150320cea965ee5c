// A response of 1 MiB: what counts is throughput.
import type { Scenario } from '../scenario.ts'
import { columnsAt, measureHttp } from './http.ts'

/** Requests a second at which latencies are compared: about half of what the slower one of the proxies written in C manages. */
const PACE = 500

export const download1m: Scenario = {
  name: 'download-1m',
  title: 'download of 1 MiB, 64 keep-alive connections',
  columns: [{ key: 'throughput', title: 'MiB/s', digits: 0 }, ...columnsAt(PACE)],
  headline: 'throughput',
  measure: async (context) => measureHttp(context, { path: '/large', pace: PACE }),
}
