// The access log writer: lines gather while a write is under way and leave together. Requests never wait for it; when the
// reader does not keep up, lines are dropped and counted.
import type { AccessRecord } from '../model/access.ts'
import { messageOf } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import type { AccessFormat } from '../telemetry/access-format.ts'
import { openLogTarget } from './log-target.ts'
import type { LogTarget } from './log-target.ts'

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
/** POSIX guarantees writes up to 512 bytes to stay whole in a pipe; Linux and macOS hold to these. */
const WHOLE_PIPE_WRITE = process.platform === 'linux' ? 4096 : 512
const RETRY_MS = 20
const GRACE_MS = 100
const ROTATION_CHECK_MS = 1000
/** One complaint about a disk that is full is enough for a while. */
const COMPLAIN_EVERY_MS = 60_000

/** Opens the log. Rejects when it cannot be opened. */
export async function openAccessLog(options: AccessLogOptions): Promise<AccessLog> {
  let dropped = 0
  const writer = createWriter(await openLogTarget(options.to), options, (lines) => {
    dropped += lines
  })
  const { format } = options
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
    await Promise.race([work, options.platform.sleep(ms, done.signal)])
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

interface Writer {
  write(bytes: Buffer): Promise<void>
  reopen(): void
  /** Stops trying, drops what is left, and closes. */
  close(): Promise<void>
}

function createWriter(target: LogTarget, options: AccessLogOptions, onDropped: (lines: number) => void): Writer {
  const { platform } = options
  const closing = new AbortController()
  let mustReopen = false
  let checkedAt = platform.now()
  let complainedAt = -Infinity
  const complain = (message: string, error: unknown): void => {
    if (platform.now() - complainedAt < COMPLAIN_EVERY_MS) return
    complainedAt = platform.now()
    platform.log('error', message, { to: options.to, error: messageOf(error) })
  }
  const followRotation = async (): Promise<void> => {
    if (!mustReopen && platform.now() - checkedAt < ROTATION_CHECK_MS) return
    const force = mustReopen
    mustReopen = false
    checkedAt = platform.now()
    await target.reopen(force).catch((error: unknown) => complain('the access log cannot be opened again; lines go on to the old file', error))
  }
  return {
    async write(bytes) {
      await followRotation()
      let at = 0
      try {
        while (at < bytes.length && !closing.signal.aborted) {
          const end = target.isShared ? endOfWholeLines(bytes, at) : bytes.length
          const written = await target.write(bytes.subarray(at, end))
          at += written
          if (written === 0) await platform.sleep(RETRY_MS, closing.signal)
        }
      } catch (error) {
        complain('the access log cannot be written; its lines are dropped', error)
      }
      if (at < bytes.length) onDropped(countLines(bytes.subarray(at)))
    },
    reopen: () => void (mustReopen = true),
    close() {
      closing.abort()
      return target.close().catch(() => undefined)
    },
  }
}

/** End of as many whole lines as fit into one write that other processes' writes cannot cut; of one line when that is longer. */
function endOfWholeLines(bytes: Buffer, start: number): number {
  const limit = start + WHOLE_PIPE_WRITE
  if (bytes.length <= limit) return bytes.length
  const last = bytes.lastIndexOf(10, limit - 1)
  if (last >= start) return last + 1
  const next = bytes.indexOf(10, limit)
  return next < 0 ? bytes.length : next + 1
}

function countLines(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  return lines
}
