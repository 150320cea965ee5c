// Says each trouble once: a poll that finds the same trouble again is silent, and the first one that finds none says so.
import type { StoreEvent } from '../model/store.ts'

export interface Reporter {
  /** The event, or undefined when this very trouble (by key) was the last thing said. */
  trouble(key: string, event: StoreEvent): StoreEvent | undefined
  /** `confirmed` after trouble, else undefined. */
  fine(origin: string): StoreEvent | undefined
  /** A table was delivered, which says by itself that all is well. */
  delivered(): void
}

export function createReporter(): Reporter {
  let last = ''
  return {
    trouble(key, event) {
      if (key === last) return undefined
      last = key
      return event
    },
    fine(origin) {
      if (last === '') return undefined
      last = ''
      return { kind: 'confirmed', origin }
    },
    delivered() {
      last = ''
    },
  }
}
