// A request body of 64 KiB with a length.
import type { Scenario } from '../scenario.ts'
import { COLUMNS, measureHttp } from './http.ts'

const lua = `wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/octet-stream'
wrk.body = string.rep('x', 65536)`

export const post64k: Scenario = {
  name: 'post-64k',
  title: 'POST of 64 KiB, 64 keep-alive connections',
  columns: COLUMNS,
  headline: 'cpu',
  measure: async (context) => measureHttp(context, { path: '/words', lua }),
}
