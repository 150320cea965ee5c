// The contract of what remembers last good sets over a restart; src/node/set-memory.ts keeps them in a file.
import type { Endpoint } from '../src/model/endpoint.ts'

/** A set that was confirmed once. */
export interface RememberedSet {
  readonly endpoints: readonly Endpoint[]
  /** Wall clock of the last confirmation, milliseconds; it may move on while the set stays the same. */
  readonly at: number
}

/** Remembers sets by the key of their reference (`refKey`). Nothing here ever throws or rejects: a gateway without memory still works. */
export interface SetMemory {
  load(): Promise<ReadonlyMap<string, RememberedSet>>
  /** Remembers a set, or forgets it; written a little later. */
  save(key: string, set: RememberedSet | undefined): void
  /** Writes what was not written yet. */
  flush(): Promise<void>
}
