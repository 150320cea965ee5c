// A Platform whose time stands still until the test moves it, whose chance is seeded, whose network is a function, and
// whose log can be read.
import type { FetchInit, LogLevel, Platform } from '../../src/model/platform.ts'

/** One line that was logged. */
interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** What the network answers. The signal of the request is honoured for it. */
type FetchScript = (url: string, init: FetchInit) => Response | Promise<Response>

export interface FakePlatform extends Platform {
  readonly lines: LogLine[]
  /** Replaces what `fetch` answers; before that it refuses every connection. */
  onFetch(script: FetchScript): void
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>
  /** Moves time on by `ms`, waking each sleeper at its time and letting it work before the next. */
  advance(ms: number): Promise<void>
}

/** Wall clock at which a fake platform starts, unless told otherwise: 2024-01-01T00:00:00Z. */
export const START = Date.UTC(2024, 0, 1)

export interface FakePlatformOptions {
  readonly seed?: number
  /** Wall clock at the start, milliseconds. */
  readonly start?: number
}

/** Makes a platform at monotonic time 0. */
export function fakePlatform(options: FakePlatformOptions = {}): FakePlatform {
  const clock = virtualClock()
  const start = options.start ?? START
  const lines: LogLine[] = []
  let script: FetchScript = refuse
  return {
    lines,
    now: clock.now,
    wallClock: () => start + clock.now(),
    random: seededRandom(options.seed ?? 1),
    sleep: clock.sleep,
    fetch: async (url, init = {}) => abortable(Promise.resolve().then(() => script(url, init)), init.signal ?? undefined),
    log: (level, message, fields = {}) => void lines.push({ level, message, fields }),
    onFetch: (next) => void (script = next),
    settle,
    advance: clock.advance,
  }
}

/** Mulberry32: uniform in [0, 1), the same sequence for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

function virtualClock(): Pick<FakePlatform, 'now' | 'sleep' | 'advance'> {
  let time = 0
  const sleepers = new Set<Sleeper>()
  // Sleepers of one moment wake in the order in which they went to sleep, which is the order of the set.
  const nextUntil = (end: number): Sleeper | undefined =>
    [...sleepers].filter((sleeper) => sleeper.at <= end).reduce<Sleeper | undefined>((first, sleeper) => (first === undefined || sleeper.at < first.at ? sleeper : first), undefined)
  return {
    now: () => time,
    sleep(ms, signal) {
      if (signal?.aborted === true) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const sleeper: Sleeper = { at: time + Math.max(0, ms), wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake)
      })
    },
    async advance(ms) {
      await settle()
      const end = time + ms
      for (let next = nextUntil(end); next !== undefined; next = nextUntil(end)) {
        time = next.at
        next.wake()
        await settle()
      }
      time = end
    },
  }
}

// Web streams settle over several turns of the event loop, so one is not enough; no turn waits for time.
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve))
}

function refuse(url: string): never {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error(`connect ECONNREFUSED ${new URL(url).host}`), { code: 'ECONNREFUSED' }) })
}

function abortable(answer: Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  if (signal === undefined) return answer
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    void answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
