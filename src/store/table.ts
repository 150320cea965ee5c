// The store of one table that never changes, such as that of a configuration given to a program.
import { LONGEST_SLEEP, type Platform } from '../model/platform.ts'
import type { RouteStore } from '../model/store.ts'
import type { TableConfig } from '../model/table-config.ts'

/** A route store that gives this table, with origin `memory:1`. */
export function tableStore(platform: Pick<Platform, 'sleep'>, table: TableConfig): RouteStore {
  return {
    async *watch(signal) {
      if (!signal.aborted) yield { kind: 'table', table, origin: 'memory:1' }
      while (!signal.aborted) await platform.sleep(LONGEST_SLEEP, signal)
    },
  }
}
