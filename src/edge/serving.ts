// What an isolate serves with: the table of its environment, compiled once, and the pipeline around it.
import type { AccessRecord } from '../model/access.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Platform } from '../model/platform.ts'
import { Budgets } from '../proxy/budgets.ts'
import { createEndpointBook } from '../proxy/endpoints.ts'
import type { Gateway } from '../proxy/gateway.ts'
import { createLiveExplain } from '../proxy/signed-explain.ts'
import { Snapshots } from '../proxy/snapshots.ts'
import { compileTable } from '../route/compile.ts'
import { tableHash } from '../store/table-hash.ts'
import { FetchTransport } from './transport.ts'

/** Variables and secrets of the worker. */
export interface EdgeEnv {
  /** The table in normal form, as a JSON variable or as its text. `npm run edge` and `fairlead/edge` make it from a file. */
  readonly FAIRLEAD_TABLE?: TableConfig | string
  /** Name under which requests arrive, for `match.listener`. Default `edge`. */
  readonly FAIRLEAD_LISTENER?: string
  /** Opens POST /.fairlead/explain to those who send it as a bearer token. */
  readonly FAIRLEAD_TOKEN?: string
  /** Secret of signed requests for live explanations. */
  readonly FAIRLEAD_EXPLAIN_SECRET?: string
}

export interface EdgeServing {
  readonly gateway: Gateway
  /** Name under which requests arrive, then the others that the table knows: explain may ask about those. */
  readonly listeners: readonly [string, ...string[]]
}

/** Compiles the table. Rejects when there is none, or with a TableError when it does not compile. */
export async function openServing(table: TableConfig | string | undefined, env: EdgeEnv, platform: Platform, record: (access: AccessRecord) => void): Promise<EdgeServing> {
  if (table === undefined) throw new Error('no table: give the worker a variable FAIRLEAD_TABLE, or createEdge a table')
  const config = typeof table === 'string' ? (JSON.parse(table) as TableConfig) : table
  const revision = { number: 1, hash: await tableHash(config), origin: 'edge', at: platform.wallClock() }
  const snapshots = new Snapshots(createEndpointBook(platform), () => undefined)
  snapshots.useTable(compileTable(config), revision)
  const secret = env.FAIRLEAD_EXPLAIN_SECRET ?? ''
  return {
    listeners: [env.FAIRLEAD_LISTENER ?? 'edge', ...new Set(config.routes.flatMap(({ match }) => match.flatMap(({ listener }) => listener ?? [])))],
    gateway: {
      platform,
      transport: new FetchTransport(platform),
      snapshot: snapshots.current,
      budgets: new Budgets(),
      ...(secret === '' ? {} : { explain: createLiveExplain(secret, platform) }),
      record,
    },
  }
}
