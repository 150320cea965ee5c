// Some name servers give a few records of many, others each time (Consul gives three by UDP). Taken as they are, the
// endpoints would change at every question; here such answers are recognised and put together.
import type { SrvData } from './message.ts'

/** Answers remembered. */
const HISTORY = 100
/** Larger answers are no samples. */
const MAX_SAMPLE = 100
/** The chance that any record is missing from what is put together. */
const MISS = 0.001

/** What is known of how one name is answered. */
export interface Sample {
  /** True once an answer of the same size had other records: by TCP there is room for all of them. */
  readonly partial: boolean
  /** Takes an answer in and gives the records to use: these, or with those of the answers before when they are samples of a larger set. */
  take<T extends SrvData>(records: readonly T[]): readonly SrvData[]
  /** Lets go what earlier answers said, but for `partial`, which is about the server. */
  forget(): void
}

/** Starts with nothing known. */
export function createSample(): Sample {
  const history: ReadonlySet<string>[] = []
  const latest = new Map<string, SrvData>()
  const state = { partial: false, sampled: false }
  const forget = (): void => {
    history.length = 0
    latest.clear()
    state.sampled = false
  }
  return {
    forget,
    get partial() {
      return state.partial
    },
    take(records) {
      const keys = new Set(records.map(keyOf))
      if (keys.size > MAX_SAMPLE) {
        history.length = 0
        latest.clear()
        return records
      }
      const before = history.at(-1)
      const fresh = before !== undefined && before.size === keys.size ? [...keys].filter((key) => !before.has(key)) : []
      state.partial ||= fresh.length > 0
      // A rolling deployment brings new records too, but none that was gone.
      state.sampled ||= fresh.some((key) => history.some((answer) => answer.has(key)))
      history.push(keys)
      if (history.length > HISTORY) history.shift()
      for (const record of records) latest.set(keyOf(record), record)
      const all = union(history)
      for (const key of latest.keys()) if (!all.has(key)) latest.delete(key)
      if (!state.sampled) return records
      const used = union(history.slice(-answersNeeded(all.size, keys.size)))
      return [...latest].filter(([key]) => used.has(key)).map(([, record]) => record)
    },
  }
}

/** How many answers of `size` out of `all` records, drawn by chance, show every record but for a chance of one in a thousand. */
export function answersNeeded(all: number, size: number): number {
  if (size >= all) return 1
  return Math.min(HISTORY, Math.ceil(Math.log(all / MISS) / -Math.log(1 - size / all)))
}

function keyOf(record: SrvData): string {
  return `${record.target} ${record.port}`
}

function union(answers: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const all = new Set<string>()
  for (const answer of answers) for (const key of answer) all.add(key)
  return all
}
