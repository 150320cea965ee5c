// A request body of 64 KiB with a length.
import type { Scenario } from '../scenario.ts'
import { columnsAt, measureHttp } from './http.ts'

const lua = `wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/octet-stream'
wrk.body = string.rep('x', 65536)`

/** Requests a second at which latencies are compared: about half of what the slower one of the proxies written in C manages. */
const PACE = 5000

export const post64k: Scenario = {
  name: 'post-64k',
  title: 'POST of 64 KiB, 64 keep-alive connections',
  columns: columnsAt(PACE),
  headline: 'cpu',
  measure: async (context) => measureHttp(context, { path: '/words', lua, pace: PACE }),
}
