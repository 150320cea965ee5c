// Whether a worker still does anything. One that hangs keeps its share of the new connections, since the system knows nothing of it;
// so it is asked now and then, and ended when it has answered nothing for long.
import type { Platform } from '../model/platform.ts'

/** Between two questions, milliseconds. */
const PERIOD = 5000
/** Periods without an answer after which a worker counts as silent, and after which it is ended: 10 and 60 seconds. */
const SILENT = 2
export const DEAD = 12

/** Questions to one worker, and how long it has answered none. */
export class Heartbeat {
  private readonly platform: Platform
  private readonly ask: () => void
  private readonly dead: number
  private isAsked = false
  /** Periods for which a question has been open. */
  private missed = 0

  /** `ask` sends the question. A worker is dead after `dead` periods without an answer. */
  constructor(platform: Platform, ask: () => void, dead: number) {
    this.platform = platform
    this.ask = ask
    this.dead = dead
  }

  get isSilent(): boolean {
    return this.missed >= SILENT
  }

  /** Its answer is there. */
  answered(): void {
    this.isAsked = false
    this.missed = 0
  }

  /** Asks until `signal` aborts. True when the worker is dead. Periods are counted rather than time, which goes on while this process or the whole machine sleeps. */
  async run(signal: AbortSignal): Promise<boolean> {
    while (this.missed < this.dead) {
      await this.platform.sleep(PERIOD, signal)
      if (signal.aborted) return false
      if (this.isAsked) this.missed++
      else {
        this.isAsked = true
        this.ask()
      }
    }
    return true
  }
}
