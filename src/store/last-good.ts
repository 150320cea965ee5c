// The last good table: kept outside the store, so that a gateway that starts while its store is down still serves.
import { messageOf } from '../model/error.ts'
import { lifeWithin } from '../model/life.ts'
import type { TableConfig } from '../model/table-config.ts'
import type { Platform } from '../model/platform.ts'
import type { LastGoodStatus, ParseTable, RouteStore, SavedSource, StoreEvent } from '../model/store.ts'
import { readTable } from './read-table.ts'

/** A store has this long to answer at start before the last good table is used. Milliseconds. */
const START_BUDGET = 2000
/** Between two saves, milliseconds: a storm of versions wears no disk. */
const SAVE_GAP = 5000
/** After a save that failed, milliseconds. */
const RETRY_GAP = 30_000

/** What is kept: text instead of the table itself, since another version of this program may read it back. */
export interface LastGood extends SavedSource {
  /** Where it came from: `redis:v12`. */
  readonly origin: string
  /** Wall clock, milliseconds. */
  readonly savedAt: number
}

/** Where it is kept; on Node `src/node/store/disk.ts`. */
export interface LastGoodFile {
  /** Undefined when nothing was saved yet; fails with a message for people when it cannot be trusted. */
  load(): Promise<LastGood | undefined>
  save(last: LastGood): Promise<void>
}

interface LoadedTable {
  readonly table: TableConfig
  readonly last: LastGood
}

/** What came of reading it back: nothing when nothing was saved yet. */
export interface LastGoodLoad {
  readonly loaded?: LoadedTable
  /** Why the one on disk cannot be used, for people. */
  readonly fault?: string
}

/** Reads the last good table back. One that cannot be used is logged and counts as none. Never throws. */
export async function loadLastGood(file: LastGoodFile, parse: ParseTable, platform: Platform): Promise<LastGoodLoad> {
  try {
    const last = await file.load()
    if (last === undefined) return {}
    const read = readTable(last.text, parse)
    if ('table' in read) return { loaded: { table: read.table, last } }
    throw new Error(`it is no longer valid: ${read.problems.map(({ message }) => message).join('; ')}`)
  } catch (error) {
    const fault = messageOf(error)
    platform.log('error', 'the last good table on disk cannot be used', { error: fault })
    return { fault }
  }
}

/**
 * The same store, with `loaded` in force (origin `disk`) when it does not give a table within 2 s of its start, and each
 * table saved once the gateway says that it applied it.
 */
export function withLastGood(store: RouteStore, { loaded, fault }: LastGoodLoad, file: LastGoodFile, platform: Platform): RouteStore & Required<Pick<RouteStore, 'acknowledge'>> {
  let current: Extract<StoreEvent, { kind: 'table' }> | undefined
  const keeper = createKeeper(file, platform, { ...(loaded === undefined ? {} : { savedAt: loaded.last.savedAt }), ...(fault === undefined ? {} : { fault }) })
  const status = store.status?.bind(store)

  async function* watch(signal: AbortSignal): AsyncGenerator<StoreEvent> {
    const life = lifeWithin(signal)
    const events = store.watch(life.signal)[Symbol.asyncIterator]()
    let next = events.next()
    try {
      if (loaded !== undefined && !(await givesTable(next, platform, life.signal))) yield fromDisk(loaded, platform)
      for (let step = await next; step.done !== true; step = await next) {
        if (step.value.kind === 'table') current = step.value
        yield step.value
        next = events.next()
      }
    } finally {
      life.end()
      await events.return?.()
      await keeper.finish()
    }
  }

  return {
    watch,
    async acknowledge(origin, status, detail) {
      if (status === 'applied' && current?.origin === origin && current.saved !== undefined) keeper.keep({ ...current.saved, origin, savedAt: platform.wallClock() })
      await store.acknowledge?.(origin, status, detail)
    },
    ...(status === undefined ? {} : { status: () => ({ ...status(), lastGood: keeper.status() }) }),
  }
}

/** Whether the first thing that a store says in time is a table. */
async function givesTable(first: Promise<IteratorResult<StoreEvent>>, platform: Platform, signal: AbortSignal): Promise<boolean> {
  const nap = lifeWithin(signal)
  const step = await Promise.race([first, platform.sleep(START_BUDGET, nap.signal)])
  nap.end()
  return signal.aborted || (step !== undefined && step.done !== true && step.value.kind === 'table')
}

function fromDisk({ table, last }: LoadedTable, platform: Platform): StoreEvent {
  platform.log('warn', 'the store gives no table; serving the last good one from disk', { origin: last.origin, savedAt: last.savedAt, ageMs: platform.wallClock() - last.savedAt })
  return { kind: 'table', table, origin: 'disk' }
}

interface Keeper {
  keep(last: LastGood): void
  /** Saves what waits, and ends. */
  finish(): Promise<void>
  status(): LastGoodStatus
}

/** Saves the newest, one at a time, and tries again until it is saved. */
function createKeeper(file: LastGoodFile, platform: Platform, before: LastGoodStatus): Keeper {
  const stopped = new AbortController()
  let status = before
  let waiting: LastGood | undefined
  let work: Promise<void> | undefined

  async function run(): Promise<void> {
    while (waiting !== undefined) {
      const last = waiting
      waiting = undefined
      const fault = await save(last)
      status = fault === undefined ? { savedAt: last.savedAt } : { ...status, fault }
      // Somebody frees the disk, or gives the directory its rights back.
      if (fault !== undefined && !stopped.signal.aborted) waiting ??= last
      await platform.sleep(fault === undefined ? SAVE_GAP : RETRY_GAP, stopped.signal)
    }
    work = undefined
  }

  /** Why it cannot be saved, said once in the log; undefined when it is saved. */
  async function save(last: LastGood): Promise<string | undefined> {
    try {
      await file.save(last)
      return undefined
    } catch (error) {
      const fault = messageOf(error)
      if (fault !== status.fault) platform.log('error', 'the last good table cannot be saved; a restart while the store is down would start without it', { error: fault })
      return fault
    }
  }

  return {
    keep(last) {
      waiting = last
      work ??= run()
    },
    async finish() {
      stopped.abort()
      await work
    },
    status: () => status,
  }
}
