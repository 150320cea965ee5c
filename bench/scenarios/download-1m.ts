// A response of 1 MiB: what counts is throughput.
import type { Scenario } from '../scenario.ts'
import { COLUMNS, measureHttp } from './http.ts'

export const download1m: Scenario = {
  name: 'download-1m',
  title: 'download of 1 MiB, 64 keep-alive connections',
  columns: [{ key: 'throughput', title: 'MiB/s', digits: 0 }, ...COLUMNS],
  headline: 'throughput',
  measure: async (context) => measureHttp(context, { path: '/large' }),
}
