// The access log: lines gather while a write is under way and leave together. Requests never wait for it; when the reader does
// not keep up, lines are dropped and counted.
import type { AccessRecord } from '../model/access.ts'
import type { Platform } from '../model/platform.ts'
import type { AccessFormat } from '../telemetry/access-format.ts'
import { LogWriter } from './access-log-writer.ts'
import { openLogTarget } from './log-target.ts'

export interface AccessLogOptions {
  readonly format: AccessFormat
  /** `stdout` or a path. */
  readonly to: string
  readonly platform: Platform
  /** Characters that may wait; lines beyond are dropped. Default 8 MiB. */
  readonly maxWaiting?: number
}

export interface AccessLog {
  /** Lines that were dropped so far. */
  readonly dropped: number
  /** Takes one line. Never blocks, never throws. */
  write(access: AccessRecord): void
  /** Opens the file anew before the next line (SIGHUP after a rotation; a moved file is also noticed without it). */
  reopen(): void
  /** Writes what waits, for at most `ms` milliseconds (default 2,000), and closes. */
  close(ms?: number): Promise<void>
}

const BATCH_CHARACTERS = 64 * 1024
const MAX_WAITING = 8 * 1024 * 1024
const GRACE_MS = 100

/** Opens the log. Rejects when it cannot be opened. */
export async function openAccessLog(options: AccessLogOptions): Promise<AccessLog> {
  let dropped = 0
  const { format, to, platform } = options
  const writer = new LogWriter(await openLogTarget(to), to, platform, (lines) => {
    dropped += lines
  })
  const maxWaiting = options.maxWaiting ?? MAX_WAITING
  let waiting = ''
  let scheduled = false
  let running: Promise<void> | undefined
  let closed = false

  const take = (): string => {
    const text = waiting
    waiting = ''
    return text
  }
  // While a write is under way the next batch gathers; it leaves when that write is done.
  const drain = async (): Promise<void> => {
    for (let text = take(); text !== ''; text = take()) await writer.write(Buffer.from(text))
    running = undefined
  }
  const flush = (): void => {
    scheduled = false
    if (waiting !== '') running ??= drain()
  }
  const within = async (ms: number, work: Promise<void> | undefined): Promise<void> => {
    const done = new AbortController()
    await Promise.race([work, platform.sleep(ms, done.signal)])
    done.abort()
  }

  return {
    get dropped() {
      return dropped
    },
    write(access) {
      if (closed || waiting.length > maxWaiting) {
        dropped++
        return
      }
      waiting += format.format(access)
      if (running !== undefined) return
      if (waiting.length >= BATCH_CHARACTERS) flush()
      else if (!scheduled) {
        scheduled = true
        setImmediate(flush)
      }
    },
    reopen: () => writer.reopen(),
    async close(ms = 2000) {
      closed = true
      flush()
      await within(ms, running)
      await writer.close()
      // What was under way ends now, and is counted when it did not get through.
      await within(GRACE_MS, running)
    },
  }
}
