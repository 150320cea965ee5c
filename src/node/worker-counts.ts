// What a worker has counted: asked when somebody wants to know, once at a time. One that stands still has one question to answer when it
// goes on, however often it was asked for.
import type { Platform } from '../model/platform.ts'
import { emptyDump, type InstrumentsDump } from '../telemetry/dump.ts'

/** A worker that does not answer in this time is left out of a scrape, with what it said last; milliseconds. */
const ANSWER_MS = 1000

/** The counts of one worker. */
export class WorkerCounts {
  /** What it said last. */
  last: InstrumentsDump = emptyDump()
  private readonly ask: () => void
  private readonly platform: Platform
  /** Is aborted by the answer; undefined while no question is open. */
  private answered: AbortController | undefined

  /** `ask` sends the question. */
  constructor(ask: () => void, platform: Platform) {
    this.ask = ask
    this.platform = platform
  }

  /** What it has counted, or what it said last when it does not answer in time. */
  async get(): Promise<InstrumentsDump> {
    if (this.answered === undefined) {
      this.answered = new AbortController()
      this.ask()
    }
    await this.platform.sleep(ANSWER_MS, this.answered.signal)
    return this.last
  }

  /** Its answer is there. */
  take(dump: InstrumentsDump): void {
    this.last = dump
    this.answered?.abort()
    this.answered = undefined
  }
}
