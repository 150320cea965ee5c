// A route store that holds what a test gives it.
import type { Platform } from '../../src/model/platform.ts'
import type { TableConfig } from '../../src/model/table-config.ts'
import type { RouteStore, StoreEvent } from '../../src/model/store.ts'
import { createWake } from '../../src/store/wake.ts'

export interface MemoryStore extends RouteStore {
  /** Puts a table in force. Tables that nobody looked at in between are passed over. */
  set(table: TableConfig): void
  /** Reports something else: a rejected document, an outage, its end. */
  report(event: StoreEvent): void
  /** What the gateway said, oldest first. */
  readonly acknowledged: readonly { readonly origin: string; readonly status: 'applied' | 'rejected'; readonly detail: string }[]
  acknowledge(origin: string, status: 'applied' | 'rejected', detail: string): Promise<void>
}

/** Origins are `memory:1`, `memory:2` … One watch at a time. */
export function memoryStore(platform: Pick<Platform, 'sleep'>, initial?: TableConfig): MemoryStore {
  const wake = createWake(platform)
  const acknowledged: { origin: string; status: 'applied' | 'rejected'; detail: string }[] = []
  let number = 0
  let pending: StoreEvent[] = []

  function report(event: StoreEvent): void {
    if (event.kind === 'table') pending = pending.filter(({ kind }) => kind !== 'table')
    pending.push(event)
    wake.ring()
  }

  function set(table: TableConfig): void {
    number += 1
    report({ kind: 'table', table, origin: `memory:${number}` })
  }

  if (initial !== undefined) set(initial)
  return {
    acknowledged,
    set,
    report,
    async *watch(signal) {
      while (!signal.aborted) {
        const event = pending.shift()
        if (event !== undefined) yield event
        else await wake.wait(60_000, signal)
      }
    },
    async acknowledge(origin, status, detail) {
      acknowledged.push({ origin, status, detail })
    },
  }
}
