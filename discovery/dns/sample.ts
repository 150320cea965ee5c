// Some name servers give a few records of many, others each time (Consul gives three by UDP). Taken as they are, the
// endpoints would change at every question; here such answers are recognised and put together.
import type { SrvData } from './message.ts'

/** Answers remembered. */
const HISTORY = 100
/** Larger answers are no samples. */
const MAX_SAMPLE = 100
/** The chance that any record is missing from what is put together. */
const MISS = 0.001

/** How far two times of expiry may be apart to be one, milliseconds: they are told in whole seconds, and answers take their time. */
const SAME_EXPIRY = 2000
/** A record that was missing and came back so often, within so many draws, is not always shown. Once, or now and then, and a deployment was rolled back. */
const COMEBACKS = 2
const WITHIN = 20

/** What is known of how one name is answered. */
export interface Sample {
  /** True once an answer of the same size had other records: by TCP there is room for all of them. */
  readonly partial: boolean
  /**
   * Takes an answer in that came at `now` (monotonic milliseconds) and holds for `ttl` seconds. Gives the records to use: these, or with those of the
   * answers before when they are samples of a larger set.
   */
  take<T extends SrvData>(records: readonly T[], ttl: number, now: number): readonly SrvData[]
  /** Lets go what earlier answers said, but for `partial`, which is about the server. */
  forget(): void
}

/** An answer that was drawn anew, not a copy of one that was heard before. */
interface Draw {
  readonly keys: ReadonlySet<string>
  /** When caches let go of it, monotonic milliseconds. */
  readonly until: number
}

/** Starts with nothing known. */
export function createSample(): Sample {
  const draws: Draw[] = []
  const latest = new Map<string, SrvData>()
  const state = { partial: false, sampled: false }
  const forget = (): void => {
    draws.length = 0
    latest.clear()
    state.sampled = false
  }
  const add = (draw: Draw): void => {
    const before = draws.at(-1)?.keys
    const fresh = before !== undefined && before.size === draw.keys.size ? [...draw.keys].filter((key) => !before.has(key)) : []
    state.partial ||= fresh.length > 0
    draws.push(draw)
    if (draws.length > HISTORY) draws.shift()
    state.sampled ||= fresh.some((key) => comebacks(draws.slice(-WITHIN), key) >= COMEBACKS)
  }
  return {
    forget,
    get partial() {
      return state.partial
    },
    take(records, ttl, now) {
      const keys = new Set(records.map(keyOf))
      if (keys.size > MAX_SAMPLE) {
        forget()
        return records
      }
      const draw = { keys, until: now + ttl * 1000 }
      if (!draws.some((earlier) => isCopy(draw, earlier, now))) add(draw)
      for (const record of records) latest.set(keyOf(record), record)
      const all = union(draws)
      for (const key of latest.keys()) if (!all.has(key)) latest.delete(key)
      if (!state.sampled) return records
      const needed = answersNeeded(all.size, keys.size)
      const used = union([...draws.slice(-needed), draw])
      const listed = [...latest].filter(([key]) => used.has(key)).map(([, record]) => record)
      // As many draws as would have shown every record were all the same: what there is now is shown whole.
      if (used.size === keys.size && draws.length >= needed) {
        forget()
        add(draw)
        for (const record of records) latest.set(keyOf(record), record)
      }
      return listed
    },
  }
}

function comebacks(draws: readonly Draw[], key: string): number {
  const first = draws.findIndex(({ keys }) => keys.has(key))
  return draws.filter(({ keys }, index) => index > first && keys.has(key) && draws[index - 1]?.keys.has(key) === false).length
}

// Caches tell the time that is left, so a copy expires when its original does, however often and at whichever server it is asked for.
function isCopy({ keys, until }: Draw, earlier: Draw, now: number): boolean {
  return now < earlier.until && Math.abs(until - earlier.until) <= SAME_EXPIRY && keys.size === earlier.keys.size && [...keys].every((key) => earlier.keys.has(key))
}

/** How many answers of `size` out of `all` records, drawn by chance, show every record but for a chance of one in a thousand. */
export function answersNeeded(all: number, size: number): number {
  if (size >= all) return 1
  return Math.min(HISTORY, Math.ceil(Math.log(all / MISS) / -Math.log(1 - size / all)))
}

function keyOf(record: SrvData): string {
  return `${record.target} ${record.port}`
}

function union(draws: readonly Draw[]): ReadonlySet<string> {
  const all = new Set<string>()
  for (const { keys } of draws) for (const key of keys) all.add(key)
  return all
}
