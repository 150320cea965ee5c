// Writes whole lines of the access log to where they go, whatever that does: a pipe that others write to, a file that is moved away, a
// disk that is full, a reader that stands still.
import { messageOf } from '../model/error.ts'
import type { Platform } from '../model/platform.ts'
import type { LogTarget } from './log-target.ts'

/** POSIX guarantees writes up to 512 bytes to stay whole in a pipe; Linux and macOS hold to these. */
const WHOLE_PIPE_WRITE = process.platform === 'linux' ? 4096 : 512
const RETRY_MS = 20
const ROTATION_CHECK_MS = 1000
/** One complaint about a disk that is full is enough for a while. */
const COMPLAIN_EVERY_MS = 60_000

/** The one writer of a log. */
export class LogWriter {
  private readonly target: LogTarget
  private readonly to: string
  private readonly platform: Platform
  private readonly onDropped: (lines: number) => void
  private readonly closing = new AbortController()
  private mustReopen = false
  private checkedAt: number
  private complainedAt = -Infinity

  /** `to` names the target in complaints; `onDropped` hears of lines that did not get through. */
  constructor(target: LogTarget, to: string, platform: Platform, onDropped: (lines: number) => void) {
    this.target = target
    this.to = to
    this.platform = platform
    this.onDropped = onDropped
    this.checkedAt = platform.now()
  }

  /** Writes whole lines, or drops what is left of them. Never rejects. One call at a time. */
  async write(bytes: Buffer): Promise<void> {
    await this.followRotation()
    let at = 0
    try {
      while (at < bytes.length && !this.closing.signal.aborted) {
        const end = this.target.isShared ? endOfWholeLines(bytes, at) : bytes.length
        const written = await this.target.write(bytes.subarray(at, end))
        at += written
        if (written === 0) await this.platform.sleep(RETRY_MS, this.closing.signal)
      }
    } catch (error) {
      this.complain('the access log cannot be written; its lines are dropped', error)
    }
    if (at < bytes.length) this.onDropped(countLines(bytes.subarray(at)))
  }

  /** Opens the file anew before the next write. */
  reopen(): void {
    this.mustReopen = true
  }

  /** Stops trying, drops what is left, and closes. */
  async close(): Promise<void> {
    this.closing.abort()
    await this.target.close().catch(() => undefined)
  }

  private async followRotation(): Promise<void> {
    const isForced = this.mustReopen
    if (!isForced && this.platform.now() - this.checkedAt < ROTATION_CHECK_MS) return
    this.mustReopen = false
    this.checkedAt = this.platform.now()
    await this.target.reopen(isForced).catch((error: unknown) => this.complain('the access log cannot be opened again; lines go on to the old file', error))
  }

  private complain(message: string, error: unknown): void {
    if (this.platform.now() - this.complainedAt < COMPLAIN_EVERY_MS) return
    this.complainedAt = this.platform.now()
    this.platform.log('error', message, { to: this.to, error: messageOf(error) })
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
