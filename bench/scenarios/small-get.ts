// The headline: a GET whose answer has 47 bytes.
import type { Scenario } from '../scenario.ts'
import { COLUMNS, measureHttp } from './http.ts'

export const smallGet: Scenario = {
  name: 'small-get',
  title: 'small GET, 47-byte answer, 64 keep-alive connections',
  columns: COLUMNS,
  headline: 'cpu',
  measure: async (context) => measureHttp(context, { path: '/words/one?lang=en' }),
}
