// The headline: a GET whose answer has 47 bytes.
import type { Scenario } from '../scenario.ts'
import { columnsAt, measureHttp } from './http.ts'

/** Requests a second at which latencies are compared: about half of what the slower one of the proxies written in C manages. */
const PACE = 10_000

export const smallGet: Scenario = {
  name: 'small-get',
  title: 'small GET, 47-byte answer, 64 keep-alive connections',
  columns: columnsAt(PACE),
  headline: 'cpu',
  measure: async (context) => measureHttp(context, { path: '/words/one?lang=en', pace: PACE }),
}
