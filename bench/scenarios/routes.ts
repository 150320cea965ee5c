// Tables of 10, 1,000 and 100,000 routes; the requests are spread over the whole table.
import { HOST, routePath } from '../peer.ts'
import type { Scenario } from '../scenario.ts'
import { COLUMNS, measureHttp } from './http.ts'

const SIZES = [10, 1000, 100_000]
/** Who keeps a big table in something better than a list. */
const PEERS = ['fairlead', 'nginx']

/** Up to 2,000 paths spread evenly over the table, each request made ahead so that the load generator costs the same for every size. */
function spread(size: number): string {
  const count = Math.min(size, 2000)
  const paths = Array.from({ length: count }, (_none, i) => `'${routePath(Math.floor((i * size) / count))}'`).join(',')
  return `local paths = {${paths}}
local made = {}
local at = 0
init = function() for i, path in ipairs(paths) do made[i] = wrk.format('GET', path, { Host = '${HOST}' }) end end
request = function() at = at % #made + 1; return made[at] end`
}

export const routes: Scenario = {
  name: 'routes',
  title: 'small GET with a table of 10, 1,000 and 100,000 routes',
  columns: COLUMNS,
  headline: 'cpu',
  contestants: (peers) => SIZES.flatMap((tableSize) => PEERS.filter((peer) => peers.includes(peer)).map((peer) => ({ label: `${peer}, ${tableSize}`, peer, tableSize }))),
  measure: async (context) => measureHttp(context, { path: '/', lua: spread(context.contestant.tableSize) }),
}
