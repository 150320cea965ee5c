// Which paths are watched, by whom. ZooKeeper's watches are good for one event and live on one connection; this table knows
// them beyond it, so that they can be armed again.
import type { WatchEvent, WatchPaths } from './protocol.ts'

/** Bytes of paths in one message that arms watches again: a server closes the connection on a message over 1 MiB. */
const MAX_BATCH = 128 * 1024

/** What can be watched: data of a node, whether a node comes to exist, children of a node. */
export type WatchKind = keyof WatchPaths

/** Called once, with what happened; `lost` when the session is gone and the watch with it. */
export type Watcher = (what: WatchEvent['kind'] | 'lost') => void

/** Watches of one session. */
export interface Watches {
  add(kind: WatchKind, path: string, watcher: Watcher): void
  /** Forgets a watcher of a path. The watch at the server ends with its next event. */
  remove(path: string, watcher: Watcher): void
  fire(event: WatchEvent): void
  /** Tells every watcher that its watch is lost. */
  lose(): void
  /** All paths, in parts that fit a message. */
  batches(): readonly WatchPaths[]
}

const FIRES: Readonly<Record<WatchEvent['kind'], readonly WatchKind[]>> = {
  created: ['exist', 'data'],
  deleted: ['data', 'exist', 'child'],
  data: ['data', 'exist'],
  children: ['child'],
}

/** Makes an empty table. */
export function createWatches(): Watches {
  const table: Readonly<Record<WatchKind, Map<string, Set<Watcher>>>> = { data: new Map(), exist: new Map(), child: new Map() }
  const kinds: readonly WatchKind[] = ['data', 'exist', 'child']
  return {
    add(kind, path, watcher) {
      const watchers = table[kind].get(path)
      if (watchers === undefined) table[kind].set(path, new Set([watcher]))
      else watchers.add(watcher)
    },
    remove(path, watcher) {
      for (const kind of kinds) {
        const watchers = table[kind].get(path)
        if (watchers?.delete(watcher) === true && watchers.size === 0) table[kind].delete(path)
      }
    },
    fire({ kind, path }) {
      const told = new Set<Watcher>()
      for (const each of FIRES[kind]) {
        for (const watcher of table[each].get(path) ?? []) told.add(watcher)
        table[each].delete(path)
      }
      for (const watcher of told) watcher(kind)
    },
    lose() {
      const told = new Set(kinds.flatMap((kind) => [...table[kind].values()].flatMap((watchers) => [...watchers])))
      for (const kind of kinds) table[kind].clear()
      for (const watcher of told) watcher('lost')
    },
    batches: () => split(kinds.flatMap((kind) => [...table[kind].keys()].map((path) => ({ kind, path })))),
  }
}

function split(all: readonly { readonly kind: WatchKind; readonly path: string }[]): readonly WatchPaths[] {
  const batches: Record<WatchKind, string[]>[] = []
  let size = MAX_BATCH
  for (const { kind, path } of all) {
    // At most three bytes of UTF-8 a unit, and four of length.
    const bytes = path.length * 3 + 4
    if (size + bytes > MAX_BATCH) {
      batches.push({ data: [], exist: [], child: [] })
      size = 0
    }
    batches.at(-1)?.[kind].push(path)
    size += bytes
  }
  return batches
}
