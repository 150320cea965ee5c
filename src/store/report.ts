// Says each trouble once: a poll that finds the same trouble again is silent, and the first one that finds none says so. Each look
// ends in one word here, so that it also knows how the store is.
import type { Platform } from '../model/platform.ts'
import type { StoreEvent, StoreMode, StoreStatus } from '../model/store.ts'

/** Problems of a refused table that the status names; the history has them all. */
const NAMED = 3

type Trouble = Extract<StoreEvent, { kind: 'rejected' | 'unavailable' }>

export interface Reporter {
  /** The event, or undefined when this very trouble (by key) was the last thing said. */
  trouble(key: string, mode: Exclude<StoreMode, 'live' | 'pending'>, event: Trouble): StoreEvent | undefined
  /** `confirmed` after trouble, else undefined. */
  fine(origin: string): StoreEvent | undefined
  /** A table was delivered, which says by itself that all is well. */
  delivered(): void
  status(): StoreStatus
}

/** `store` names it in the status. */
export function createReporter(store: string, { wallClock }: Pick<Platform, 'wallClock'>): Reporter {
  let last = ''
  let status: StoreStatus = { store, mode: 'pending', since: wallClock() }

  function note(mode: StoreMode, message?: string): void {
    const at = wallClock()
    status = {
      ...status,
      mode,
      since: mode === status.mode ? status.since : at,
      ...(mode === 'unreachable' ? {} : { lastSuccess: at }),
      ...(message === undefined ? {} : { lastError: { at, message } }),
    }
  }

  return {
    trouble(key, mode, event) {
      note(mode, wordsOf(event, store))
      if (key === last) return undefined
      last = key
      return event
    },
    fine(origin) {
      note('live')
      if (last === '') return undefined
      last = ''
      return { kind: 'confirmed', origin }
    },
    delivered() {
      note('live')
      last = ''
    },
    status: () => status,
  }
}

function wordsOf(event: Trouble, store: string): string {
  if (event.kind === 'unavailable') return event.message
  const errors = event.problems.filter(({ severity }) => severity === 'error')
  const named = errors.slice(0, NAMED).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const more = errors.length > NAMED ? [`and ${errors.length - NAMED} more`] : []
  return `${event.origin === store ? '' : `${event.origin}: `}${[...named, ...more].join('; ')}`
}
